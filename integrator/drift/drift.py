"""Drift: bound services compared with the accounts they are, from the mirrors alone.

It reads what discovery last saw and asks no panel; so it is as fresh as the discoveries, after
each of which it runs. Nothing is ever put right by itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.drift.differences import Comparison
from integrator.inventory.mirror import portions, update_rows
from integrator.models import Account, Drift

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

    from integrator.drift.differences import Difference
    from integrator.messages.reasons import Reason

CONFLICTS = frozenset(
    {"client_differs", "client_doubted", "plan_differs", "two_services", "account_moved"}
)
"""Differences that speak of the wrong client, plan or server; the Accounts page shows them too."""


def compare() -> int:
    """Compare all bound services and store the differences; how many there are now."""
    found = {(one.service, str(one.reason["key"])): one for one in Comparison().run()}
    _keep(found, now())
    mark_accounts()
    return len(found)


def unsettled() -> QuerySet[Drift]:
    """The present differences that nobody has accepted."""
    return Drift.objects.filter(over_at=None, accepted_by="")


def accept(drift: Drift, person: str) -> None:
    """Accept this difference as meant, on a person's word; it is shown again when it changes."""
    Drift.objects.filter(pk=drift.pk, over_at=None).update(accepted_by=person)
    mark_accounts()


def withdraw_acceptance(drift: Drift) -> None:
    """Withdraw the acceptance of this difference."""
    Drift.objects.filter(pk=drift.pk).update(accepted_by="")
    mark_accounts()


def _keep(found: dict[tuple[int, str], Difference], moment: dt.datetime) -> None:
    """Update the stored differences to those that were found."""
    known = {
        (service, kind): (pk, why, account, panel, over_at)
        for pk, service, kind, why, account, panel, over_at in Drift.objects.values_list(
            "pk", "service_id", "kind", "reason", "account_id", "panel_id", "over_at"
        ).iterator()
    }
    fresh, again, altered = [], [], []
    for (service, kind), (_service, account, panel, why) in found.items():
        before = known.get((service, kind))
        if before is None:
            one = Drift(service_id=service, kind=kind, reason=why, since=moment, seen_at=moment)
            one.account_id, one.panel_id = account, panel
            fresh.append(one)
        elif before[4] is not None:
            again.append((before[0], [why, account, panel, None, moment, ""]))
        elif before[1]["params"] != why["params"] or before[2:4] != (account, panel):
            altered.append((before[0], [why, account, panel, ""]))
    over = [row[0] for key, row in known.items() if row[4] is None and key not in found]
    for portion in portions(fresh):
        Drift.objects.bulk_create(portion, ignore_conflicts=True)
    columns = ["reason", "account_id", "panel_id", "over_at", "since", "accepted_by"]
    update_rows(Drift, columns, again)
    update_rows(Drift, ["reason", "account_id", "panel_id", "accepted_by"], altered)
    for ids in portions(over, 500):
        Drift.objects.filter(pk__in=ids).update(over_at=moment)
    Drift.objects.filter(over_at=None).update(seen_at=moment)


def mark_accounts() -> None:
    """Mark accounts that are services with reasons for a wrong client, plan or server."""
    said: dict[int, list[Reason]] = defaultdict(list)
    rows = unsettled().filter(kind__in=CONFLICTS)
    for account, why in rows.order_by("kind", "pk").values_list("account_id", "reason"):
        if account is not None:
            said[account].append(why)
    marked = Account.objects.exclude(service=None).values_list("pk", "conflicts", "in_conflict")
    changed = [
        (pk, [said.get(pk, []), pk in said])
        for pk, *before in marked.iterator()
        if before != [said.get(pk, []), pk in said]
    ]
    for portion in portions(changed):
        update_rows(Account, ["conflicts", "in_conflict"], portion)
