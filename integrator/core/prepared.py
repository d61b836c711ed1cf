"""Statements that are compiled once and run often.

Django builds the SQL of a query from Python objects each time it runs, which for a worker costs
several times what the database then does. What is run for every binding is therefore an ordinary
queryset that is compiled once for each database, with places left open for values.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

M = TypeVar("M", bound=models.Model)

DATABASE = "default"


class Place(Expression):
    """Where a value goes, by the name under which it is given each time."""

    def __init__(self, name: str, column: models.Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=column)
        self.name = name
        self.column = column

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        """A parameter that is itself: ``_bound`` puts the value in its place."""
        return "%s", (self,)

    def value(self, given: Mapping[str, Any], connection: BaseDatabaseWrapper) -> Any:
        """The given value as this database takes it."""
        value = given[self.name]
        if self.column is not None:
            return self.column.get_db_prep_save(value, connection)
        if isinstance(value, dt.datetime):
            return connection.ops.adapt_datetimefield_value(value)
        return value


class _Statement:
    """A queryset with places, and its SQL for each database and number of values."""

    def __init__(self, build: Callable[..., models.QuerySet[Any]]) -> None:
        self._build = build
        self._known: dict[tuple[Any, ...], tuple[str, tuple[Any, ...], Any]] = {}

    def _places(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values by the names of their places, and what to build the queryset with."""
        flat: dict[str, Any] = {}
        places: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, list):
                # Filled up, so that few statements serve lists of all lengths.
                filled = value + value[-1:] * (_length(value) - len(value))
                numbered = {f"{name}_{place}": one for place, one in enumerate(filled)}
                places[name] = [Place(each) for each in numbered]
                flat |= numbered
            else:
                places[name] = Place(name)
                flat[name] = value
        return flat, places

    @staticmethod
    def _key(given: Mapping[str, Any]) -> tuple[int, ...]:
        return tuple(_length(value) for value in given.values() if isinstance(value, list))


def _length(values: Sequence[Any]) -> int:
    """The power of two that is not less than the length of a list."""
    return 1 << max(len(values) - 1, 0).bit_length()


def _bound(
    params: Iterable[Any], given: Mapping[str, Any], connection: BaseDatabaseWrapper
) -> list[Any]:
    return [one.value(given, connection) if isinstance(one, Place) else one for one in params]


class _Read(_Statement):
    """A queryset that is read."""

    def _fetched(
        self, given: Mapping[str, Any], shape_of: Callable[[Any], Any]
    ) -> tuple[list[Any], Any, BaseDatabaseWrapper]:
        """The database's rows for these values, and what ``shape_of`` its compiler once told."""
        connection = connections[DATABASE]
        flat, places = self._places(given)
        key = (connection.vendor, *self._key(given))
        if key not in self._known:
            compiler = self._build(**places).query.get_compiler(connection=connection)
            sql, params = compiler.as_sql()
            self._known[key] = (sql, params, shape_of(compiler))
        sql, params, shape = self._known[key]
        with connection.cursor() as cursor:
            cursor.execute(sql, _bound(params, flat, connection))
            return cursor.fetchall(), shape, connection


class Select(_Read, Generic[M]):
    """Reads rows as objects, with what ``select_related`` brings along.

    ``build`` is given a place for each value, or a list of places where the value is a list, and
    returns the queryset.
    """

    def run(self, **given: Any) -> list[M]:
        """The rows for these values."""
        rows, shape, connection = self._fetched(given, _Shape)
        found: list[M] = shape.objects(rows, connection)
        return found


class Values(_Read):
    """Reads plain values, as ``values_list`` gives them; ``build`` returns such a queryset."""

    def run(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows for these values."""
        rows, converters, connection = self._fetched(given, _converters)
        return [tuple(_converted(row, converters, connection)) for row in rows]


def _converters(compiler: Any) -> Any:
    """By place in a row, how Python gets its value from the database's."""
    columns = [column[0] for column in compiler.select[: compiler.col_count]]
    return compiler.get_converters(columns)


def _converted(
    row: Sequence[Any], converters: Mapping[int, Any], connection: BaseDatabaseWrapper
) -> list[Any]:
    """A row as Python has it, where the database's own shape differs."""
    found = list(row)
    for place, (convert, column) in converters.items():
        value = found[place]
        for one in convert:
            value = one(value, column, connection)
        found[place] = value
    return found


class _Shape:
    """How rows of a compiled query become objects, as Django's iterator does; worked out once."""

    def __init__(self, compiler: Any) -> None:
        info, select = compiler.klass_info, compiler.select
        self._model = info["model"]
        self._first, self._last = info["select_fields"][0], info["select_fields"][-1] + 1
        own = select[self._first : self._last]
        self._names = [column[0].target.attname for column in own]
        self._related: list[Any] = get_related_populators(info, select, DATABASE)  # type: ignore[call-arg] # as in 5.2
        self._converters = _converters(compiler)

    def objects(self, rows: Iterable[Sequence[Any]], connection: BaseDatabaseWrapper) -> list[Any]:
        """The objects of these rows, with what is related to them."""
        found = []
        for each in rows:
            row = _converted(each, self._converters, connection)
            made = self._model.from_db(DATABASE, self._names, row[self._first : self._last])
            for related in self._related:
                related.populate(row, made)
            found.append(made)
        return found


class Update(_Statement):
    """Changes rows; which columns may differ from time to time.

    ``always``: expressions that are written each time.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any]], **always: Any) -> None:
        super().__init__(build)
        self._always = always

    def run(self, columns: Mapping[str, Any] | None = None, **given: Any) -> int:
        """Write these values into the columns; how many rows were changed."""
        connection = connections[DATABASE]
        columns = columns or {}
        sql, params = self._sql(columns, given, connection)
        values = self._values(columns, given)
        with transaction.mark_for_rollback_on_error(DATABASE), connection.cursor() as cursor:
            cursor.execute(sql, _bound(params, values, connection))
            return int(cursor.rowcount)

    def run_each(self, rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """The same for many: (columns, given) of each, where all have the same columns."""
        connection = connections[DATABASE]
        sql, params = self._sql(*rows[0], connection)
        every = [_bound(params, self._values(*row), connection) for row in rows]
        with transaction.mark_for_rollback_on_error(DATABASE), connection.cursor() as cursor:
            cursor.executemany(sql, every)

    def _values(self, columns: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        return self._places(given)[0] | {f"={name}": value for name, value in columns.items()}

    def _sql(
        self, columns: Mapping[str, Any], given: Mapping[str, Any], connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        key = (connection.vendor, *columns, *self._key(given))
        if key not in self._known:
            found = self._build(**self._places(given)[1])
            options = found.model._meta  # noqa: SLF001 - documented for this use
            written = {name: Place(f"={name}", options.get_field(name)) for name in columns}
            query: Any = found.query.chain(UpdateQuery)
            query.add_update_values(written | self._always)
            self._known[key] = (*query.get_compiler(connection=connection).as_sql(), None)
        sql, params, _ = self._known[key]
        return sql, params


_inserts: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}


def insert(
    rows: Sequence[models.Model], *, unique: Sequence[str] = (), replace: Sequence[str] = ()
) -> None:
    """Insert new rows of one model; those with a number of their own are not for this.

    ``unique``: fields by which a row may be there already; then ``replace`` is written into it.
    A row alone learns its id.
    """
    if not rows:
        return
    connection = connections[DATABASE]
    alone = len(rows) == 1 and not unique
    key = (connection.vendor, type(rows[0]), tuple(unique), tuple(replace), alone)
    if key not in _inserts:
        _inserts[key] = _insert_sql(connection, type(rows[0]), unique, replace, alone=alone)
    sql, columns = _inserts[key]
    values = [
        [column.get_db_prep_save(column.pre_save(row, add=True), connection) for column in columns]
        for row in rows
    ]
    with transaction.mark_for_rollback_on_error(DATABASE), connection.cursor() as cursor:
        if not alone:
            cursor.executemany(sql, values)
            return
        cursor.execute(sql, values[0])
        rows[0].pk = cursor.fetchone()[0]
        rows[0]._state.adding, rows[0]._state.db = False, DATABASE  # noqa: SLF001 - as save() does


def _insert_sql(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    unique: Sequence[str],
    replace: Sequence[str],
    *,
    alone: bool,
) -> tuple[str, list[Any]]:
    quote: Callable[[Any], str] = connection.ops.quote_name
    options: Any = model._meta  # noqa: SLF001 - documented for this use
    columns = [column for column in options.local_concrete_fields if not column.primary_key]
    names = ", ".join(quote(column.column) for column in columns)
    places = ", ".join(["%s"] * len(columns))
    # Names of tables and columns alone, as the models say.
    sql = f"INSERT INTO {quote(options.db_table)} ({names}) VALUES ({places})"  # noqa: S608

    def named(fields: Sequence[str]) -> list[str]:
        return [quote(options.get_field(field).column) for field in fields]

    if unique:
        written = ", ".join(f"{name} = EXCLUDED.{name}" for name in named(replace))
        sql += f" ON CONFLICT ({', '.join(named(unique))}) DO UPDATE SET {written}"
    if alone:
        sql += f" RETURNING {quote(options.pk.column)}"
    return sql, columns
