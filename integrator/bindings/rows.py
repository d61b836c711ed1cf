"""Bindings as workers read them: only what they need, and one object of what many share.

They are read for every step of every binding, and to put a statement together takes longer than to
run it. So these are written down, as SQL that both databases understand: `make bench` shows them
to cost a third. A column of a binding that is not among ``COLUMNS`` is read when it is asked for,
at the price of a query. The events of many bindings that change alike are written here as well:
Django knows no statement that writes rows of what it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection
from django.db.models import Manager, Model

from integrator.models import (
    Account,
    Binding,
    Client,
    Intent,
    Plan,
    Preview,
    Run,
    Step,
    Window,
)
from integrator.models.states import BindingState

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from integrator.messages.message import Message

T = TypeVar("T", bound=Model)

ALL_STEPS = (3, 4, 5, 6, 7, 8)
COLUMNS = (
    *("id", "run_id", "account_id", "client_id", "su", "plan_id", "datacenter_id", "module_id"),
    *("number", "nth_of_client", "domain", "period", "autoprolong", "expires", "price", "marker"),
    *("state", "step", "attempts", "deaths", "prepared", "waiting_for", "due_at", "window_id"),
    *("in_lane", "credited", "service_id", "task_id", "expires_set", "cause", "step_at", "version"),
)
"""Of the binding itself; of what it belongs to, see ``_OWNERS``."""


def _of(model: type[Model], *names: str) -> tuple[type[Model], tuple[str, ...]]:
    """A model and columns of it, in the model's order, as ``from_db`` takes their values."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - documented by Django
    return model, tuple(field.attname for field in fields if field.attname in names)


_PASSWORDS = ("check_passwords", "reset_passwords", "without_passwords")
_BOOLEANS = (*_PASSWORDS, "hold_letters", "guided")
_OWNERS = {
    "account": _of(Account, "id", "panel_id", "username"),
    "client": _of(Client, "id", "remote_id"),
    "run": _of(Run, "id", "preview_id", "state"),
    "preview": _of(Preview, "id", "payment", "paymethod_id", "paymethod_name", *_BOOLEANS),
}
"""What is read with a binding, by name: numbers, texts and booleans alone.

Not a preview's summary, which is as long as its run is large.
"""
_SELECT = """
    SELECT {columns}
      FROM integrator_binding binding
      JOIN integrator_account account ON account.id = binding.account_id
      JOIN integrator_client client ON client.id = binding.client_id
      JOIN integrator_run run ON run.id = binding.run_id
      JOIN integrator_preview preview ON preview.id = run.preview_id
"""


def _select(*names: str) -> str:
    """The statement that reads these columns of bindings, and those of what they belong to."""
    own = [f"binding.{name}" for name in names]
    theirs = [
        f"{owner}.{name} AS {owner}__{name}"
        for owner, (_model, columns) in _OWNERS.items()
        for name in columns
    ]
    return _SELECT.format(columns=", ".join([*own, *theirs]))


_CLAIMED = (
    _select(*COLUMNS, "password")
    + " WHERE binding.lease_token = %s AND binding.id IN ({ids})"
    + " ORDER BY binding.due_at, binding.number"
)
_OF_WINDOW = (
    _select(*COLUMNS)
    + " WHERE binding.window_id = %s AND binding.step IN ({steps}) ORDER BY binding.number"
)
_INTENTS = "SELECT * FROM integrator_intent WHERE binding_id IN ({ids}) ORDER BY id"
_STEPS = "SELECT * FROM integrator_step WHERE binding_id IN ({ids})"
_EVENTS = """
    INSERT INTO integrator_event
           (at, actor, subject, from_state, to_state, why, details, run_id, binding_id, window_id)
    SELECT %s, %s, 'binding', state, %s, %s, CAST('{{"step": ' || step || '}}' AS {json}),
           run_id, id, window_id
      FROM integrator_binding WHERE id IN ({ids}) ORDER BY id
"""
_WINDOWS = "SELECT * FROM integrator_window WHERE id IN ({ids})"
_PLANS = "SELECT * FROM integrator_plan WHERE id IN ({ids})"


def claimed(ids: Collection[int], token: str) -> list[Binding]:
    """Those of these bindings that hold a lease with this token, the longest due first.

    With their passwords and windows.
    """
    found = _bindings(_CLAIMED.format(ids=_places(ids)), token, *ids)
    window_ids = {one.window_id for one in found if one.window_id is not None}
    windows = {one.pk: one for one in _rows(Window.objects, _WINDOWS, window_ids)}
    plan_ids = {window.plan_id for window in windows.values()}
    plans = {one.pk: one for one in _rows(Plan.objects, _PLANS, plan_ids)}
    for window in windows.values():
        window.plan = plans[window.plan_id]
    for binding in found:
        if binding.window_id is not None:
            binding.window = windows[binding.window_id]
            binding.plan = binding.window.plan
    return found


def of_window(window: Window, steps: Collection[int] = ALL_STEPS) -> list[Binding]:
    """The bindings of this window that are at one of these steps, in order; no passwords."""
    found = _bindings(_OF_WINDOW.format(steps=_places(steps)), window.pk, *steps)
    for binding in found:
        binding.plan = window.plan
    return found


def intents_of(ids: Collection[int]) -> list[Intent]:
    """The intents of these bindings, in the order they were made."""
    return _rows(Intent.objects, _INTENTS, ids)


def steps_of(ids: Collection[int]) -> list[Step]:
    """The recorded steps of these bindings."""
    return _rows(Step.objects, _STEPS, ids)


def write_events(
    ids: Collection[int], to: str, why: Message, *, actor: str, at: dt.datetime
) -> None:
    """Write down of each of these bindings that it goes from the state it is in to this one."""
    kept = connection.ops.adapt_datetimefield_value(at)
    json = "jsonb" if connection.vendor == "postgresql" else "text"
    with connection.cursor() as cursor:
        cursor.execute(
            _EVENTS.format(ids=_places(ids), json=json), [kept, actor, to, why.stored, *ids]
        )


def _bindings(statement: str, *params: object) -> list[Binding]:
    """The bindings that this statement finds, with one object of what many share."""
    found = list(Binding.objects.raw(statement, params))
    known: dict[tuple[str, object], Any] = {}
    for one in found:
        owners = {name: _owner(one, name, known) for name in _OWNERS}
        one.account, one.client, one.run = owners["account"], owners["client"], owners["run"]
        one.run.preview = owners["preview"]
    return found


def _owner(binding: Binding, name: str, known: dict[tuple[str, object], Any]) -> Any:
    """What a binding belongs to, of the columns that were read with it; the same one for all."""
    model, columns = _OWNERS[name]
    read = vars(binding)
    values = [read.pop(f"{name}__{column}") for column in columns]
    key = (name, values[0])
    if key not in known:
        # SQLite keeps booleans as numbers.
        row = [bool(v) if c in _BOOLEANS else v for c, v in zip(columns, values, strict=True)]
        known[key] = model.from_db(connection.alias, columns, row)
    return known[key]


def _rows(among: Manager[T], statement: str, ids: Collection[int]) -> list[T]:
    """What this statement finds by these ids; nothing is asked where there are none."""
    if not ids:
        return []
    return list(among.raw(statement.format(ids=_places(ids)), tuple(ids)))


def _places(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))


def are_at_work(window: Window, steps: Collection[int]) -> bool:
    """Whether a thread holds a binding of this window at one of these steps."""
    held = Binding.objects.filter(window=window, step__in=steps, state=BindingState.RUNNING)
    return held.exists()
