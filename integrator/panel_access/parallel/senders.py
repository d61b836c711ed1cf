"""The threads from which calls that may go side by side are sent.

Nothing but the call itself is done in them: what it led to is dealt with by the thread that asked.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from django.conf import settings
from django.db import connections

from integrator.panel_access.parallel import urgency

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

MAX_BESIDE = 32
"""So many calls are made beside one at the most."""

_pools: dict[int, ThreadPoolExecutor] = {}
"""By the `urgency` of calls, since those that go first must not wait for threads of others."""
_pool_lock = threading.Lock()


def submit(call: Callable[[], T]) -> Future[T]:
    """Have a call made, in the present context; with ``WORKER_THREADS=1`` it is made at once.

    What it raises is the future's; what ends the process goes on as it is.
    """
    context = copy_context()
    if settings.WORKER_THREADS == 1:
        return _at_once(lambda: context.run(call))
    return _threads().submit(_make, lambda: context.run(call))


@overload
def together(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...


@overload
def together(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...


@overload
def together(*calls: Callable[[], T]) -> tuple[T, ...]: ...


def together(*calls: Callable[[], Any]) -> tuple[Any, ...]:
    """Make calls that change nothing side by side; their results in this order.

    Each of them may have further ones made together, so that they have threads of their own. With
    ``WORKER_THREADS=1`` they are made one after the other. Raises what the first of them in this
    order raised, when all are through.
    """
    if settings.WORKER_THREADS == 1 or len(calls) <= 1:
        return tuple(call() for call in calls)
    beside = min(len(calls) - 1, MAX_BESIDE)
    with ThreadPoolExecutor(beside, thread_name_prefix="reader") as threads:
        others = [threads.submit(_make, partial(copy_context().run, call)) for call in calls[1:]]
        first = calls[0]()
    return (first, *(one.result() for one in others))


def _at_once(call: Callable[[], T]) -> Future[T]:
    made: Future[T] = Future()
    try:
        made.set_result(call())
    except Exception as error:  # noqa: BLE001 - given to whoever asks for the result
        made.set_exception(error)
    return made


def _make(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        # A connection that the call had to open, to read a limit or a name, is not kept for each.
        for one in connections.all(initialized_only=True):
            one.close()


def _threads() -> ThreadPoolExecutor:
    phase = urgency.rank().phase
    with _pool_lock:
        # Threads begin with the first call, in the process that makes it.
        if phase not in _pools:
            threads = ThreadPoolExecutor(settings.WORKER_THREADS, thread_name_prefix="sender")
            _pools[phase] = threads
        return _pools[phase]
