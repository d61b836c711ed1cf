"""Updates a mirror from what a panel lists, in portions, since that may be 100,000 rows.

Only rows that are new or have changed are written, in portions of their own transaction, so that
a long discovery never holds the database's write lock for long. Rows that are no longer listed
are marked gone; the caller calls this with *complete* listings alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from django.db.models import Model, QuerySet

PORTION = 2000


@dataclass(frozen=True, slots=True)
class Synced:
    """Counts of rows: listed, and new, changed or gone since the last discovery."""

    listed: int
    new: int
    changed: int
    gone: int


class Listener:
    """Receives the changes of a mirror; this base class ignores them."""

    def first(self, count: int) -> None:
        """The list was read for the first time, with so many rows."""

    def new(self, key: Hashable, values: Mapping[str, Any]) -> None:
        """A row that was never listed before."""

    def gone(self, key: Hashable) -> None:
        """A row that is listed no more."""

    def seen(
        self, key: Hashable, values: Mapping[str, Any], before: Mapping[str, Any], *, back: bool
    ) -> None:
        """A known row that differs; ``back``: it had been gone."""


def portions(items: Iterable[Any], size: int = PORTION) -> Iterator[list[Any]]:
    """The items in lists of at most ``size``."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def sync(
    scope: QuerySet[Any],
    found: Mapping[Hashable, Mapping[str, Any]],
    *,
    key: str,
    fixed: Mapping[str, Any] | None = None,
    at: dt.datetime,
    progress: Callable[[int], None] = lambda _done: None,
    listener: Listener | None = None,
    whole: bool = True,
) -> Synced:
    """Make the rows of ``scope`` equal to ``found``: key → the columns that discovery owns.

    ``key`` is the column that identifies a row within the scope; ``fixed`` holds the columns
    that make up the scope (for instance the panel of accounts). Columns that are not in
    ``found`` (a person's choices, matches, links) are never touched. ``progress`` receives how
    many rows have been looked at, ``listener`` what is otherwise than before. ``whole`` False:
    rows that could not be read are not in ``found``, so that nothing is marked gone.
    """
    model: Any = scope.model
    own, tell = dict(fixed or {}), listener or Listener()
    columns = sorted(next(iter(found.values()), {}))
    known = {
        row[0]: row[1:] for row in scope.values_list(key, "id", "gone_at", *columns).iterator()
    }
    new = changed = done = 0
    for portion in portions(found.items()):
        fresh, altered = [], []
        for identity, values in portion:
            before = known.get(identity)
            if before is None:
                fresh.append(model(**own, **{key: identity}, **values, seen_at=at))
                tell.new(identity, values)
            elif before[1] is not None or before[2:] != tuple(values[name] for name in columns):
                altered.append((before[0], values))
                was = dict(zip(columns, before[2:], strict=True))
                tell.seen(identity, values, was, back=before[1] is not None)
        with transaction.atomic():
            # Two discoveries at once may both find a row to be new: the later one's wins.
            model.objects.bulk_create(
                fresh,
                update_conflicts=True,
                unique_fields=[*own, key],
                update_fields=[*columns, "seen_at", "gone_at"],
            )
            update_rows(
                model,
                ("gone_at", *columns),
                [(pk, [None, *(values[name] for name in columns)]) for pk, values in altered],
            )
        new += len(fresh)
        changed += len(altered)
        done += len(portion)
        progress(done)
    missing = {
        name: row[0]
        for name, row in known.items()
        if whole and name not in found and row[1] is None
    }
    for ids in portions(missing.values(), 500):
        model.objects.filter(pk__in=ids).update(gone_at=at)
    for name in missing:
        tell.gone(name)
    if not known:
        tell.first(len(found))
    seen = scope.filter(gone_at=None)
    if not whole:
        seen = seen.exclude(**{f"{key}__in": [name for name in known if name not in found]})
    seen.update(seen_at=at)
    return Synced(len(found), new, changed, len(missing))


def update_rows(
    model: type[Model],
    columns: Sequence[str],
    rows: Iterable[tuple[int, Sequence[Any]]],
    *,
    only: Mapping[str, object] | None = None,
) -> None:
    """Set ``columns`` (field names, or attnames of foreign keys) of many rows, each to its own.

    ``only``: column → the value that it must have at that moment, else the row is left alone.

    ``bulk_update`` builds one CASE per column and takes minutes for 100,000 rows; a prepared
    statement that is executed many times takes seconds.
    """
    fields = [_field(model, name) for name in columns]
    quote, table = connection.ops.quote_name, model._meta.db_table  # noqa: SLF001 - Django's documented name
    assignments = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    kept = {_field(model, name): value for name, value in (only or {}).items()}
    conditions = "".join(f" AND {quote(field.column)} = %s" for field in kept)
    sql = f"UPDATE {quote(table)} SET {assignments} WHERE id = %s{conditions}"  # noqa: S608 - our own names, quoted
    demanded = [field.get_db_prep_save(value, connection) for field, value in kept.items()]
    params = [
        [
            *(f.get_db_prep_save(v, connection) for f, v in zip(fields, values, strict=True)),
            pk,
            *demanded,
        ]
        for pk, values in rows
    ]
    if params:
        # One commit for all of them, not one for each.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, params)


def _field(model: type[Model], name: str) -> Any:
    for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's documented name
        if name in {field.name, field.attname}:
            return field
    raise LookupError(name)
