"""Reads of single rows that several threads want at the same time, made as one call.

While one is under way, those who come meanwhile wait for the next one: what each of them is given
was read after it had asked.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

V = TypeVar("V")


class BatchedReads(Generic[V]):
    """Reads rows by their ids, many at a time where many are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._wanted: set[int] = set()
        self._next: Future[Mapping[int, V]] | None = None

    def get(self, key: int, fetch: Callable[[Collection[int]], Mapping[int, V]]) -> V | None:
        """The row with this id; None: it is not there.

        ``fetch`` reads rows by ids, and is called with those that others want as well; with
        ``WORKER_THREADS=1`` each reads its own. Raises what it raised for whoever made the call.
        """
        if settings.WORKER_THREADS == 1:
            return fetch({key}).get(key)
        with self._lock:
            self._wanted.add(key)
            leads, found = self._next is None, self._next or Future()
            self._next = found
        if leads:
            self._read(found, fetch)
        return found.result().get(key)

    def _read(
        self,
        found: Future[Mapping[int, V]],
        fetch: Callable[[Collection[int]], Mapping[int, V]],
    ) -> None:
        """Make the call for all who have asked until it begins."""
        with self._reading:
            with self._lock:
                wanted, self._wanted, self._next = self._wanted, set(), None
            try:
                found.set_result(fetch(wanted))
            except BaseException as error:  # noqa: BLE001 - raised for each of them by its result
                found.set_exception(error)
