"""What processes use: CPU seconds and memory, by their ids."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import psutil

MB = 1024 * 1024


def cpu(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds that these processes have used so far, in user and kernel mode."""
    total = 0.0
    for process in processes:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def memory(processes: Iterable[psutil.Process]) -> float:
    """The memory of these processes in MB, each shared page counted once over all who share it."""
    return float(sum(process.memory_full_info().pss for process in processes)) / MB


def pause(seconds: float) -> None:
    """Let other programs get on before the next look."""
    threading.Event().wait(seconds)


@contextmanager
def every(seconds: float, look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` every so many seconds in a thread of its own while the block runs.

    What it raises is raised at the end of the block.
    """
    over = threading.Event()
    raised: list[Exception] = []

    def watch() -> None:
        try:
            while not over.wait(seconds):
                look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the block's thread raises it
            raised.append(error)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if raised:
        raise raised[0]
