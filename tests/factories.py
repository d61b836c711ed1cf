"""Named states as rows, for pages and their tests: what an installation looks like after a while.

Rows are written directly and not through the engine: a page must show every state that the
database can hold, also those that take an outage to come about.
"""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import Group, User

from integrator.core.clock import now
from integrator.messages.message import NOTHING, say, verbatim
from integrator.models import (
    Account,
    Binding,
    Call,
    Canary,
    Change,
    Client,
    Drift,
    Event,
    Intent,
    Module,
    NewUser,
    Panel,
    Plan,
    Preview,
    PreviewRow,
    Run,
    Service,
    Step,
    StrangerOrder,
    Window,
    WorkerProcess,
)
from integrator.models.states import BindingState, Outcome, Phase, RowState, StepState
from panels.billmanager.services import IN_PROGRESS
from panels.billmanager.services import Service as ListedService

PASSWORD = "a long password for tests"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202eevil\u200b{{ 7|add:7 }}"
LONG = "x" * 20 + "-the-longest-name-anyone-would-ever-give-to-a-thing-" + "y" * 20
_numbers = itertools.count(1000)


def person(role: str = "", name: str = "") -> User:
    """Somebody who can sign in with ``PASSWORD``; "" has no role."""
    name = name or f"{role or 'nobody'}{next(_numbers)}"
    user = User.objects.create_user(name, password=PASSWORD)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def billmanager(**fields: Any) -> Panel:
    """The one BILLmanager, checked and discovered."""
    found = Panel.objects.filter(kind=Panel.Kind.BILLMANAGER).first()
    return found or panel("billing", Panel.Kind.BILLMANAGER, **fields)


def panel(name: str = "", kind: str = Panel.Kind.ISPMANAGER, **fields: Any) -> Panel:
    """A panel that is well."""
    name = name or f"web-{next(_numbers)}"
    moment = now()
    values: dict[str, Any] = {
        "url": f"https://{name[:60]}.example:1500/x", "address": f"{name}:1500/x",
        "username": "integrator", "password": "panel-secret", "created_at": moment,
        "checked_at": moment, "checked": {"ok": True, "rows": []}, "discovered_at": moment,
        "discovery": {"state": "done", "facts": {"paymethods": [[3, "Bank", "EUR"]]}},
        "module_id": None,
    }  # fmt: skip
    return Panel.objects.create(name=name, kind=kind, **{**values, **fields})


def client(name: str = "Anna Smirnova", **fields: Any) -> Client:
    values = {"remote_id": next(_numbers), "seen_at": now(), "balance": Decimal("120.50"),
              "currency": "EUR", "status": "active"}  # fmt: skip
    return Client.objects.create(name=name, **{**values, **fields})


def plan(name: str = "Business", **fields: Any) -> Plan:
    values = {"remote_id": next(_numbers), "seen_at": now(),
              "periods": {"1": {"amount": "9.90", "currency": "EUR"}}, "datacenters": [[1, "Main"]],
              "modules": []}  # fmt: skip
    return Plan.objects.create(name=name, **{**values, **fields})


def module(name: str = "ISPmanager web-1", **fields: Any) -> Module:
    values = {"remote_id": next(_numbers), "seen_at": now(), "kind": "ispmanager",
              "datacenter_id": 1}  # fmt: skip
    return Module.objects.create(name=name, **{**values, **fields})


def service(**fields: Any) -> Service:
    values = {"remote_id": next(_numbers), "seen_at": now(), "status": 2}
    return Service.objects.create(**{**values, **fields})


def account(username: str = "", state: str = RowState.READY, **fields: Any) -> Account:
    """An account that is not bound; ``state`` is its match's."""
    username = username or f"u{next(_numbers)}"
    server = fields.pop("panel", None) or Panel.objects.filter(
        kind=Panel.Kind.ISPMANAGER).first() or panel()  # fmt: skip
    values: dict[str, Any] = {
        "panel": server, "domain": f"{username[:40]}.example", "seen_at": now(),
        "preset": "business", "match_state": state, "match_reasons": _reasons(state),
    }  # fmt: skip
    return Account.objects.create(username=username, **{**values, **fields})


def unsaved_binding() -> Any:
    """What steps read of a binding, without a database; its client is the one of ``listed``."""
    return SimpleNamespace(
        client=SimpleNamespace(remote_id=5, name="Anna"), domain="a.example", period=1,
        plan=SimpleNamespace(remote_id=21), marker="itg-ours", module_id=11, service_id=None,
        account=SimpleNamespace(username="anna"), price=Decimal("9.90"),
    )  # fmt: skip


def listed(number: int, **fields: Any) -> ListedService:
    """A row of BILLmanager's list of services: one that is being opened and tells little."""
    values: dict[str, Any] = {
        "plan_id": 1, "plan_name": "", "client_id": 5, "client_name": "", "domain": "a.example",
        "username": "", "module_id": 11, "module_name": "", "status": IN_PROGRESS,
        "item_status": "", "datacenter": "", "period": 1, "cost": None, "expires": None,
        "remoteid": "",
    }  # fmt: skip
    return ListedService(id=number, **{**values, **fields})


def drift(name: str = "gold", **fields: Any) -> Drift:
    """A service that is sold on another plan than its account's preset maps to."""
    told = {"key": "plan_differs", "params": {
        "service": 7, "plan": name, "username": name, "server": name, "preset": name,
        "other": name}}  # fmt: skip
    where = fields.get("account")
    values: dict[str, Any] = {
        "kind": "plan_differs", "reason": told, "since": now(), "seen_at": now(),
        "panel": where.panel if where else None,
    }  # fmt: skip
    return Drift.objects.create(service=service(), **{**values, **fields})


def change(name: str, source: Panel, **fields: Any) -> Change:
    """An account that was renamed."""
    values: dict[str, Any] = {"kind": "account", "what": "renamed", "ref": name[:64],
                              "name": name[:255], "fields": {"username": [name, name]}}  # fmt: skip
    return Change.objects.create(panel=source, at=now(), **{**values, **fields})


def _reasons(state: str) -> list[dict[str, Any]]:
    key = {"ready": "email", "choose": "several_clients", "blocked": "no_client"}[state]
    params = {"email": "anna@example.org", "client": 12, "count": 2}
    return [{"key": key, "params": params}]


def preview(rows: int = 0, **fields: Any) -> Preview:
    """A preview with so many ready rows of fresh accounts."""
    values: dict[str, Any] = {
        "token": f"t{next(_numbers)}", "created_at": now(), "created_by": "operator",
        "source": "selected", "autoprolong": True,
        "summary": {"ready": rows, "choose": 0, "blocked": 0, "mails": 0, "letters": [],
                    "totals": [{"currency": "EUR", "amount": f"{rows * Decimal('9.90')}"}],
                    "credits": [], "windows": [], "first_suspension": "2026-12-23",
                    "skipped": []},
    }  # fmt: skip
    made = Preview.objects.create(**{**values, **fields})
    payer, sold = client(), plan(f"Plan {next(_numbers)}")
    for number in range(1, rows + 1):
        PreviewRow.objects.create(
            preview=made, number=number, account=account(), client=payer, su=5, plan=sold,
            datacenter_id=1, module_id=9, domain=f"d{number}.example", price=Decimal("9.90"),
            currency="EUR", state=RowState.READY, reasons=_reasons("ready"),
        )  # fmt: skip
    return made


def run(**fields: Any) -> Run:
    values = {"total": 1, "created_by": "operator", "started_at": now() - dt.timedelta(minutes=4)}
    source = fields.pop("preview", None) or preview()
    return Run.objects.create(preview=source, **{**values, **fields})


def binding(state: str = BindingState.QUEUED, step: int = 3, **fields: Any) -> Binding:
    """A binding in this state at this step, of a fresh account; the account points back at it."""
    owned = fields.pop("account", None) or account()
    moment = now()
    values: dict[str, Any] = {
        "run": fields.pop("run", None) or run(), "account": owned, "su": 5, "module_id": 9,
        "datacenter_id": 1,
        "client": fields.pop("client", None) or owned.client or client(),
        "plan": fields.pop("plan", None) or owned.plan or plan(f"Plan {next(_numbers)}"),
        "number": next(_numbers), "domain": owned.domain, "period": 1, "autoprolong": True,
        "price": Decimal("9.90"), "currency": "EUR", "marker": f"itg-{next(_numbers)}",
        "state": state, "step": step, "created_at": moment, "state_at": moment,
        "step_at": moment, "reserved": state != BindingState.CANCELLED,
    }  # fmt: skip
    made = Binding.objects.create(**{**values, **fields})
    Account.objects.filter(pk=owned.pk).update(binding=made)
    owned.binding = made
    return made


def window(phase: str = Phase.ORDERS, **fields: Any) -> Window:
    """A window in this phase on a plan of its own."""
    moment = now()
    opened = None if phase == Phase.OPENING else moment - dt.timedelta(seconds=40)
    values: dict[str, Any] = {
        "plan": fields.pop("plan", None) or plan(f"Plan {next(_numbers)}"), "phase": phase,
        "cohort": 10, "created_at": moment - dt.timedelta(minutes=1), "opened_at": opened,
        "phase_at": moment, "manual_only_at": opened,
        "snapshot": {"modules": [{"id": 9, "name": "ISPmanager web-1", "enabled": True}]},
    }  # fmt: skip
    if phase == Phase.CLOSED:
        values |= {"closed_at": moment, "restored_at": moment, "manual_only_until": moment}
    return Window.objects.create(**{**values, **fields})


def failed(cause: str = "wrong_password", **fields: Any) -> Binding:
    """A binding that the panel refused at step 7, with its steps, attempts and calls."""
    step = int(fields.pop("step", 7))
    made = binding(
        BindingState.FAILED, step, cause=cause, service_id=next(_numbers),
        cause_text=fields.pop("cause_text", verbatim("password is too short")), **fields,
    )  # fmt: skip
    steps(made, upto=step, last=StepState.FAILED)
    return made


def undecided(**fields: Any) -> Binding:
    """A binding whose order may or may not have been placed."""
    made = binding(BindingState.UNDECIDED, 3, **{"cause": "order_unknown", **fields})
    steps(made, upto=3, last=StepState.UNDECIDED)
    moment = now()
    Intent.objects.create(
        binding=made, step=3, attempt=1, kind="order",
        at=moment, send_by=moment, settles_at=moment, outcome=Outcome.UNKNOWN,
        before={"service": 0, "expense": 0},
    )  # fmt: skip
    return made


def done(**fields: Any) -> Binding:
    """A binding that is proven and whose plan is as before."""
    made = binding(BindingState.DONE, 8, service_id=next(_numbers), done_at=now(), **fields)
    steps(made, upto=8, last=StepState.DONE)
    return made


def steps(made: Binding, *, upto: int, last: str) -> None:
    """The own steps of a binding: proven before ``upto``, and ``last`` there."""
    moment = now()
    for number in (3, 4, 6, 7):
        if number > upto:
            break
        state = last if number == upto else StepState.DONE
        evidence = {"service": made.service_id, "module": 9} if state == StepState.DONE else {}
        Step.objects.create(
            binding=made, number=number, state=state, attempts=2 if state != "done" else 1,
            started_at=moment, finished_at=moment, evidence=evidence,
            cause=made.cause if state != "done" else "",
            cause_text=made.cause_text if state != "done" else NOTHING,
            history=[{"attempt": 1, "at": moment.isoformat(), "outcome": state}],
        )  # fmt: skip
        call(made, number)


def call(made: Binding, step: int = 7, **fields: Any) -> Call:
    values: dict[str, Any] = {
        "at": now(), "panel": "billing", "func": "task.edit", "effect": True, "outcome": "done",
        "params": {"elid": "7", "password": "[redacted]"}, "seconds": 0.41,
        "answer": "<doc><ok/></doc>",
    }  # fmt: skip
    return Call.objects.create(binding=made, step=step, **{**values, **fields})


def event(**fields: Any) -> Event:
    values = {"at": now(), "actor": "integrator", "subject": "binding", "to_state": "queued"}
    return Event.objects.create(**{**values, **fields})


def worker() -> WorkerProcess:
    moment = now()
    return WorkerProcess.objects.create(
        token=f"w{next(_numbers)}", role="worker", host="host", pid=7, started_at=moment,
        seen_at=moment,
    )  # fmt: skip


def many_accounts(number: int, **fields: Any) -> list[Account]:
    """So many unbound accounts in a few statements, spread over states, clients and plans."""
    servers = [panel(f"web-{i}-{next(_numbers)}") for i in range(1, 4)]
    payers = [client(name) for name in ("Anna Smirnova", "Пётр Иванов", "Café Zürich GmbH")]
    plans = [plan(f"{name} {next(_numbers)}") for name in ("Start", "Business", "Premium")]
    moment = now()
    rows = []
    for i in range(number):
        state = ("ready", "ready", "ready", "choose", "blocked")[i % 5]
        ready = state == "ready"
        rows.append(Account(
            panel=servers[i % 3], username=f"user{i:06d}", domain=f"shop{i}.example",
            email=f"user{i}@mail.example", preset="business", match_state=state,
            seen_at=moment, client=payers[i % 3] if ready else None,
            plan=plans[i % 3] if state != "blocked" else None, match_reasons=_reasons(state),
            match_candidates=[p.remote_id for p in payers[:2]] if state == "choose" else [],
            **fields,
        ))  # fmt: skip
    return Account.objects.bulk_create(rows, batch_size=2000)


def stranger(of: Window, **fields: Any) -> StrangerOrder:
    """An order of somebody else's that met this window."""
    moment = now()
    values = {"service_id": next(_numbers), "client_name": "Somebody", "domain": "s.example",
              "task_id": next(_numbers), "state": "manual", "seen_at": moment,
              "read_at": moment}  # fmt: skip
    return StrangerOrder.objects.create(window=of, **{**values, **fields})


def new_user(of: Window, **fields: Any) -> NewUser:
    """A user that is new on a server since this window."""
    values = {"panel": fields.pop("panel", None) or panel(f"new-{next(_numbers)}"),
              "username": f"new{next(_numbers)}", "found_at": now(),
              "why": say("user.of_nobody")}  # fmt: skip
    return NewUser.objects.create(window=of, **{**values, **fields})


def canary(of: Window, made: Binding, **fields: Any) -> Canary:
    """The account of this binding as it was before this window."""
    facts = {"active": True, "preset": "business", "limits": {"limit_quota": "10240"}}
    values = {"before": facts, "after": facts, "state": "unchanged", "compared_at": now()}
    return Canary.objects.create(window=of, binding=made, **{**values, **fields})
