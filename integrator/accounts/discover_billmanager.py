"""Discovery of BILLmanager: its dialect, modules, plans, clients, users and services."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from integrator.accounts.history import History
from integrator.accounts.mirroring import sync
from integrator.clock import now
from integrator.models import Change, Client, ClientUser, Module, Plan, Service
from integrator.panel_access import connect, learning
from panels.errors import AccessDenied, FunctionMissing, Refused, UnexpectedAnswer
from panels.spelling import name_key, stored_email

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping

    from integrator.accounts.progress import Progress
    from integrator.models import Panel
    from panels.billmanager import BillManager
    from panels.billmanager.clients import Client as ListedClient
    from panels.billmanager.plans import Offer, PlanModule
    from panels.billmanager.services import Service as ListedService


T = TypeVar("T")

Kind = Change.Kind


def discover(panel: Panel, progress: Progress) -> tuple[dict[str, int], dict[str, Any]]:
    """Bring all mirrors of BILLmanager in line with what it lists; counts and facts.

    ``facts`` holds what has no mirror: ``paymethods`` [[id, name, currency], …] and ``letters``
    plan id → its opening letter ("" for none); ``client_form`` the ``countries`` and ``projects``
    [[key, label], …] that a new client can have, {} where our login may create none.
    Raises panels.errors.PanelError.
    """
    progress.phase("dialect")
    learning.learn_dialect(panel)
    billmanager = connect.billmanager(panel)
    counts: dict[str, int] = {}
    progress.phase("modules")
    counts["modules"] = _modules(panel, billmanager)
    progress.phase("plans")
    letters = _plans(panel, billmanager, counts)
    progress.phase("clients")
    counts["clients"] = read_clients(panel, billmanager)
    progress.phase("users")
    counts["users"] = read_users(panel, billmanager)
    progress.phase("services")
    counts["services"] = _services(panel, billmanager, progress)
    progress.phase("paymethods")
    methods = _unless_denied(billmanager.payments.methods) or []
    known = [[method.id, method.name, method.currency or ""] for method in methods]
    form = _unless_denied(billmanager.clients.new_form)
    offered = {"countries": form.countries, "projects": form.projects} if form else {}
    return counts, {"paymethods": known, "letters": letters, "client_form": offered}


def _unless_denied(read: Callable[[], T]) -> T | None:
    """What was read; None where our login may not see it and discovery can go on without."""
    try:
        return read()
    except (AccessDenied, FunctionMissing):
        return None


def _modules(panel: Panel, billmanager: BillManager) -> int:
    found: dict[Hashable, dict[str, Any]] = {}
    for module in billmanager.modules.all():
        url = None
        department = module.department_id
        if module.kind == "ispmanager":
            url = _unless_denied(partial(billmanager.modules.url, module.id))
        elif module.kind == "manual" and department is None:
            department = _unless_denied(partial(billmanager.modules.department, module.id))
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


def _plans(panel: Panel, billmanager: BillManager, counts: dict[str, int]) -> dict[str, str]:
    """Store the plans with what they cost, where they are sold and their modules; the letters."""
    offers = billmanager.plans.offers()
    found: dict[Hashable, dict[str, Any]] = {}
    letters = {}
    for plan in billmanager.plans.all():
        letter = _unless_denied(partial(billmanager.plans.opening_letter, plan.id))
        letters[str(plan.id)] = "" if letter in {None, "null"} else str(letter)
        found[plan.id] = {
            "name": plan.name[:255],
            "enabled": plan.enabled,
            "project": plan.project[:128],
            **offer_columns(offers.get(plan.id)),
            "limits": _unless_denied(partial(billmanager.plans.limits, plan.id)) or {},
            "modules": [
                {"id": m.id, "name": m.name, "enabled": m.enabled, "orderpriority": m.orderpriority}
                for m in plan_modules(billmanager, plan.id)
            ],
        }
    history = History(panel, Kind.PLAN, ("name", "enabled", "periods", "modules"), "name")
    counts["plans"] = _store(Plan, found, history)
    return letters


def plan_modules(billmanager: BillManager, plan_id: int) -> list[PlanModule]:
    """A plan's modules; one counts as off while nothing tells that it is on.

    Then no preview takes it for on, and the panel's check, or the window, says what is not known.
    """
    try:
        return billmanager.plans.modules(plan_id)
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        return list(billmanager.plans.compared(plan_id).modules)


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
    """Bring the clients in line with the list; rows listed.

    ``ask``: the clients whose own form may be read, should their balance be below zero; None: all.
    """
    listed = billmanager.clients.all()
    below = [client.id for client in listed if _is_below_zero(client)]
    asked = set([one for one in below if ask is None or one in ask][:MOST_FORMS])
    kept = dict(Client.objects.filter(remote_id__in=below).values_list("remote_id", "terms"))
    found: dict[Hashable, Mapping[str, Any]] = {
        client.id: {
            "name": client.name[:255],
            "balance": client.balance,
            "currency": client.currency or "",
            "status": client.status[:32],
            "project": client.project[:128],
            "terms": client_terms(billmanager, client)
            if client.terms or client.id in asked
            else kept.get(client.id, {}),
        }
        for client in listed
    }
    return _store(Client, found, History(panel, Kind.CLIENT, ("name", "status"), "name"))


MOST_FORMS = 200
"""So many clients' own forms are read in one discovery; the others keep their terms."""


def client_terms(billmanager: BillManager, client: ListedClient) -> dict[str, Any]:
    """What ``Client.terms`` keeps: from the list, else from the form of one that is below zero.

    {} where neither shows any, or our login may not see the form: then a client pays in advance.
    """
    terms = client.terms
    if terms is None and _is_below_zero(client):
        terms = _unless_denied(partial(billmanager.clients.terms, client.id))
    if terms is None or not (terms.postpaid or terms.limit):
        return {}
    kept: dict[str, Any] = {"source": terms.source}
    return kept | ({"postpaid": True} if terms.postpaid else {"limit": str(terms.limit)})


def _is_below_zero(client: ListedClient) -> bool:
    return client.balance is not None and client.balance < 0


def read_users(panel: Panel, billmanager: BillManager) -> int:
    """Bring the clients' users in line with the list; rows listed."""
    clients = dict(Client.objects.values_list("remote_id", "id"))
    found: dict[Hashable, Mapping[str, Any]] = {
        user.id: {
            "client_id": clients[user.client_id],
            "email": stored_email(user.email)[:254],
            "name": user.name[:255],
            "realname": user.realname[:255],
            "active": user.active,
        }
        for user in billmanager.clients.users()
        if user.client_id in clients
    }
    history = History(panel, Kind.USER, ("email", "name", "active"), "email")
    return _store(ClientUser, found, history)


def _services(panel: Panel, billmanager: BillManager, progress: Progress) -> int:
    plans = _ids_by_unique_name(Plan.objects.values_list("name", "remote_id"))
    modules = _ids_by_unique_name(Module.objects.values_list("name", "remote_id"))
    clients = _ids_by_unique_name(Client.objects.values_list("name", "remote_id"))
    # Those that ended tell whose an account was; the plain list may hold them or not.
    ended = _ended(billmanager)
    listed = list({one.id: one for one in [*ended, *billmanager.services.all()]}.values())
    progress.phase("services", len(listed))
    found: dict[Hashable, Mapping[str, Any]] = {
        service.id: {
            "client_id_remote": service.client_id or clients.get(name_key(service.client_name)),
            "plan_id_remote": service.plan_id or plans.get(name_key(service.plan_name)),
            "domain": service.domain[:255],
            "username": service.username[:64],
            "module_id_remote": service.module_id or modules.get(name_key(service.module_name)),
            "status": service.status,
            "item_status": service.item_status,
            "expires": service.expires,
        }
        for service in listed
    }
    watch = ("client_id_remote", "plan_id_remote", "domain", "username", "module_id_remote",
             "status")  # fmt: skip
    return _store(Service, found, History(panel, Kind.SERVICE, watch, "domain"), progress.done)


def _ended(billmanager: BillManager) -> list[ListedService]:
    """The services that were deleted; none where the panel does not list them by that filter."""
    try:
        return billmanager.services.deleted()
    except Refused:
        return []


def _store(
    model: Any,
    found: Mapping[Hashable, Mapping[str, Any]],
    history: History,
    progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """Bring one mirror in line with a complete list and write down what changed; rows listed."""
    moment = now()
    synced = sync(
        model.objects.all(), found, key="remote_id", at=moment, progress=progress, listener=history
    )
    history.write(moment)
    return synced.listed


def _ids_by_unique_name(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Name → id where only one has the name: lists of some versions tell names alone."""
    ids: dict[str, set[int]] = {}
    for name, number in pairs:
        ids.setdefault(name_key(name), set()).add(number)
    return {name: next(iter(found)) for name, found in ids.items() if name and len(found) == 1}
