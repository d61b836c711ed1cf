"""Looks into an installation's database from outside, without Django."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Sequence


class Rows:
    """Reads rows of a SQLite file or a PostgreSQL database; connects when first asked."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._held: Any = None

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that this statement finds; ``?`` stands for a value."""
        if self._held is None:
            self._held = self._connected()
        if self._is_file:
            return list(self._held.execute(sql, values).fetchall())
        return list(self._held.execute(sql.replace("?", "%s"), values).fetchall())

    def write(self, sql: str, *values: Any) -> None:
        """Run a statement that changes something, on a connection of its own."""
        self.write_many(sql, [values])

    def write_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement that changes something once for each of these rows of values."""
        if self._is_file:
            with sqlite3.connect(self._path, timeout=20) as held:
                held.executemany(sql, rows)
            held.close()
        else:
            with psycopg.connect(self._url) as server, server.cursor() as cursor:
                cursor.executemany(sql.replace("?", "%s").encode(), rows)

    def close(self) -> None:
        """Let go of the database."""
        if self._held is not None:
            self._held.close()
            self._held = None

    @property
    def _is_file(self) -> bool:
        return self._url.startswith("sqlite:///")

    @property
    def _path(self) -> str:
        return self._url.removeprefix("sqlite:///")

    def _connected(self) -> Any:
        if self._is_file:
            uri = f"file:{self._path}?mode=ro"
            return sqlite3.connect(uri, uri=True, check_same_thread=False)
        return psycopg.connect(self._url, autocommit=True)


def seconds(value: Any) -> float:
    """A moment as the database gives it, as seconds since the epoch."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
