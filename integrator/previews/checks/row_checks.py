"""Judges each row of a preview by itself: what would be ordered, and what blocks it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.inventory import unreadable_rows
from integrator.inventory.mirror import portions
from integrator.matching.candidates import obstacles
from integrator.matching.plan_limits import Usages
from integrator.messages.panel_errors import of_words
from integrator.messages.reasons import reason
from integrator.models import Client, ClientUser, Module, Panel, Plan
from integrator.models.states import Payment
from integrator.previews import confirmable
from integrator.previews.checks.judged_rows import Judged
from integrator.previews.checks.rule_checks import Rules
from integrator.previews.checks.sites import Sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.matching.candidates import Candidate
    from integrator.previews.choices import Choices

CLIENTS_ASKED = 2000
"""So many clients' users are asked for at once."""


class Judge:
    """Judges candidates by the mirrors of panels, clients and plans.

    ``holder``: a binding that is corrected, whose own account, domain and service are free for it.
    """

    def __init__(
        self, candidates: Sequence[Candidate], choices: Choices, holder: int | None = None
    ) -> None:
        self._choices, self._today = choices, now().date()
        self._sites = Sites(candidates, holder)
        clients = {one.client for one in candidates if one.client is not None}
        self._clients: dict[int, Client] = Client.objects.in_bulk(clients)
        self._standings = Usages({one.account.id for one in candidates})
        self._first_user = _first_users(clients)
        self._plans: dict[int, Plan] = Plan.objects.in_bulk()
        self._panels: dict[int, Panel] = Panel.objects.in_bulk()
        billmanagers = (p for p in self._panels.values() if p.kind == Panel.Kind.BILLMANAGER)
        billing = next(billmanagers, None)
        self._unread_plans = unreadable_rows.plans(billing)
        # What is corrected may be ordered already: then it is one of those that are counted.
        self._rules = Rules(billing, self._today, counted=holder is None)
        self._modules = {one.remote_id: one for one in Module.objects.filter(gone_at=None)}
        self._active_users = set(
            ClientUser.objects.filter(gone_at=None, active=True).values_list("remote_id", flat=True)
        )

    def judge(self, candidate: Candidate) -> Judged:
        """The row that this candidate becomes; money is summed up afterwards, over all rows."""
        row = Judged(candidate)
        row.blocks += obstacles(candidate.account)
        self._judge_client(row)
        self._judge_plan(row)
        self._judge_server(row, self._panels[candidate.account.panel_id])
        self._judge_domain(row)
        if candidate.expires is not None and candidate.expires <= self._today:
            row.blocks.append(reason("expires_past", date=candidate.expires.isoformat()))
        self._judge_price(row)
        self._rules.judge(row)
        if row.plan is not None:
            row.notes += self._standings.compared(candidate.account.id, row.plan)
        if not candidate.account.active:
            row.notes.append(reason("suspended"))
        if not candidate.password and not self._choices.reset_passwords:
            without = self._choices.without_passwords
            row.notes.append(reason("without_password" if without else "no_password"))
        return row

    def _judge_client(self, row: Judged) -> None:
        wanted = row.candidate
        if wanted.reasons:
            # Of a match; whoever names the client in a file has decided these.
            row.choose += [one for one in wanted.account.unsaid if one not in row.blocks]
        if wanted.client is None:
            keys = {one["key"] for one in wanted.reasons}
            if not wanted.candidates:
                row.blocks.append(reason("no_client"))
            elif "contradiction" in keys:
                row.choose.append(reason("contradiction"))
            elif len(wanted.candidates) > 1 and "doubted_client" not in keys:
                row.choose.append(reason("several_clients", count=len(wanted.candidates)))
            elif not row.choose:
                row.choose.append(reason("weak_client"))
            return
        client = row.client = self._clients[wanted.client]
        if client.gone_at is not None:
            row.blocks.append(reason("client_gone"))
        if wanted.su is not None and wanted.su in self._active_users:
            row.su, row.email = wanted.su, wanted.email
        elif client.pk in self._first_user:
            row.su, row.email = self._first_user[client.pk]
        else:
            row.blocks.append(reason("client_without_user", client=client.remote_id))

    def _judge_domain(self, row: Judged) -> None:
        wanted = row.candidate
        if not wanted.domain:
            row.blocks.append(reason("no_domain"))
            return
        services = {one["params"]["service"] for one in row.blocks if "service" in one["params"]}
        found = self._sites.blocks(wanted)
        row.blocks += [one for one in found if one["params"].get("service", -1) not in services]
        asked = self._sites.question(wanted)
        if asked is not None and confirmable.is_said(asked, wanted.words):
            row.notes.append(asked)
        elif asked is not None:
            row.choose.append(asked)

    def _judge_plan(self, row: Judged) -> None:
        if row.candidate.plan is None:
            if not any(one["key"] == "no_plan" for one in row.candidate.reasons):
                row.choose.append(reason("plan_gone"))
            else:
                row.choose += [one for one in row.candidate.reasons if one["key"] == "no_plan"]
            return
        plan = row.plan = self._plans[row.candidate.plan]
        if plan.gone_at is not None:
            row.blocks.append(reason("plan_gone"))
        elif not plan.enabled:
            row.blocks.append(reason("plan_off", plan=plan.name))
        elif plan.remote_id in self._unread_plans:
            said = of_words(self._unread_plans[plan.remote_id])
            row.blocks.append(reason("plan_unread", plan=plan.name, said=said))

    def _judge_server(self, row: Judged, panel: Panel) -> None:
        """The module and data centre of the account's own server, and whether the plan fits."""
        if panel.module_id is None:
            row.blocks.append(reason("no_link", server=panel.name))
            return
        module = self._modules.get(panel.module_id)
        if module is None or module.kind != "ispmanager":
            row.blocks.append(reason("module_gone", module=panel.module_id, server=panel.name))
            return
        row.module_id = module.remote_id
        if not module.enabled:
            row.blocks.append(reason("module_off", module=module.name, server=panel.name))
        if row.plan is None:
            return
        row.datacenter_id = _datacenter(module, row.plan)
        if row.datacenter_id is None and module.datacenter_id is None and not module.datacenter:
            row.blocks.append(reason("no_datacenter", module=module.name, server=panel.name))
        elif row.datacenter_id is None:
            row.blocks.append(reason("not_sold_there", plan=row.plan.name, server=panel.name))
        if not any(one["id"] == module.remote_id and one["enabled"] for one in row.plan.modules):
            row.notes.append(reason("foreign_module", module=module.name))

    def _judge_price(self, row: Judged) -> None:
        if row.plan is None:
            return
        period = row.candidate.period
        price = row.plan.periods.get(str(period))
        if price is None:
            sold = ", ".join(sorted(row.plan.periods, key=int)) or "–"
            row.blocks.append(
                reason("period_not_sold", plan=row.plan.name, period=period, sold=sold)
            )
            return
        row.price = Decimal(price["amount"]) + Decimal(price.get("setup", "0"))
        row.currency = price["currency"]
        if self._choices.payment == Payment.FREE and row.price:
            row.blocks.append(reason("not_free", price=str(row.price), currency=row.currency))


def _datacenter(module: Module, plan: Plan) -> int | None:
    """The id of the module's data centre where the plan is sold in it; None: it is not.

    Some lists show the data centre's name alone.
    """
    for number, name in plan.datacenters:
        if module.datacenter_id == number:
            return int(number)
        if module.datacenter_id is None and module.datacenter and module.datacenter == name:
            return int(number)
    return None


def _first_users(clients: set[int]) -> dict[int, tuple[int, str]]:
    """Client → the active user with the lowest id, and its e-mail (design.md, section 9)."""
    users = ClientUser.objects.filter(gone_at=None, active=True).order_by("-remote_id")
    return {
        client: (user, email)
        for asked in portions(clients, CLIENTS_ASKED)
        for client, user, email in users.filter(client__in=asked).values_list(
            "client_id", "remote_id", "email"
        )
    }
