"""Services of shared hosting: what a client has ordered (billmanager.md 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.cutlists import By
from panels.errors import FormLacks, UnexpectedAnswer
from panels.listing import UNSET, iso_date, number
from panels.paging import collect, collect_newer, newest_id

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from panels.billmanager.context import Context, Params
    from panels.cutlists import Axis
    from panels.forms import Form
    from panels.listing import Row

ORDERED, ACTIVE, SUSPENDED, DELETED, IN_PROGRESS = 1, 2, 3, 4, 5
"""Statuses of a service (billmanager.md 7.1); 'ordered' means not paid yet."""

_MODULE = "processingmodule"
_USERNAME = "username"
_STATUS = "status"


@dataclass(frozen=True, slots=True)
class Service:
    """One row of `vhost`.

    Each id is None when the list shows only a title for it; titles are '' when it shows only the
    id. `module_id` is None as well while no module handles the service. `status` is one of the
    constants of this file; `item_status` adds the reason, for instance '5_open', or is ''.
    `period` is in months, None when not told; `cost` and `expires` are None when empty.
    `remoteid` is None when the list has no such column, '' when it is empty. `created` is None
    when the list does not tell the day.
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


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """What a service's own form says (`vhost.edit`).

    `module_id` is None when no module is set, `expires` when there is no date, `status` when the
    form has none; `remoteid` is None when the form has no such field. Whether `module_id` may be
    relied on is told by the form having the field at all: `read` insists on it.
    """

    id: int
    module_id: int | None
    username: str
    domain: str
    status: int | None
    expires: date | None
    remoteid: str | None
    form: Form


class Services:
    """Reads services and sets their expiry."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of_plan(self, plan_id: int, *, floor: int = 0) -> list[Service]:
        """List a plan's services with an id above `floor`, newest first.

        Where rows show no plan id (see `Service`) the panel's filter alone is relied on.
        """
        params: Params = {"filter": "on", "pricelist": plan_id}
        transport = self._context.transport
        found = collect_newer(transport, "vhost", _service, params, floor=floor, axes=self._axes)
        return [service for service in found if service.plan_id in {plan_id, None}]

    def newest_id(self) -> int:
        """Give the highest id of a service of any plan, 0 when there is none."""
        return newest_id(self._context.transport, "vhost", axes=self._axes)

    def of_client(self, client_id: int) -> list[Service]:
        """List a client's services.

        Absence in this list is used as proof, so rows that do not say whose they are raise
        `UnexpectedAnswer`.
        """
        params: Params = {"filter": "on", self._client_filter: client_id}
        found = collect(self._context.transport, "vhost", _service, params)
        if any(service.client_id is None for service in found):
            raise UnexpectedAnswer("services do not say whose they are", func="vhost")
        return [service for service in found if service.client_id == client_id]

    def in_progress(self, plan_id: int) -> list[Service]:
        """List a plan's services that are being worked on at this moment (status 5)."""
        params: Params = {"filter": "on", "pricelist": plan_id, "status": IN_PROGRESS}
        found = collect(self._context.transport, "vhost", _service, params)
        return [s for s in found if s.status == IN_PROGRESS and s.plan_id in {plan_id, None}]

    def with_username(self, username: str) -> list[Service]:
        """List the services, of any plan and client, that bear exactly this username."""
        params: Params = {"filter": "on", "username": username}
        found = collect(self._context.transport, "vhost", _service, params)
        return [service for service in found if service.username == username]

    def all(self) -> list[Service]:
        """List all services of shared hosting."""
        return collect(self._context.transport, "vhost", _service, axes=self._axes)

    def deleted(self) -> list[Service]:
        """List the services that were deleted, as far as the panel still shows them.

        Whether the plain list holds them was not found; `status` is a field of its filter
        (billmanager.md 7.1).
        """
        params: Params = {"filter": "on", "status": DELETED}
        found = collect(self._context.transport, "vhost", _service, params, axes=self._axes)
        return [service for service in found if service.status == DELETED]

    def form(self, service_id: int) -> ServiceForm:
        """Read a service's form. Raises `FormLacks` when it does not tell module and username."""
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
            expires=iso_date(form.value("expiredate")),
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
        """How a list that the panel cuts is asked for in parts: each service has a plan."""
        return (By("pricelist", self._plans),)

    def _plans(self) -> list[str]:
        return collect(self._context.transport, "pricelist", lambda row: row.text("id"))

    @property
    def _client_filter(self) -> str:
        found = self._context.dialect.client_filter
        return "account_id" if found is None else found.value


def _service(row: Row) -> Service:
    plan = ref(row, "pricelist")
    client = ref(row, "account")
    module = ref(row, _MODULE)
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
        status=row.int(_STATUS),
        item_status=row.code_or_none("item_status") or "",
        datacenter=row.get("datacentername", "datacenter_name", "datacenter"),
        period=number(row.code_or_none("period")),
        cost=row.money_or_none("cost") if _has_amount(row) else None,
        expires=row.date_or_none("expiredate"),
        remoteid=row.get("remoteid") if row.has("remoteid") else None,
        created=iso_date(row.get("createdate")),
    )


def _has_amount(row: Row) -> bool:
    return row.get("cost") not in UNSET
