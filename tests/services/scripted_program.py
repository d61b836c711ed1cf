"""A program that behaves as its arguments say; the supervisor's tests run it.

`notes` in the current folder gets a line for what happens, `NAME.up` appears when it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from integrator.supervisor import liveness


def note(text: str) -> None:
    with Path("notes").open("a", encoding="ascii") as file:
        file.write(f"{text}\n")


def freeze(how: str) -> None:
    """Be there, and do nothing: the kernel lets us not, or a thread holds the interpreter."""
    if how == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        threading.Thread(target=hold, daemon=True).start()


def hold() -> None:
    """Hold the interpreter, as one of many threads: the main one hears no signal then."""
    re.match(r"(?:a+)+b", "a" * 64)  # would take longer than the sun lasts


def main() -> NoReturn:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--say", default="")
    parser.add_argument("--exit", type=int, help="end with this status")
    parser.add_argument("--after", type=float, default=0.0, help="seconds until then")
    parser.add_argument("--stubborn", action="store_true", help="does not heed SIGTERM")
    parser.add_argument("--fork", action="store_true", help="there are two of it")
    parser.add_argument("--pid", action="store_true", help="notes its process id")
    parser.add_argument("--alive", action="store_true", help="gives signs of life")
    parser.add_argument("--freeze", choices=("stopped", "holding"), help="once, when it first runs")
    given = parser.parse_args()

    def end(_number: int, _frame: object) -> None:
        note(f"{given.name}-ends")
        sys.exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if given.stubborn else end)
    if given.fork:
        os.fork()
    note(str(os.getpid()) if given.pid else f"{given.name}-begins")
    sys.stdout.write(given.say)
    sys.stdout.flush()
    Path(f"{given.name}.up").touch()
    if given.alive:
        liveness.start()
    if given.freeze and not Path(f"{given.name}.froze").exists():
        Path(f"{given.name}.froze").touch()
        threading.Event().wait(0.5)  # some signs of life first
        freeze(given.freeze)
    if given.exit is not None:
        threading.Event().wait(given.after)
        sys.exit(given.exit)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
