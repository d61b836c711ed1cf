"""Which functions the steps need, and whether our logins have them. It only ever reads.

Lists and forms are opened; what acts when it is called (design.md, section 9) is judged by the
toolbar that names it.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _

from integrator.accounts import discover_billmanager
from integrator.accounts.registering import certificate_text, login_text
from integrator.clock import now
from integrator.models import ClientUser, Panel
from integrator.panel_access import connect, journal
from panels import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from panels.billmanager import BillManager
    from panels.billmanager.dialect import Dialect
    from panels.transport import Transport

State = Literal["allowed", "denied", "not found", "needs choice", "unreachable"]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One thing that a step needs. ``step`` 0: before all steps; ``text``: why not, or ""."""

    step: int
    what: str
    func: str
    state: State
    text: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found. ``ok``: nothing that a step needs is missing."""

    ok: bool
    rows: list[CheckRow]
    seconds: float
    version: str

    @property
    def unreachable(self) -> bool:
        """Whether the panel could not be asked."""
        return any(row.state == "unreachable" for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The report as it is stored and printed."""
        return {
            "ok": self.ok,
            "version": self.version,
            "seconds": self.seconds,
            "rows": [asdict(row) for row in self.rows],
        }


def check(panel: Panel) -> CheckReport:
    """Ask the panel for everything that the steps need; the report is kept in ``panel.checked``.

    A login that works again ends the panel's stop.
    """
    begun = time.monotonic()
    rows: list[CheckRow] = []
    with journal.about():
        rows.append(_probe(0, _("log in"), "whoami", lambda: _log_in(panel), panel))
        if rows[0].state == "allowed":
            look = _billmanager if panel.kind == Panel.Kind.BILLMANAGER else _ispmanager
            rows += sorted(look(panel), key=lambda row: row.step)
    seconds = round(time.monotonic() - begun, 3)
    report = CheckReport(all(row.state == "allowed" for row in rows), rows, seconds, panel.version)
    panel.checked, panel.checked_at = report.to_json(), now()
    if rows[0].state == "allowed":
        panel.stopped = ""
    panel.save(update_fields=["checked", "checked_at", "stopped", "version"])
    return report


def _probe(step: int, what: str, func: str, ask: Callable[[], object], panel: Panel) -> CheckRow:
    """The row that asking leads to; an error of a kind that we do not know goes through."""
    state: State = "denied"
    try:
        ask()
    except errors.CertificateRefused as error:
        state, text = "unreachable", " ".join([str(error), *certificate_text(error)])
    except errors.NotSent as error:
        state, text = "unreachable", str(error)
    except errors.LoginRefused as error:
        text = login_text(error.reason, panel)
    except errors.AccessDenied as error:
        advice = _("Grant this login the function %(func)s. The panel says: %(message)s")
        text = advice % {"func": func, "message": error.message}
    except errors.FunctionMissing as error:
        state, text = "not found", str(error)
    except errors.Refused as error:
        text = str(error)
    except errors.UnexpectedAnswer as error:
        state, text = "unreachable" if error.transient else "not found", str(error)
    else:
        state, text = "allowed", ""
    return CheckRow(step, what, func, state, text)


def _log_in(panel: Panel) -> None:
    if panel.kind == Panel.Kind.BILLMANAGER:
        who = connect.billmanager(panel, even_stopped=True).whoami()
        panel.version = who.version or panel.version
        if panel.task_username:
            connect.transport(panel, as_task_staff=True, even_stopped=True).read("whoami")
    else:
        connect.ispmanager(panel, even_stopped=True).whoami()


def _lists(
    transport: Transport, panel: Panel, wanted: list[tuple[int, str, str]]
) -> list[CheckRow]:
    """One row for each list: its first line is asked for, whatever filter is stored."""

    def ask(func: str) -> Callable[[], object]:
        return lambda: transport.read(func, {"p_cnt": 1, "filter": "off"}).listing()

    return [_probe(step, what, func, ask(func), panel) for step, what, func in wanted]


def _ispmanager(panel: Panel) -> list[CheckRow]:
    transport = connect.transport(panel, even_stopped=True)
    return _lists(
        transport,
        panel,
        [
            (0, _("list the accounts"), "user"),
            (0, _("list their domains"), "webdomain"),
            (0, _("list the presets"), "preset"),
        ],
    )


def _billmanager(panel: Panel) -> Iterator[CheckRow]:
    row = _probe(
        0, _("learn what it calls things"), "", lambda: discover_billmanager.learn_dialect(panel),
        panel,
    )  # fmt: skip
    yield row
    if row.state == "unreachable":
        return
    billmanager = connect.billmanager(panel, even_stopped=True)
    transport = connect.transport(panel, even_stopped=True)
    yield from _lists(
        transport,
        panel,
        [
            (1, _("list the processing modules"), "processing"),
            (2, _("list the plans"), "pricelist"),
            (3, _("list the clients"), "account"),
            (3, _("list their users"), "user"),
            (3, _("list the services"), "vhost"),
            (4, _("list the payments"), "payment"),
            (4, _("list the payment methods"), "paymethod"),
            (4, _("list the charges"), "expense"),
        ],
    )
    yield from _forms(panel, billmanager)
    yield from _names(billmanager.dialect)
    staff = connect.transport(panel, as_task_staff=True, even_stopped=True)
    yield from _lists(staff, panel, [(6, _("list the tasks, as their staff"), "task")])


def _forms(panel: Panel, billmanager: BillManager) -> Iterator[CheckRow]:
    yield _probe(
        1, _("open the form of a new module"), "processing.add",
        billmanager.modules.creation_form, panel,
    )  # fmt: skip
    plans = []

    def list_plans() -> None:
        plans.extend(billmanager.plans.all())

    row = _probe(2, _("list the hosting plans"), "pricelist", list_plans, panel)
    if row.state != "allowed":
        yield row
    if not plans:
        text = _("BILLmanager has no plan for shared hosting.")
        yield CheckRow(2, _("list a plan's modules"), "pricelist", "not found", text)
        return
    listing = billmanager.dialect.plan_modules_list
    yield _probe(
        2, _("list a plan's modules"), listing.value if listing else "",
        lambda: billmanager.plans.modules(plans[0].id), panel,
    )  # fmt: skip
    yield from _as_client(panel, billmanager)


def _as_client(panel: Panel, billmanager: BillManager) -> Iterator[CheckRow]:
    """Acting as a client and opening an order form, where a client and an offer are known."""
    user = (
        ClientUser.objects.filter(gone_at=None, active=True)
        .order_by("remote_id")
        .values_list("remote_id", flat=True)
        .first()
    )
    if user is None:
        return
    yield _probe(3, _("act as a client"), "su", lambda: billmanager.whoami(su=user), panel)
    for plan_id, offer in billmanager.plans.offers().items():
        if offer.periods and offer.datacenters:
            datacenter, period = offer.datacenters[0][0], min(offer.periods)
            yield _probe(
                3, _("open an order form as a client"), "vhost.order.param",
                lambda: billmanager.orders.form(plan_id, datacenter, period, user),  # noqa: B023 - asked at once
                panel,
            )  # fmt: skip
            return


def _names(dialect: Dialect) -> Iterator[CheckRow]:
    """What can only be judged by its name having been found."""
    needed = [
        (1, _("the manual module's internal name"), "manual_module"),
        (2, _("switch a plan's module on"), "plan_modules_enable"),
        (2, _("switch a plan's module off"), "plan_modules_disable"),
        (3, _("which way orders go"), "order"),
    ]
    for step, what, name in needed:
        found = getattr(dialect, name)
        if found is None:
            text = _("Not found; correct “%(name)s” on the panel's page.") % {"name": name}
            yield CheckRow(step, what, name, "needs choice", text)
        else:
            yield CheckRow(step, what, str(found.value), "allowed")
