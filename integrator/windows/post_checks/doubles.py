"""What was ordered or charged twice all the same: looked for once a window has closed.

Nothing of it should ever be found. A request that took effect after all its time was over would
show here, though, and so would a fault of ours; a person must hear of it with the amount.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from integrator.messages.message import say
from integrator.models import Binding, Event, Step
from integrator.models.states import ENDED, StepState
from integrator.panel_access.parallel import senders
from integrator.steps import step4_pay as step4
from integrator.steps.same_service import domain_key
from integrator.windows import members, readings
from panels.billmanager.services import DELETED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrator.messages.message import Message
    from integrator.models import Window
    from panels.billmanager import BillManager
    from panels.billmanager.payments import Expense
    from panels.billmanager.services import Service


def find(window: Window, bm: BillManager) -> list[Message]:
    """What this window's orders have doubled; empty when all is well.

    Raises what ``panels`` raises.
    """
    bindings = list(_bindings(window))
    floors = window.seen
    if not bindings or "opened_service" not in floors:
        return []
    charged = any(binding.price for binding in bindings)
    listed, charges = senders.together(
        lambda: bm.services.of_plan(window.plan.remote_id, floor=floors["opened_service"]),
        lambda: bm.payments.expenses_newer_than(floors["opened_expense"]) if charged else [],
    )
    listed = readings.with_clients(bm, listed, {b.su: b.client.remote_id for b in bindings})
    services = [service for service in listed if service.status != DELETED]
    doubled = dict(_doubled(bindings, services))
    return [*_of_services(doubled, charges), *_of_charges(bindings, charges)]


def _bindings(window: Window) -> Iterator[Binding]:
    """All that ever were in this window."""
    were = Event.objects.filter(window=window, binding__isnull=False).values("binding")
    yield from (
        Binding.objects.filter(pk__in=were).select_related("client", "account").order_by("pk")
    )


def _doubled(
    bindings: Sequence[Binding], services: Sequence[Service]
) -> Iterator[tuple[Binding, list[Service]]]:
    """Bindings with several services: with their mark, or of their client for their domain."""
    ours = {binding.service_id for binding in bindings}
    for binding in bindings:
        key = domain_key(binding.domain)
        found = [
            service
            for service in services
            if service.remoteid == binding.marker
            or (
                not service.remoteid
                and service.client_id == binding.client.remote_id
                and domain_key(service.domain) == key
            )
        ]
        if len(found) > 1 and ours & {service.id for service in found}:
            yield binding, found


def _of_services(
    doubled: Mapping[Binding, Sequence[Service]], charges: Sequence[Expense]
) -> Iterator[Message]:
    amounts = {charge.service_id: _amount(charge) for charge in charges}
    for binding, services in doubled.items():
        numbers = ", ".join(
            f"{one.id} ({amounts[one.id]})" if one.id in amounts else str(one.id)
            for one in services
        )
        yield say(
            "order.doubled", binding=str(binding), client=str(binding.client), services=numbers
        )


def _of_charges(bindings: Sequence[Binding], charges: Sequence[Expense]) -> Iterator[Message]:
    """Charges that look like an order's of ours, and that no binding's payment rests on.

    One charge of a binding's own service is its payment, whoever found that service. Of a client
    with an order that is still being read back, nothing is said yet.
    """
    clients = {binding.client.remote_id: binding.client for binding in bindings}
    under_way = Binding.objects.filter(client__in=clients.values(), step__in=members.MONEY_STEPS)
    open_to = {binding.client_id for binding in under_way.exclude(state__in=ENDED)}
    paid = Step.objects.filter(
        number=step4.NUMBER, state=StepState.DONE, binding__client__in=clients.values()
    ).values_list("evidence", "binding__client__remote_id")
    known = {evidence.get("charge") for evidence, _client in paid}
    # What a person adopted is paid by a charge that nobody had to look for.
    unnamed = Counter(client for evidence, client in paid if "charge" not in evidence)
    services = {binding.service_id for binding in bindings}
    seen: Counter[int | None] = Counter()
    prices = defaultdict(set)
    for binding in bindings:
        prices[binding.client.remote_id].add(binding.price)
    for charge in sorted(charges, key=lambda one: one.id):
        client = clients.get(charge.client_id or 0)
        if client is None or client.pk in open_to:
            continue
        seen[charge.service_id] += 1
        if charge.id in known:
            continue
        if charge.service_id is None:
            again = charge.amount in prices[client.remote_id] and not unnamed[client.remote_id]
            unnamed[client.remote_id] -= charge.amount in prices[client.remote_id] and not again
        else:
            again = charge.service_id in services and seen[charge.service_id] > 1
        if again:
            yield say("charge.unexplained", client=str(client), amount=_amount(charge))


def _amount(charge: Expense) -> str:
    return f"{charge.amount} {charge.currency}".strip()
