"""Services of shared hosting: what a client has ordered (billmanager.md 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.coremanager.cut_lists import By
from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import iso_date, money, number
from panels.coremanager.partial_lists import Cells, Gathered, gather, gather_newer
from panels.coremanager.whole_lists import collect, newest_id
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

    from panels.billmanager.context import Context, Params
    from panels.coremanager.cut_lists import Axis
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row
    from panels.coremanager.partial_lists import Unreadable

ORDERED, ACTIVE, SUSPENDED, DELETED, IN_PROGRESS = 1, 2, 3, 4, 5
"""Statuses of a service (billmanager.md 7.1); 'ordered' means not paid yet."""

UNKNOWN = 0
"""Stands for a status that the list does not show, or that is none of these five."""

STATUSES = frozenset({ORDERED, ACTIVE, SUSPENDED, DELETED, IN_PROGRESS})
_REASON = re.compile(r"[1-5](?:_[a-z_]+)?", re.ASCII)
_WARNING = "open_warning"
"""In the name of the message that nothing can be changed while the opening runs, as
`msg_open_warning` (billmanager.md 7.5)."""
_MODULE = "processingmodule"
_USERNAME = "username"
_STATUS = "status"


@dataclass(frozen=True, slots=True)
class Service:
    """One row of `vhost`.

    Each id is None when the list shows only a title for it; titles are '' when it shows only the
    id. `module_id` is None as well while no module handles the service; `module_intname` is the
    internal name of its module (`pmmodule`), '' where not shown. `status` is one of the constants
    of this file, `UNKNOWN` included; `item_status` adds the reason, for instance '5_open', or is
    ''. `period` is in months, None when absent. `cost` is that of one displayed period, for
    people alone, None when empty or not clear. `expires` is None when there is no date: a service
    that is charged daily shows words instead. `remoteid` is None when the list has no such column,
    '' when it is empty. `created` is None when the list does not show the day.
    """

    id: int
    plan_id: int | None
    plan_name: str
    client_id: int | None
    client_name: str
    domain: str
    username: str
    module_id: int | None
    module_name: str
    status: int
    item_status: str
    datacenter: str
    period: int | None
    cost: Decimal | None
    expires: date | None
    remoteid: str | None
    created: date | None = None
    module_intname: str = ""
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """A service's own form (`vhost.edit`).

    `module_id` is None when no module is set, `expires` when there is no date, `status` when the
    form has none; `remoteid` is None when the form has no such field. Whether `module_id` may be
    relied on is shown by the form having the field at all: `read` insists on it.
    """

    id: int
    module_id: int | None
    username: str
    domain: str
    status: int | None
    expires: date | None
    remoteid: str | None
    form: Form

    @property
    def client_id(self) -> int | None:
        """Give the client's id, where the form holds it; that `account` does is inferred."""
        return number(self.form.value("account") or None)

    @property
    def expiry_can_be_set(self) -> bool:
        """Whether the date on which the service expires can be set by this form, now.

        The field is read-only in the form that public code shows, and nothing can be changed
        while the opening runs, which a warning says (billmanager.md 7.5).
        """
        field = self.form.fields.get("expiredate")
        if field is None or field.readonly or field.hidden:
            return False
        warned = any(_WARNING in name for name in self.form.fields)
        return not warned or self.status in {ACTIVE, SUSPENDED}


class Services:
    """Reads services and sets their expiry."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of_plan(self, plan_id: int, *, floor: int = 0) -> list[Service]:
        """List a plan's services with an id above `floor`, newest first.

        Where rows show no plan id (see `Service`) the panel's filter alone is relied on.
        """
        params: Params = {"filter": "on", "pricelist": plan_id}
        transport, keep = self._context.transport, _is(plan_id, "pricelist")
        return gather_newer(
            transport, "vhost", _service, params, floor=floor, keep=keep, axes=self._axes
        ).whole()

    def newest_id(self) -> int:
        """Give the highest id of a service of any plan, 0 when there is none."""
        return newest_id(self._context.transport, "vhost", axes=self._axes)

    def of_client(self, client_id: int, su: str | int | None = None) -> list[Service]:
        """List a client's services.

        Absence in this list is used as proof. So a row of his that cannot be read raises
        `UnexpectedAnswer`; and where rows do not say whose they are, what the client himself is
        shown counts (`su`, his user), or without `su` `UnexpectedAnswer` is raised.
        """
        params: Params = {"filter": "on", self._client_filter: client_id}
        transport, keep = self._context.transport, _is(client_id, "account")
        found = gather(transport, "vhost", _service, params, keep=keep).whole()
        if all(service.client_id is not None for service in found):
            return found
        if su is None:
            raise UnexpectedAnswer(note("list.no_owners"), func="vhost")
        own = gather(transport, "vhost", _service, su=su).whole()
        return [replace(service, client_id=client_id) for service in own]

    def seen_by(self, su: str | int, *, floor: int) -> set[int]:
        """Give the ids above `floor` of the services that a client himself is shown."""
        transport = self._context.transport
        own = gather_newer(transport, "vhost", _service, floor=floor, su=su).whole()
        return {service.id for service in own}

    def in_progress(self, plan_id: int) -> list[Service]:
        """List a plan's services that are being worked on at this moment (status 5).

        One whose status cannot be read may be, so it is among them.
        """
        params: Params = {"filter": "on", "pricelist": plan_id, "status": IN_PROGRESS}
        transport, keep = self._context.transport, _is(plan_id, "pricelist")
        found = gather(transport, "vhost", _service, params, keep=keep).whole()
        return [s for s in found if s.status in {IN_PROGRESS, UNKNOWN}]

    def with_username(self, username: str) -> list[Service]:
        """List the services, of any plan and client, that bear exactly this username."""
        params: Params = {"filter": "on", "username": username}
        transport = self._context.transport
        return gather(
            transport, "vhost", _service, params, keep=lambda row: row.get(_USERNAME) == username
        ).whole()

    def all(self) -> Gathered[Service]:
        """List all services of shared hosting."""
        return gather(self._context.transport, "vhost", _service, axes=self._axes)

    def deleted(self) -> Gathered[Service]:
        """List the services that were deleted, as far as the panel still shows them.

        They stay in the plain list, unless a global option hides them everywhere
        (billmanager.md 7.1); `status` is a field of its filter.
        """
        params: Params = {"filter": "on", "status": DELETED}
        found = gather(self._context.transport, "vhost", _service, params, axes=self._axes)
        return Gathered([s for s in found if s.status == DELETED], found.lost)

    def form(self, service_id: int) -> ServiceForm:
        """Read a service's form. Raises `FormLacks` when it does not show module and username."""
        answer = self._context.transport.read("vhost.edit", {"elid": service_id}, devel=True)
        form = answer.form()
        missing = tuple(name for name in (_MODULE, _USERNAME) if name not in form.fields)
        if missing:
            raise FormLacks(missing, form=form, panel=answer.panel, func="vhost.edit")
        return ServiceForm(
            id=service_id,
            module_id=number(form.value(_MODULE)),
            username=form.value(_USERNAME),
            domain=form.value("domain"),
            status=number(form.value(_STATUS)),
            expires=_date_in(form.value("expiredate"), form.value("real_expiredate")),
            remoteid=form.value("remoteid") if "remoteid" in form.fields else None,
            form=form,
        )

    def set_module(self, form: ServiceForm, module_id: int, *, send_by: float) -> None:
        """Hand a service to another module, by its own form (`processingmodule`, 7.1).

        Raises `FormLacks` before anything is sent when the form does not offer that module. The
        module that has it at present may be told of a saved service (7.3), so what else the form
        holds is left as it is.
        """
        if not form.form.fields[_MODULE].offers(str(module_id)):
            raise FormLacks((f"{_MODULE}={module_id}",), form=form.form, func="vhost.edit")
        params: Params = {"elid": form.id, _MODULE: module_id, "sok": "ok"}
        self._context.transport.act("vhost.edit", params, send_by=send_by)

    def set_expiry(self, service_id: int, until: date, *, send_by: float) -> None:
        """Set the date on which a service expires (`expiredate` of `vhost.edit`).

        Saving a service that is bound to an ispmanager may push its limits to the live account
        (billmanager.md 7.3): do it while the module is still manual.
        """
        params: Params = {"elid": service_id, "expiredate": until.isoformat(), "sok": "ok"}
        self._context.transport.act("vhost.edit", params, send_by=send_by)

    @property
    def _axes(self) -> tuple[Axis, ...]:
        """The parts in which a list that the panel cuts is read: each service has a plan."""
        return (By("pricelist", self._plans),)

    def _plans(self) -> list[str]:
        return collect(self._context.transport, "pricelist", lambda row: row.text("id"))

    @property
    def _client_filter(self) -> str:
        found = self._context.dialect.client_filter
        return "account_id" if found is None else found.value


def _is(wanted: int, column: str) -> Callable[[Row], bool]:
    """Whether a row names this object in that column, or does not show its id."""
    return lambda row: ref(row, column).id in {wanted, None}


def _service(row: Row) -> Service:
    cells = Cells(row)
    plan = ref(row, "pricelist")
    client = ref(row, "account")
    module = ref(row, _MODULE)
    reason = _reason(row)
    return Service(
        id=row.int("id"),
        plan_id=plan.id,
        plan_name=plan.title,
        client_id=client.id,
        client_name=client.title,
        domain=row.get("domain"),
        username=row.get(_USERNAME),
        module_id=module.id,
        module_name=module.title,
        status=_status(row, reason, cells),
        item_status=reason,
        datacenter=row.get("datacentername", "datacenter_name", "datacenter"),
        period=number(row.code_or_none("period")),
        cost=money(row.get("cost")),
        expires=_date_in(row.get("expiredate"), row.get("real_expiredate")),
        remoteid=row.get("remoteid") if row.has("remoteid") else None,
        created=iso_date(row.get("createdate")),
        module_intname=row.get("pmmodule"),
        troubles=cells.troubles,
    )


def _status(row: Row, reason: str, cells: Cells) -> int:
    """Give the status: its own column may be missing, then others show it (facts 2.5)."""
    shown = (row.code_or_none(_STATUS), reason.partition("_")[0], row.get("item_real_status"))
    for code in shown:
        status = number((code or "").partition("_")[0])
        if status in STATUSES:
            return status
    known = next((name for name in (_STATUS, "item_status") if row.has(name)), _STATUS)
    what = note("cell.no_status") if row.has(known) else note("cell.missing")
    cells.note(known, what)
    return UNKNOWN


def _reason(row: Row) -> str:
    """Give the status with its reason as a code, '' where only a text for people is shown."""
    for code in (row.code_or_none("item_status"), row.get("item_real_status")):
        if code and _REASON.fullmatch(code):
            return code
    return ""


def _date_in(*texts: str) -> date | None:
    """Give the first date; what is charged daily shows words before it (billmanager.md 7.4)."""
    return next((day for text in texts if (day := iso_date(text)) is not None), None)
