"""A program that behaves as its arguments say; the supervisor's tests run it.

`notes` in the current folder gets a line for what happens, `NAME.up` appears when it runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn


def note(text: str) -> None:
    with Path("notes").open("a", encoding="ascii") as file:
        file.write(f"{text}\n")


def main() -> NoReturn:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--say", default="")
    parser.add_argument("--exit", type=int, help="end with this status")
    parser.add_argument("--after", type=float, default=0.0, help="seconds until then")
    parser.add_argument("--stubborn", action="store_true", help="does not heed SIGTERM")
    parser.add_argument("--fork", action="store_true", help="there are two of it")
    parser.add_argument("--pid", action="store_true", help="notes its process id")
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
    if given.exit is not None:
        threading.Event().wait(given.after)
        sys.exit(given.exit)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
