"""Django's SQLite backend, whose writers take turns (`write_turn`).

A transaction takes the turn when it begins, since it takes SQLite's write lock then (IMMEDIATE),
and hands it on at its end; a statement that writes outside of one takes it for itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from integrator.core.sqlite3 import write_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrator.core.sqlite3.write_turn import WriteTurn

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite that waits for its turn to write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: WriteTurn | None = None
        self.execute_wrappers.append(self._in_turn)

    def set_autocommit(
        self,
        autocommit: bool,  # noqa: FBT001 - Django's signature
        force_begin_transaction_with_broken_autocommit: bool = False,  # noqa: FBT001, FBT002 - the same
    ) -> None:
        """Take the turn for a transaction that begins, hand it on at its end."""
        begin = force_begin_transaction_with_broken_autocommit
        if autocommit or not begin:
            try:
                super().set_autocommit(autocommit, begin)
            finally:
                if autocommit:
                    self._hand_on()
            return
        self._take()
        try:
            super().set_autocommit(autocommit, begin)
        except BaseException:
            self._hand_on()
            raise

    def close(self) -> None:
        """Close the connection; what it had begun is over."""
        try:
            super().close()
        finally:
            if self._turn is not None:
                self._turn.close()
                self._turn = None  # a test's next connection is to another file

    def _take(self) -> None:
        """Raises OperationalError when it does not come about in the time that SQLite has too."""
        if self._turn is None:
            self._turn = write_turn.of_database(self.settings_dict["NAME"])
        timeout = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        if self._turn is not None and not self._turn.take(timeout):
            raise OperationalError("database is locked: its writers did not come to an end")

    def _hand_on(self) -> None:
        if self._turn is not None:
            self._turn.give_back()

    def _in_turn(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        if self.in_atomic_block or (self._turn is not None and self._turn.is_ours):
            return execute(sql, params, many, context)
        if not sql.lstrip()[:7].upper().startswith(_WRITES):
            return execute(sql, params, many, context)
        with self._for_one():
            return execute(sql, params, many, context)

    @contextmanager
    def _for_one(self) -> Iterator[None]:
        self._take()
        try:
            yield
        finally:
            self._hand_on()
