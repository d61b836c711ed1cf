"""The ledger compared with what a test wanted: the services of its accounts, and the plans.

What must never happen, whatever a test wants, is in `panels/sandbox/violations.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

ACTIVE = 2


def other_services(
    ledger: Mapping[str, Any], wanted: Iterable[tuple[int | None, Mapping[str, Any]]]
) -> Iterator[str]:
    """Each service that is not as wanted, or not Active, or not paid; a sentence each.

    `wanted` is a service's id, or None where it was never found, with what its row in the ledger
    must show.
    """
    services = {row["id"]: row for row in ledger["services"]}
    for service, values in wanted:
        row = services.get(service, {})
        expected = {"status": ACTIVE, "paid": True, **values}
        found = {name: row.get(name) for name in expected}
        if found != expected:
            yield f"service {service} is {found}, wanted {expected}"


def other_plans(
    ledger: Mapping[str, Any], wanted: Mapping[int, Collection[Sequence[int]]]
) -> Iterator[str]:
    """Each plan that sells with other modules than it should, or in another order.

    `wanted` has, by the plan's id, each list of modules that is right for it.
    """
    plans = {row["id"]: list(row["modules"]) for row in ledger["plans"]}
    for plan, lists in wanted.items():
        if plans.get(plan) not in [list(modules) for modules in lists]:
            yield f"plan {plan} sells with {plans.get(plan)}, wanted {lists}"
