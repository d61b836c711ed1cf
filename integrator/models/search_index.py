"""The index for finding a word anywhere in names of accounts and clients.

SQLite: a table of trigrams beside each of the two (FTS5), kept in step by triggers, whoever writes.
PostgreSQL: trigram indexes (``pg_trgm``), where the extension is there or may be created. Where
neither can be had, whatever searches reads every row instead, and finds the same.

Made after each ``migrate``, not by a migration: on SQLite a migration that changes the table of
accounts makes it anew, and its triggers are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection, connections, transaction

from integrator.models.mirror import Account, Client

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

log = structlog.get_logger(__name__)

SEARCHED: dict[type[Model], tuple[str, ...]] = {
    Account: ("username", "domain", "email"),
    Client: ("name",),
}
LENGTH = 3
"""Letters of a word from which on the index can tell."""

_CREATE = """
    CREATE VIRTUAL TABLE {index} USING fts5(
        {columns}, content='{table}', content_rowid='id', tokenize='trigram', detail='none'
    )
"""
_TRIGGERS = {
    "{index}_added": """
        AFTER INSERT ON {table} BEGIN
            INSERT INTO {index}(rowid, {columns}) VALUES (new.id, {new});
        END
    """,
    "{index}_removed": """
        AFTER DELETE ON {table} BEGIN
            INSERT INTO {index}({index}, rowid, {columns}) VALUES ('delete', old.id, {old});
        END
    """,
    "{index}_changed": """
        AFTER UPDATE OF {columns} ON {table} WHEN ({old}) IS NOT ({new}) BEGIN
            INSERT INTO {index}({index}, rowid, {columns}) VALUES ('delete', old.id, {old});
            INSERT INTO {index}(rowid, {columns}) VALUES (new.id, {new});
        END
    """,
}
_PRESENT = "SELECT count(*) FROM sqlite_master WHERE name IN ({places})"
_TRIGRAM = "CREATE INDEX IF NOT EXISTS {index} ON {table} USING gin ({columns})"


def ensure(using: str) -> None:
    """Make what is missing of it in this database."""
    database = connections[using]
    tables = database.introspection.table_names()
    for model, names in SEARCHED.items():
        if model._meta.db_table not in tables:  # noqa: SLF001 - documented by Django
            continue
        try:
            with transaction.atomic(using=using):
                if database.vendor == "sqlite":
                    _make_table(database, model, names)
                else:
                    _make_index(database, model, names)
        except DatabaseError as error:
            log.warning("search.no_index", table=model._meta.db_table, why=str(error))  # noqa: SLF001 - as above


def candidates(model: type[Model], word: str, *, most: int) -> list[int] | None:
    """Ids of the rows that could have this word in their names: all that have it, perhaps others.

    None where the index cannot tell: it is not there, the word is short, or more than ``most``
    could.
    """
    if connection.vendor != "sqlite" or len(word) < LENGTH or not _is_there(connection, model):
        return None
    index = _words(model, SEARCHED[model])["index"]
    begins = range(len(word) - LENGTH + 1)
    trigrams = {word[begin : begin + LENGTH].replace('"', '""') for begin in begins}
    wanted = " AND ".join(f'"{one}"' for one in sorted(trigrams))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid FROM {index} WHERE {index} MATCH %s LIMIT %s",  # noqa: S608 - our own name
            [wanted, most + 1],
        )
        found = [row[0] for row in cursor.fetchall()]
    return found if len(found) <= most else None


def _words(model: type[Model], names: tuple[str, ...]) -> dict[str, str]:
    """What the statements name."""
    table = model._meta.db_table  # noqa: SLF001 - documented by Django
    return {
        "table": table,
        "index": f"{table}_words",
        "columns": ", ".join(names),
        "new": ", ".join(f"new.{name}" for name in names),
        "old": ", ".join(f"old.{name}" for name in names),
    }


def _is_there(database: BaseDatabaseWrapper, model: type[Model]) -> bool:
    """Whether table and triggers are all there."""
    words = _words(model, SEARCHED[model])
    wanted = [words["index"], *(name.format(**words) for name in _TRIGGERS)]
    with database.cursor() as cursor:
        cursor.execute(_PRESENT.format(places=", ".join(["%s"] * len(wanted))), wanted)
        return bool(cursor.fetchone()[0] == len(wanted))


def _make_table(database: BaseDatabaseWrapper, model: type[Model], names: tuple[str, ...]) -> None:
    """The table of trigrams and its triggers, all anew where one of them is missing."""
    if _is_there(database, model):
        return
    words = _words(model, names)
    with database.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name.format(**words)}")
        cursor.execute("DROP TABLE IF EXISTS {index}".format(**words))
        cursor.execute(_CREATE.format(**words))
        cursor.execute("INSERT INTO {index}({index}) VALUES ('rebuild')".format(**words))  # noqa: S608 - our own name
        for name, body in _TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER {name} {body}".format(**words))


def _make_index(database: BaseDatabaseWrapper, model: type[Model], names: tuple[str, ...]) -> None:
    """The trigram index, of just what ``icontains`` compares."""
    words = _words(model, names)
    columns = ", ".join(f"upper({name}::text) gin_trgm_ops" for name in names)
    with database.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute(_TRIGRAM.format(**{**words, "columns": columns}))
