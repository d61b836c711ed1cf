"""Discovery of BILLmanager: its dialect, modules, plans, clients, users and services."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from integrator.core.clock import now
from integrator.inventory import (
    payment_limits,
    plans_outside_windows,
    prices,
    row_owners,
    sale_rules,
    unreadable_rows,
)
from integrator.inventory.change_log import History
from integrator.inventory.mirror import sync
from integrator.inventory.tolerant_reads import unless_denied, unless_odd
from integrator.models import Change, Client, ClientUser, Module, Plan, Service
from integrator.panel_access import panel_connections, stored_dialect
from integrator.steps import module_switches
from panels.billmanager.discovery import discovery
from panels.billmanager.plans import NO_LETTER
from panels.billmanager.registers import registers
from panels.billmanager.sale_rules import SaleRules, group_limits
from panels.coremanager.errors import Refused, UnexpectedAnswer
from panels.coremanager.partial_lists import Gathered, Unreadable
from panels.normal_forms import name_key, stored_email
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping

    from integrator.inventory.progress import Progress
    from integrator.models import Panel
    from panels.billmanager import BillManager
    from panels.billmanager.clients import Client as ListedClient
    from panels.billmanager.plans import Offer, PlanModule
    from panels.billmanager.services import Service as ListedService


T = TypeVar("T")

Kind = Change.Kind

CENT = Decimal("0.01")
MAX_BALANCE = Decimal(10) ** 12
"""A balance is stored below this amount; a larger one is not believed."""


def discover(panel: Panel, progress: Progress) -> tuple[dict[str, int], dict[str, Any]]:
    """Update all mirrors of BILLmanager from what it lists; counts and facts.

    ``facts`` holds what has no mirror: ``paymethods`` [[id, name, currency], …] and ``letters``
    plan id → its opening letter ("" for none); ``client_form`` the ``countries`` and ``projects``
    [[key, label], …] that a new client can have, {} where our login may create none;
    and what `sale_rules` keeps.
    Raises PanelError.
    """
    progress.phase("dialect")
    stored_dialect.learn_dialect(panel)
    billmanager = panel_connections.billmanager(panel)
    counts: dict[str, int] = {}
    notes: list[Unreadable] = []
    progress.phase("modules")
    counts["modules"] = _modules(panel, billmanager, notes)
    progress.phase("plans")
    letters, rules = _plans(panel, billmanager, counts, notes)
    progress.phase("clients")
    counts["clients"] = _clients(panel, billmanager, notes)
    progress.phase("users")
    names = _users(panel, billmanager, counts, notes)
    progress.phase("services")
    counts["services"] = _services(panel, billmanager, progress, names, notes)
    progress.phase("paymethods")
    methods = unless_denied(billmanager.payments.methods) or []
    known = [[method.id, method.name, method.currency or ""] for method in methods]
    form = unless_denied(billmanager.clients.new_form)
    offered = {"countries": form.countries, "projects": form.projects} if form else {}
    facts: dict[str, Any] = {"paymethods": known, "letters": letters, "client_form": offered}
    facts[payment_limits.FACT] = _limits(billmanager, notes)
    facts[sale_rules.RULES] = rules
    facts[sale_rules.GROUPS] = group_limits(billmanager.transport)
    facts[sale_rules.REGISTERS] = sale_rules.kept_registers(registers(billmanager.transport))
    if notes:
        unread = facts[unreadable_rows.KEY] = unreadable_rows.kept(notes)
        counts[unreadable_rows.KEY] = unread["count"]
    return counts, facts


def _limits(billmanager: BillManager, notes: list[Unreadable]) -> dict[str, list[str]]:
    """The limits of the payment methods, as one client is offered them."""
    users = ClientUser.objects.filter(gone_at=None, active=True).order_by("remote_id")
    su = users.values_list("remote_id", flat=True).first()
    if su is None:
        return {}
    try:
        draft = billmanager.payments.draft(su)
    except Refused:
        return {}  # this client may not pay; a rehearsal reads the form of each
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        return {}
    notes += [trouble for method in draft.methods for trouble in method.troubles]
    return payment_limits.kept(draft.methods)


def _modules(panel: Panel, billmanager: BillManager, notes: list[Unreadable]) -> int:
    found: dict[Hashable, dict[str, Any]] = {}
    for module in billmanager.modules.all():
        url = None
        department = module.department_id
        if module.kind == "ispmanager":
            read = partial(billmanager.modules.url, module.id)
            url = unless_odd(read, "processing.edit", module.id, module.name, notes)
        elif module.kind == "manual" and department is None:
            asked = partial(billmanager.modules.department, module.id)
            department = unless_odd(asked, "processing.edit", module.id, module.name, notes)
        found[module.id] = {
            "name": module.name,
            "intname": module.intname,
            "kind": module.kind,
            "datacenter_id": module.datacenter_id,
            "datacenter": module.datacenter_name,
            "department_id": department,
            "orderpriority": module.orderpriority,
            "enabled": module.enabled,
            "url": (url or "")[:300],
        }
    history = History(panel, Kind.MODULE, ("name", "enabled", "url", "datacenter_id"), "name")
    return _store(Module, found, history)


def _plans(
    panel: Panel, billmanager: BillManager, counts: dict[str, int], notes: list[Unreadable]
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Store the plans with what they cost, where they are sold and their modules.

    Gives their letters, and what keeps them from being sold, by plan.
    """
    offers = _offers(billmanager)
    found: dict[Hashable, dict[str, Any]] = {}
    letters, rules = {}, {}
    for plan in billmanager.plans.all():
        read = partial(unless_odd, key=plan.id, name=plan.name, notes=notes)
        sale = read(partial(plan_sale, billmanager, plan.id), "pricelist.edit")
        letters[str(plan.id)], told = sale if sale is not None else ("", SaleRules())
        rules[str(plan.id)] = sale_rules.kept(told)
        found[plan.id] = {
            "name": plan.name[:255],
            "enabled": plan.enabled,
            "project": plan.project[:128],
            **offer_columns(offers.get(plan.id)),
            "limits": read(partial(billmanager.plans.limits, plan.id), "pricelist.detail") or {},
            "modules": module_switches.snapshot(
                read(partial(plan_modules, billmanager, plan.id), unreadable_rows.PLAN_MODULES)
                or (),
                without=(),
            ),
        }
    history = History(panel, Kind.PLAN, ("name", "enabled", "periods", "modules"), "name")
    counts["plans"] = _store(Plan, found, history)
    return letters, rules


def _offers(billmanager: BillManager) -> dict[int, Offer]:
    """Prices and data centres by plan; empty where nothing shows them, which the check reports."""
    su = prices.some_user() or discovery.some_user(billmanager.transport)
    return unless_denied(partial(prices.offers, billmanager, int(su) if su else None)) or {}


def plan_modules(billmanager: BillManager, plan_id: int) -> list[PlanModule]:
    """A plan's modules outside windows; each off while the marker is not known.

    Then no preview takes it for on, and the panel's check, or the window, says what is not known.
    """
    asked_at = now()
    try:
        listed = billmanager.plans.modules(plan_id)
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        listed = list(billmanager.plans.compared(plan_id).modules)
    return plans_outside_windows.modules(plan_id, listed, asked_at=asked_at)


def plan_sale(billmanager: BillManager, plan_id: int) -> tuple[str, SaleRules]:
    """The opening letter that the plan is sold with, empty for none, and what limits its sale."""
    asked_at = now()
    found, rules = billmanager.plans.sale(plan_id)
    sent = plans_outside_windows.letter(plan_id, found, asked_at=asked_at)
    return "" if sent == NO_LETTER else sent, rules


def offer_columns(offer: Offer | None) -> dict[str, Any]:
    """Periods and data centres of a plan; nothing is sold where the price list has no entry."""
    if offer is None:
        return {"periods": {}, "datacenters": []}
    return {
        "periods": {
            str(months): {
                "amount": str(price.amount),
                "setup": str(price.setup),
                "currency": price.currency,
            }
            for months, price in sorted(offer.periods.items())
        },
        "datacenters": [[number, name] for number, name in offer.datacenters],
    }


def read_clients(
    panel: Panel, billmanager: BillManager, *, ask: Collection[int] | None = None
) -> int:
    """Update the clients from the list, and store which cells cannot be read; rows listed.

    ``ask``: the clients whose own form may be read, should their balance be below zero; None: all.
    """
    notes: list[Unreadable] = []
    count = _clients(panel, billmanager, notes, ask)
    unreadable_rows.renew(panel, "account", notes)
    return count


def _clients(
    panel: Panel,
    billmanager: BillManager,
    notes: list[Unreadable],
    ask: Collection[int] | None = None,
) -> int:
    listed = billmanager.clients.all()
    notes += listed.unreadable
    below = [client.id for client in listed if _is_below_zero(client)]
    asked = set([one for one in below if ask is None or one in ask][:MAX_FORMS])
    known = dict(Client.objects.filter(remote_id__in=below).values_list("remote_id", "terms"))
    found: dict[Hashable, Mapping[str, Any]] = {
        client.id: {
            "name": client.name[:255],
            "balance": _balance(client, notes),
            "currency": (client.currency or "")[:8],
            "status": client.status[:32],
            "project": client.project[:128],
            "terms": client_terms(billmanager, client)
            if client.terms or client.id in asked
            else known.get(client.id, {}),
        }
        for client in listed
    }
    history = History(panel, Kind.CLIENT, ("name", "status"), "name")
    return _store(Client, found, history, whole=not listed.lost)


def _balance(client: ListedClient, notes: list[Unreadable]) -> Decimal | None:
    """The balance as it is stored; None, and a note, from ``MAX_BALANCE`` on."""
    balance = kept(client.balance)
    if balance is None and client.balance is not None:
        value, what = str(client.balance), note("cell.too_large")
        notes.append(Unreadable("account", str(client.id), client.name, "balance", value, what))
    return balance


def kept(balance: Decimal | None) -> Decimal | None:
    """The balance as it is stored: rounded down where the panel shows four decimals."""
    if balance is None or abs(balance) >= MAX_BALANCE:
        return None
    return balance.quantize(CENT, ROUND_FLOOR)


MAX_FORMS = 200
"""So many clients' own forms are read in one discovery; the others keep their terms."""


def client_terms(billmanager: BillManager, client: ListedClient) -> dict[str, Any]:
    """The value of ``Client.terms``: from the list, else from the form of a client below zero.

    {} where neither shows any, or our login may not see the form: then a client pays in advance.
    """
    terms = client.terms
    if terms is None and _is_below_zero(client):
        terms = unless_denied(partial(billmanager.clients.terms, client.id))
    if terms is None or not (terms.postpaid or terms.limit):
        return {}
    kept: dict[str, Any] = {"source": terms.source}
    return kept | ({"postpaid": True} if terms.postpaid else {"limit": str(terms.limit)})


def _is_below_zero(client: ListedClient) -> bool:
    return client.balance is not None and client.balance < 0


def read_users(panel: Panel, billmanager: BillManager) -> int:
    """Update the clients' users from the list, and store what cannot be read; rows listed."""
    notes: list[Unreadable] = []
    counts: dict[str, int] = {}
    _users(panel, billmanager, counts, notes)
    unreadable_rows.renew(panel, "user", notes)
    return counts["users"]


def _users(
    panel: Panel, billmanager: BillManager, counts: dict[str, int], notes: list[Unreadable]
) -> dict[str, int]:
    """Store the users; returns name → client for the names that one client alone has."""
    clients = dict(Client.objects.values_list("remote_id", "id"))
    listed = billmanager.clients.users()
    notes += listed.unreadable
    whose, names = row_owners.of_users(billmanager, listed, notes)
    found: dict[Hashable, Mapping[str, Any]] = {
        user.id: {
            "client_id": clients[whose[user.id]],
            "email": stored_email(user.email)[:254],
            "name": user.name[:255],
            "realname": user.realname[:255],
            "active": user.active,
        }
        for user in listed
        if whose.get(user.id) in clients
    }
    unowned = any(user.id not in whose for user in listed)
    history = History(panel, Kind.USER, ("email", "name", "active"), "email")
    whole = not listed.lost and not unowned
    counts["users"] = _store(ClientUser, found, history, whole=whole)
    return names


def _services(
    panel: Panel,
    billmanager: BillManager,
    progress: Progress,
    clients: Mapping[str, int],
    notes: list[Unreadable],
) -> int:
    plans = row_owners.ids_by_unique_name(Plan.objects.values_list("name", "remote_id"))
    modules = row_owners.ids_by_unique_name(Module.objects.values_list("name", "remote_id"))
    # Those that ended show whose an account was; the plain list may hold them or not.
    ended, plain = _ended(billmanager), billmanager.services.all()
    listed = {one.id: one for one in [*ended, *plain]}.values()
    notes += [*ended.unreadable, *plain.unreadable]
    progress.phase("services", len(listed))
    owner = row_owners.of_services(billmanager, clients, notes)
    found: dict[Hashable, Mapping[str, Any]] = {
        service.id: {
            "client_id_remote": owner(service),
            "plan_id_remote": service.plan_id or plans.get(name_key(service.plan_name)),
            "domain": service.domain[:255],
            "username": service.username[:64],
            "module_id_remote": service.module_id or modules.get(name_key(service.module_name)),
            "status": service.status,
            "item_status": service.item_status[:32],
            "expires": service.expires,
        }
        for service in listed
    }
    watch = (
        "client_id_remote",
        "plan_id_remote",
        "domain",
        "username",
        "module_id_remote",
        "status",
    )
    history = History(panel, Kind.SERVICE, watch, "domain")
    whole = not ended.lost and not plain.lost
    return _store(Service, found, history, progress.done, whole=whole)


def _ended(billmanager: BillManager) -> Gathered[ListedService]:
    """The services that were deleted; none where the panel does not list them by that filter."""
    try:
        return billmanager.services.deleted()
    except Refused:
        return Gathered()


def _store(
    model: Any,
    found: Mapping[Hashable, Mapping[str, Any]],
    history: History,
    progress: Callable[[int], None] = lambda _done: None,
    *,
    whole: bool = True,
) -> int:
    """Update one mirror from a list and record what changed; rows listed.

    ``whole``: no row of it was lost, so that what is not in ``found`` is gone.
    """
    moment = now()
    synced = sync(
        model.objects.all(),
        found,
        key="remote_id",
        at=moment,
        progress=progress,
        listener=history,
        whole=whole,
    )
    history.write(moment)
    return synced.listed
