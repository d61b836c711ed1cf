"""The calls that each step of a guided binding will send, and their expected result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.models import Module, Panel
from integrator.models.states import RowState
from integrator.panel_access import panel_connections
from integrator.previews.rehearsal.requests import OPEN, sends
from integrator.steps import TITLES
from integrator.steps import module_switches as sets
from integrator.steps import step1_add_manual_module as step1
from integrator.steps import step5_enable_both as step5
from integrator.steps.dialect_entries import OF_STEP

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from integrator.models import Binding, Window
    from panels.billmanager import BillManager
    from panels.billmanager.dialect.names import Found

SentCall = dict[str, Any]
"""{"step", "func", "as", "params"}, as ``rehearsal_sends`` writes it; secrets are left out."""


@dataclass(frozen=True, slots=True)
class GuidedStep:
    """One step: what it sends (nothing where it only reads), and what is expected then.

    ``entries`` are those of the dialect that it uses.
    """

    number: int
    title: str | Promise
    sends: list[SentCall]
    expects: str
    entries: tuple[str, ...]


def steps(binding: Binding) -> list[GuidedStep]:
    """All eight steps, by what is known now, without asking a panel."""
    panel = Panel.objects.billmanagers().get()
    bm = panel_connections.billmanager(panel, even_stopped=True)
    own = _own(binding, bm)
    window = binding.window
    calls = {
        1: _making(binding, bm, window),
        2: _switching(binding, bm, [*_manual(binding, window)], _modules(binding, window)),
        5: _switching(binding, bm, _both(binding, window), []),
        8: _switching(binding, bm, _modules(binding, window), [*_manual(binding, window)], last=8),
    }
    return [
        GuidedStep(
            number,
            title,
            calls.get(number) or own.get(number, []),
            _expected(number, binding),
            OF_STEP[number],
        )
        for number, title in TITLES.items()
    ]


def _both(binding: Binding, window: Window | None) -> list[int]:
    """The modules that step 5 switches on besides the manual module, which is on."""
    manual = list(_manual(binding, window))
    wanted = step5.wanted(_modules(binding, window), {binding.module_id}, manual)
    return [module for module in wanted if module not in manual]


def _own(binding: Binding, bm: BillManager) -> dict[int, list[SentCall]]:
    """The binding's own calls, by step; credit goes before the order, in step 3's turn."""
    preview = binding.run.preview
    rows = preview.rows.select_related("account", "plan")
    row = rows.filter(number=binding.number).first()
    if row is None:
        return {}
    for name in (
        "client",
        "su",
        "plan",
        "datacenter_id",
        "module_id",
        "domain",
        "period",
        "autoprolong",
        "expires",
        "account",
    ):
        setattr(row, name, getattr(binding, name))  # as it is now, should it be corrected
    row.state = RowState.READY
    found: dict[int, list[SentCall]] = {}
    for call in sends(row, preview, bm):
        turn = 3 if call["step"] == 4 else call["step"]  # noqa: PLR2004 - paid before the order
        found.setdefault(turn, []).append(call)
    return found


def _making(binding: Binding, bm: BillManager, window: Window | None) -> list[SentCall]:
    """Step 1; nothing where our module is there."""
    name = step1.name_for(binding.datacenter_id)
    made = bool(window and window.manual_modules)
    if made or Module.objects.filter(name=name, kind="manual", gone_at=None).exists():
        return []
    dialect = bm.dialect
    params = {
        "module": _value(dialect.manual_module),
        "type": "vhost",
        "datacenter": str(binding.datacenter_id),
        "department": _("<whose tasks the staff login handles>"),
        "name": name,
        "orderpriority": _("<after the ispmanager modules>"),
        "clicked_button": _value(dialect.module_button),
    }
    return [_call(1, _value(dialect.module_create), bm, params)]


def _switching(
    binding: Binding, bm: BillManager, on: list[int], off: list[int], *, last: int = 0
) -> list[SentCall]:
    dialect, plan = bm.dialect, str(binding.plan.remote_id)
    titles = dict(Module.objects.values_list("remote_id", "name"))
    step = last or (2 if off else 5)
    found = []
    for entry, modules in ((dialect.plan_modules_enable, on), (dialect.plan_modules_disable, off)):
        for module in modules:
            elid = str(module) if module else _("<our manual module>")
            params = {"plid": plan, "elid": elid}
            found.append(_call(step, _value(entry), bm, params) | {"about": titles.get(module, "")})
    return found


def _manual(binding: Binding, window: Window | None) -> list[int]:
    """The manual modules by id; [0] while none is known."""
    if window is not None and window.manual_modules:
        return sorted(window.manual_modules.values())
    name = step1.name_for(binding.datacenter_id)
    known = Module.objects.filter(name=name, kind="manual", gone_at=None)
    return list(known.values_list("remote_id", flat=True)[:1]) or [0]


def _modules(binding: Binding, window: Window | None) -> list[int]:
    """The plan's own modules that are on, as the window found them, else as last seen."""
    if window is not None and window.snapshot is not None:
        return list(sets.own(window.snapshot["modules"]))
    return list(sets.own(binding.plan.modules))


def _value(entry: Found | None) -> str:
    return OPEN if entry is None else entry.value


def _call(step: int, func: str, bm: BillManager, params: dict[str, str]) -> SentCall:
    return {"step": step, "func": func, "as": bm.transport.username, "params": params}


def _expected(number: int, binding: Binding) -> str:
    texts = {
        1: _("A module for manual processing of our own in each data centre of the plan."),
        2: _(
            "The plan's list of modules and the list of plans both show our manual module alone."
            " Until it is put back, orders of customers become tasks for people."
        ),
        3: _(
            "One new service of client %(client)s for %(domain)s, on the manual module, and one"
            " charge of %(price)s."
        ),
        4: _(
            "The service is paid for, and its charge is listed. Nothing is sent, unless the order"
            " stayed unpaid."
        ),
        5: _("The plan shows its own modules on again, beside our manual one."),
        6: _("One open activation task for this service. Nothing is sent."),
        7: _(
            "The task is ours, then closed; the service is active on the module of %(server)s with"
            " the username %(username)s. The account itself stays as it is."
        ),
        8: _("The plan shows the modules that it had before. This is done without asking."),
    }
    return texts[number] % {
        "client": binding.client.remote_id,
        "domain": binding.domain,
        "price": f"{binding.price:.2f} {binding.currency}",
        "server": binding.account.panel.name,
        "username": binding.account.username,
    }
