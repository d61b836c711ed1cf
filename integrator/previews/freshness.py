"""Reads again what a preview depends on, just before it is started.

A few lists, and two calls for each plan that is sold on; whole panels are the discovery's
business. Only lists and forms are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.core.clock import now
from integrator.inventory import prices, sale_rules, service_recognition
from integrator.inventory.billmanager import (
    client_terms,
    kept,
    offer_columns,
    plan_modules,
    plan_sale,
    read_clients,
    read_users,
)
from integrator.inventory.ispmanager import by_owner, main_domain
from integrator.inventory.lookup import billmanager
from integrator.inventory.mirror import update_rows
from integrator.models import Account, Client, ClientUser, Module, Panel, Plan, Service
from integrator.panel_access import call_log, panel_connections
from integrator.panel_access.read_retries import repeated_reads
from integrator.steps import module_switches
from panels.billmanager.registers import registers

if TYPE_CHECKING:
    from integrator.models import Preview
    from panels.billmanager import BillManager


MAX_READ_SINGLY = 40
"""Clients of a preview that are read one by one at most, where all are many."""
MAX_CLIENTS_READ = 2000
"""Two pages of a list (billmanager.md 1.6); beyond that a small preview is cheaper one by one."""


def reread(preview: Preview) -> None:
    """Update the mirrors of all that this preview names from the panels.

    That is: clients, users and modules; the plans with their prices, modules and letters; services
    that are new on any plan; whether the accounts are still on their servers, with which domains.
    Raises PanelError; what was read until then is kept.
    """
    rows = preview.rows.all()
    plans = Plan.objects.filter(pk__in=rows.values("plan_id"))
    servers = Panel.objects.filter(pk__in=rows.values("account__panel_id"))
    panel = billmanager()
    with call_log.about(), repeated_reads():
        client = panel_connections.billmanager(panel)
        _clients(panel, client, preview)
        _modules(client)
        _plans(panel, client, {plan.remote_id: plan for plan in plans})
        added = _services(client)
        for server in servers:
            _accounts(server, preview)
        if added:
            service_recognition.recognise()


def _clients(panel: Panel, client: BillManager, preview: Preview) -> None:
    """Balances and users: of all clients, or one by one where that are far fewer calls."""
    rows = preview.rows.exclude(client=None)
    wanted = dict(rows.values_list("client__remote_id", "client_email"))
    if len(wanted) > MAX_READ_SINGLY or Client.objects.count() <= MAX_CLIENTS_READ:
        read_clients(panel, client, ask=wanted)
        read_users(panel, client)
        return
    moment = now()
    for number in wanted:
        found = client.clients.one(number)
        known = Client.objects.filter(remote_id=number)
        if found is None:
            known.update(gone_at=moment)
        else:
            known.update(
                balance=kept(found.balance),
                status=found.status[:32],
                seen_at=moment,
                terms=client_terms(client, found),
            )
    for email in set(rows.values_list("client_email", flat=True)):
        users = {user.id: user.active for user in client.clients.with_email(email)} if email else {}
        for user in ClientUser.objects.filter(email=email, gone_at=None).exclude(email=""):
            if users.get(user.remote_id) != user.active:
                user.active = users.get(user.remote_id, False)
                user.save(update_fields=["active"])


def _modules(client: BillManager) -> None:
    found = {module.id: module for module in client.modules.all()}
    for known in Module.objects.filter(gone_at=None):
        module = found.get(known.remote_id)
        if module is None:
            Module.objects.filter(pk=known.pk).update(gone_at=now())
        elif (known.enabled, known.datacenter_id) != (module.enabled, module.datacenter_id):
            Module.objects.filter(pk=known.pk).update(
                enabled=module.enabled, datacenter_id=module.datacenter_id
            )


def _plans(panel: Panel, client: BillManager, plans: dict[int, Plan]) -> None:
    """Prices, modules and letters of these plans; those that are gone are marked."""
    offers = prices.offers(client, prices.some_user())
    listed = {plan.id: plan for plan in client.plans.all()}
    letters: dict[str, str] = {}
    rules: dict[str, Any] = {}
    for number, known in plans.items():
        plan = listed.get(number)
        if plan is None:
            Plan.objects.filter(pk=known.pk).update(gone_at=now())
            continue
        letters[str(number)], told = plan_sale(client, number)
        rules[str(number)] = sale_rules.kept(told)
        modules = module_switches.snapshot(plan_modules(client, number), without=())
        columns = {"enabled": plan.enabled, "modules": modules, **offer_columns(offers.get(number))}
        Plan.objects.filter(pk=known.pk).update(gone_at=None, **columns)
    panel.refresh_from_db(fields=["discovery"])
    facts = panel.discovery.get("facts", {})
    panel.discovery["facts"] = {
        **facts,
        "letters": {**facts.get("letters", {}), **letters},
        sale_rules.RULES: {**facts.get(sale_rules.RULES, {}), **rules},
        sale_rules.REGISTERS: sale_rules.kept_registers(registers(client.transport)),
    }
    panel.save(update_fields=["discovery"])


def _services(client: BillManager) -> int:
    """Add services of any plan that are newer than all known ones; how many."""
    known = Service.objects.order_by("-remote_id").values_list("remote_id", flat=True).first()
    newest = known or 0
    if client.services.newest_id() <= newest:
        return 0
    added = 0
    for plan in Plan.objects.values_list("remote_id", flat=True):
        for service in client.services.of_plan(plan, floor=newest):
            values: dict[str, Any] = {
                "client_id_remote": service.client_id,
                "plan_id_remote": plan,
                "domain": service.domain[:255],
                "username": service.username[:64],
                "module_id_remote": service.module_id or _module_called(service.module_name),
                "status": service.status,
                "item_status": service.item_status,
                "expires": service.expires,
                "seen_at": now(),
            }
            Service.objects.update_or_create(remote_id=service.id, defaults=values)
            added += 1
    return added


def _module_called(name: str) -> int | None:
    found = list(Module.objects.filter(name=name, gone_at=None).values_list("remote_id", flat=True))
    return found[0] if name and len(found) == 1 else None


def _accounts(server: Panel, preview: Preview) -> None:
    """Update the preview's accounts on this server: gone, suspended, other sites."""
    ispmanager = panel_connections.ispmanager(server)
    found = ispmanager.accounts()
    listed = {row.username: row for row in found}
    owned = by_owner(ispmanager.domains())
    moment = now()
    altered = []
    ours = Account.objects.filter(panel=server, pk__in=preview.rows.values("account_id"))
    columns = ["active", "gone_at", "domain", "domains"]
    for pk, username, *before in ours.values_list("id", "username", *columns):
        row = listed.get(username)
        if row is None and found.lost:
            continue  # it may be the one that cannot be read
        if row is None:
            after = [before[0], before[1] or moment, *before[2:]]
        else:
            names = owned.get(username, [])
            after = [row.active, None, main_domain(names, before[2]), names]
        if after != before:
            altered.append((pk, after))
    update_rows(Account, columns, altered)
