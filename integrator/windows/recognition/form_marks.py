"""Our mark in services' own forms, where the list of services does not show it.

Many panels list no ``remoteid`` but have it in the form (billmanager.md 13). It is read only where
it decides something: several services could be the order, its outcome is not known for certain, or
the panel has not answered its service and forms may show our marks. Then a service that its client
ordered by himself is not taken for ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.bindings import intents
from integrator.models.states import Outcome
from integrator.panel_access import remoteid_column
from integrator.steps import step3_order as step3
from panels.coremanager.errors import AccessDenied, FunctionMissing
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from integrator.models import Binding, Intent
    from panels.billmanager import BillManager
    from panels.billmanager.services import Service


def read(
    bm: BillManager,
    bindings: Sequence[Binding],
    known: Mapping[int, list[Intent]],
    services: Sequence[Service],
    adopted: Collection[int],
) -> dict[int, str]:
    """The marks in the forms of services that could be these orders, by service.

    A service is left out where its form does not show a mark either, or must not be read.
    """
    found: dict[int, str] = {}
    for binding in bindings:
        order = intents.last(known[binding.pk], step3.KIND)
        if order is None or binding.service_id is not None:
            continue
        like = step3.candidates(binding, order.before["service"], services, adopted)
        unlisted = [service.id for service in like if service.remoteid is None]
        if order.outcome == Outcome.DONE and len(like) == 1 and not _may_tell(like[0], order):
            continue
        found |= of(bm, [number for number in unlisted if number not in found])
    return found


def _may_tell(service: Service, order: Intent) -> bool:
    """Whether the form of the only service that could be a confirmed order may tell more of it.

    Its client may have ordered the same a moment before, and ours be listed later.
    """
    if order.result.get(intents.ANSWERED) == service.id:
        return False
    newest = remoteid_column.newest_order()
    return newest is None or step3.MARK_IN_FORM in newest.evidence


def of(bm: BillManager, services: Iterable[int]) -> dict[int, str]:
    """The marks in the forms of these services, without those whose forms show none."""
    found = {number: _mark(bm, number) for number in services}
    return {number: mark for number, mark in found.items() if mark is not None}


def fitting(
    services: Sequence[Service], marker: str, marks: Mapping[int, str]
) -> Sequence[Service]:
    """Without those whose forms say that they are somebody else's; the marked one alone, if any."""
    mine = [service for service in services if marks.get(service.id) == marker]
    return mine or [service for service in services if not marks.get(service.id)]


def _mark(bm: BillManager, service_id: int) -> str | None:
    try:
        return bm.services.form(service_id).remoteid
    except (AccessDenied, FormLacks, FunctionMissing):
        return None  # then it is judged by what the list shows alone, as before
