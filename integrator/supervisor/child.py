"""One program and the process that runs it at the moment."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from integrator.supervisor.liveness import PIPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)  # before any fork: the child must not load libraries

MAX_RESTART_PAUSE = 30.0
"""Seconds."""
STEADY_AFTER = 30.0  # a process that ran this long has not crashed for the reason it had before
MAX_LINE = 64 * 1024
"""Bytes; a longer line of output is cut."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run. Spans are seconds.

    `ready` tells whether it can be used; None: as soon as it runs. A `once` program has to end
    by itself with 0, and is not started again. What a `quiet` one prints is shown only when it has
    failed. One that has given no sign of life (see `liveness`) for `silence_limit` is frozen: it is
    ended and started anew; None: it gives none. `dump_signal` makes it print where its threads
    stand, None: it cannot. `orphan_signal` is what the kernel sends it when the supervisor itself
    is killed.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready: Callable[[], bool] | None = None
    ready_limit: float = 30.0
    stop_limit: float = 5.0
    once: bool = False
    quiet: bool = False
    silence_limit: float | None = None
    dump_signal: int | None = None
    orphan_signal: signal.Signals = signal.SIGTERM


class Child:
    """Starts, watches and ends the process of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.is_ready = False
        self.began = 0.0
        self.next_start = 0.0
        self.last_sign = 0.0  # when it last gave a sign of life
        self.signs = -1  # the descriptor on which it does; -1: none
        self.ended_at = 0.0  # when it was told to end, being frozen; 0: it was not
        self.last_lines: deque[str] = deque(maxlen=20)  # of a quiet one
        self._crashes = 0
        self._rest = b""

    @property
    def running(self) -> bool:
        """Whether a process was started and has not been collected."""
        return self.process is not None

    def start(self) -> int:
        """Start the process; returns the file descriptor its output comes from."""
        shown: tuple[int, ...] = ()
        environ = {**os.environ, **self.program.environ}
        environ.pop(PIPE, None)
        if self.program.silence_limit is not None:
            self.signs, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            shown, environ[PIPE] = (writing,), str(writing)
        try:
            self._open(environ, shown)
        finally:
            for descriptor in shown:
                os.close(descriptor)
        self.began = time.monotonic()
        # Until it gives its first sign it has as long again.
        self.last_sign = self.began + (self.program.silence_limit or 0.0)
        self.ended_at = 0.0
        self.is_ready = False
        return self.output

    def _open(self, environ: Mapping[str, str], shown: tuple[int, ...]) -> None:
        self.process = subprocess.Popen(
            self.program.command,
            env=environ,
            pass_fds=shown,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its own group, which Ctrl-C in the terminal does not reach
            # Safe: the supervisor has one thread, so no lock can be left held in the child.
            preexec_fn=partial(_die_with_parent, os.getpid(), int(self.program.orphan_signal)),  # noqa: PLW1509 - see above
        )

    @property
    def output(self) -> int:
        """The file descriptor of the process's output; it must be running."""
        if self.process is None or self.process.stdout is None:
            raise RuntimeError(f"{self.program.name} is not running")
        descriptor = self.process.stdout.fileno()
        os.set_blocking(descriptor, False)
        return descriptor

    def read_signs(self) -> bool:
        """Read the signs of life that have come; False when no more can come."""
        try:
            came = os.read(self.signs, 4096)
        except BlockingIOError:
            return True
        if came:
            self.last_sign = time.monotonic()
        return bool(came)

    def silence(self) -> float:
        """Seconds since its last sign of life; 0.0 for one that gives none."""
        if self.process is None or self.program.silence_limit is None:
            return 0.0
        return time.monotonic() - self.last_sign

    def lines(self, *, all_of_it: bool = False) -> Iterator[str]:
        """Read what the process has printed; with `all_of_it` also a last line without an end."""
        while True:
            try:
                chunk = os.read(self.output, MAX_LINE)
            except BlockingIOError:
                break
            if not chunk:
                break
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")
            if len(self._rest) >= MAX_LINE:
                all_of_it = True
                break
        if all_of_it and self._rest:
            yield self._rest.decode(errors="replace")
            self._rest = b""

    def collect(self) -> int | None:
        """The exit status of a process that has ended, whose group is ended with it; else None."""
        if self.process is None or self.process.poll() is None:
            return None
        self.signal(signal.SIGKILL)  # what it may have left behind
        status = self.process.returncode
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self.signs >= 0:
            os.close(self.signs)
            self.signs = -1
        self.process = None
        return status

    def pause_before_restart(self) -> float:
        """Seconds to wait after a crash: short at first, longer for each that follows quickly."""
        steady = time.monotonic() - self.began >= STEADY_AFTER
        self._crashes = 0 if steady else self._crashes + 1
        pause = min(MAX_RESTART_PAUSE, 0.5 * 2.0**self._crashes)
        self.next_start = time.monotonic() + pause
        return pause

    def end_frozen(self) -> None:
        """Make a frozen process print where its threads stand, if it can, and ask it to end."""
        self.ended_at = time.monotonic()
        if self.process is not None and self.program.dump_signal is not None:
            self.process.send_signal(self.program.dump_signal)
        self.ask_to_end()

    def ask_to_end(self) -> None:
        """Tell the process, and not its group, to end: a leader ends its own in order."""
        if self.process is not None:
            self.process.terminate()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return  # everyone of it has ended


def _die_with_parent(parent: int, number: int) -> None:
    """Run in the new process before its program: ask the kernel for a signal when `up` dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
