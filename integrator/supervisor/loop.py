"""Keeps programs running: starts them in order, restarts what crashes, stops in reverse order.

One thread and one loop, so that starting a process never meets another thread's lock.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from integrator.supervisor.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrator.supervisor.child import Program

TICK = 0.1
MAX_TURN = 5.0
"""Seconds without a turn of ours after which the machine has slept, or was too busy for us: what
the programs did meanwhile cannot be known."""
Stage = Sequence["Program"]


class StartFailedError(Exception):
    """A program could not be brought up; the message says which and what it said."""


class Supervisor:
    """Runs the programs of all stages; those of one stage start, and stop, together."""

    def __init__(self, stages: Sequence[Stage], on_ready: Callable[[], None]) -> None:
        self._stages = [[Child(program) for program in stage] for stage in stages]
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._last_turn = time.monotonic()
        self._asked = 0  # how often somebody asked us to stop

    def run(self) -> int:
        """Start everything, keep it running, stop it when asked to. Returns the exit status."""
        with self._signals():
            try:
                for stage in self._stages:
                    self._start(stage)
                if not self._asked:
                    self._on_ready()
                while not self._asked:
                    self._run_once()
            except StartFailedError as error:
                self._print("up", str(error))
                return 1
            finally:
                for stage in reversed(self._stages):
                    self._stop(stage)
        return 0

    def _start(self, stage: list[Child]) -> None:
        """Start a stage and wait until each of it is ready; gives up early when asked to stop."""
        for child in stage:
            self._spawn(child)
        looked = float("-inf")
        while not self._asked and not all(child.is_ready for child in stage):
            self._run_once()
            # A child's output ends a turn early; asking it then again at once would only make
            # it say more.
            if time.monotonic() - looked >= TICK:
                looked = time.monotonic()
                for child in stage:
                    self._check_ready(child)

    def _check_ready(self, child: Child) -> None:
        """Set `is_ready` of a child that can be used. Raises StartFailedError after its limit."""
        program = child.program
        if child.is_ready or not child.running or program.once:
            return
        if program.ready is None or program.ready():
            child.is_ready = True
        elif time.monotonic() - child.began > program.ready_limit:
            raise StartFailedError(
                f"{program.name} is not ready after {program.ready_limit:.0f} s: stopping"
            )

    def _run_once(self) -> None:
        """Forward output, collect what has ended, restart what is due."""
        for key, _ in self._selector.select(TICK):
            if isinstance(key.data, Child):
                self._read(key.data, key.fd)
            else:
                os.read(key.fd, 64)  # the byte by which a signal woke us
        now = time.monotonic()
        still, self._last_turn = now - self._last_turn, now
        for stage in self._stages:
            for child in stage:
                if still > MAX_TURN:
                    child.last_sign = max(child.last_sign, now)
                self._collect_or_restart(child)
                self._end_if_frozen(child)

    def _collect_or_restart(self, child: Child) -> None:
        """Collect a child that has ended, or start one whose pause is over.

        Raises StartFailedError for one that has ended before it was ready.
        """
        if not child.running:
            if child.next_start and time.monotonic() >= child.next_start and not self._asked:
                self._spawn(child)
                child.is_ready = True  # the stages after it are up: nobody waits for it
            return
        status = self._collect(child)
        if status is None or self._asked:
            return
        name = child.program.name
        while child.last_lines:
            self._print(name, child.last_lines.popleft())
        if child.program.once and status == 0:
            child.is_ready = True
        elif not child.is_ready:
            raise StartFailedError(f"{name} ended with {_status_text(status)} instead of starting")
        else:
            pause = child.pause_before_restart()
            self._print(
                "up", f"{name} ended with {_status_text(status)}; starts again in {pause:.0f} s"
            )

    def _end_if_frozen(self, child: Child) -> None:
        """End a child that is there but has given no sign of life for too long.

        It is asked first; one that does not end then is killed. `_collect_or_restart` starts it
        anew. What it had claimed is free again when its leases run out.
        """
        limit, silence = child.program.silence_limit, child.silence()
        if limit is None or silence <= limit or self._asked:
            return
        name, patience = child.program.name, child.program.stop_limit
        if not child.ended_at:
            self._print(
                "up", f"{name} has given no sign of life for {silence:.0f} s: telling it to end"
            )
            child.end_frozen()
        elif time.monotonic() - child.ended_at > patience:
            self._print("up", f"{name} did not end within {patience:.0f} s: killing it")
            child.signal(signal.SIGKILL)
            child.ended_at = time.monotonic()

    def _stop(self, stage: list[Child]) -> None:
        """End a stage: ask, wait, kill. Being asked to stop a second time ends the waiting."""
        for child in stage:
            child.ask_to_end()
        limit = time.monotonic() + max(child.program.stop_limit for child in stage)
        asked = self._asked
        while any(child.running for child in stage):
            if time.monotonic() > limit or self._asked > max(asked, 1):
                for child in stage:
                    child.signal(signal.SIGKILL)
            for key, _ in self._selector.select(TICK):
                if isinstance(key.data, Child):
                    self._read(key.data, key.fd)
            for child in stage:
                self._collect(child)

    def _spawn(self, child: Child) -> None:
        child.next_start = 0.0
        try:
            descriptor = child.start()
        except OSError as error:
            raise StartFailedError(f"{child.program.name} cannot be started: {error}") from error
        self._selector.register(descriptor, selectors.EVENT_READ, child)
        if child.signs >= 0:
            self._selector.register(child.signs, selectors.EVENT_READ, child)

    def _read(self, child: Child, descriptor: int) -> None:
        """Read what a child has written: a sign of life, or output to forward."""
        if descriptor != child.signs:
            self._forward_output(child)
        elif not child.read_signs():
            self._selector.unregister(descriptor)

    def _collect(self, child: Child) -> int | None:
        """The exit status of a child that has ended, its last words passed on; else None."""
        if child.process is None or child.process.poll() is None:
            return None
        self._selector.unregister(child.output)
        if child.signs >= 0 and child.signs in self._selector.get_map():
            self._selector.unregister(child.signs)
        self._forward_output(child, last=True)
        return child.collect()

    def _forward_output(self, child: Child, *, last: bool = False) -> None:
        for line in child.lines(all_of_it=last):
            if child.program.quiet:
                child.last_lines.append(line)
            else:
                self._print(child.program.name, line)

    def _print(self, name: str, line: str) -> None:
        with suppress(OSError):  # whoever read us has gone; what we run has not
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name:<9} {line}\n")
            sys.stdout.flush()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let SIGTERM, SIGINT and SIGHUP ask for the end, and every signal wake the loop."""

        def ask(_number: int, _frame: object) -> None:
            self._asked += 1

        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(reading, selectors.EVENT_READ)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, ask) for number in numbers}
        woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            os.close(reading)
            os.close(writing)


def _status_text(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
