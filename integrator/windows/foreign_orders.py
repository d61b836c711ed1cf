"""Other people's orders on a plan while a window of ours is open on it.

Those that fall into *manual only* become manual tasks. They are listed with what became of them
and are never touched without a person's word (design.md, section 5; see ``handing``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Q

from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, StrangerOrder
from integrator.steps.same_service import of_client, same_domain
from panels.billmanager.services import ACTIVE, DELETED, IN_PROGRESS, ORDERED, SUSPENDED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from integrator.models import Window
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.services import Service
    from panels.billmanager.tasks.tasks import Task

MAX_WAIT = dt.timedelta(seconds=60)
"""How long openings that have just begun are given before a window opens."""
LOOK_AGAIN = dt.timedelta(seconds=2)
OPENING = frozenset({"", "5", "5_open"})
"""Reasons of *in progress* that mean an opening (billmanager.md 7.1)."""

State = StrangerOrder.State


def let_finish(driver: Driver, bm: BillManager) -> bool:
    """Whether the window may open: no opening of a stranger's has just begun.

    False: some have; they are looked at again soon. Those that are not over in time are listed,
    and so are those that were stuck before: plans often have some for weeks.
    """
    window = driver.window
    rows = [s for s in bm.services.in_progress(window.plan.remote_id) if s.item_status in OPENING]
    stuck = set(
        StrangerOrder.objects.filter(service_id__in=[s.id for s in rows]).values_list(
            "service_id", flat=True
        )
    )
    now = clock.now()
    # Panels tell the day alone, in their own time zone: the day before yesterday is surely old.
    old = (now - dt.timedelta(days=2)).date()
    theirs = of_others(rows)
    young = [s for s in theirs if s.id not in stuck and (s.created is None or s.created > old)]
    since = driver.seen.get("grace_since")
    if since is None:
        since = now.isoformat()
        driver.save(seen={**driver.seen, "grace_since": since})
    if young and now - dt.datetime.fromisoformat(since) < MAX_WAIT:
        driver.save(cause=say("window.openings", count=len(young)))
        driver.look_again(now + LOOK_AGAIN)
        return False
    note(window, theirs, [], began_before=True)
    return True


def owners(services: Iterable[Service]) -> dict[int, Binding]:
    """Which of these services are ours, by id, and whose: even one that nobody knows of yet.

    An order of ours whose service was not found yet shows the same client and domain.
    """
    rows = list(services)
    if not rows:
        return {}
    known = Binding.objects.filter(
        Q(service_id__in=[s.id for s in rows])
        | Q(marker__in=[s.remoteid for s in rows if s.remoteid])
    )
    ids = {binding.service_id: binding for binding in known}
    markers = {binding.marker: binding for binding in known}
    payers = Q(client__remote_id__in={s.client_id for s in rows if s.client_id is not None})
    payers |= Q(client__name__in={s.client_name for s in rows if s.client_name})
    open_orders = list(
        Binding.objects.filter(payers, reserved=True, service_id=None).select_related("client")
    )
    found = {}
    for service in rows:
        alike = (
            b
            for b in open_orders
            if of_client(service, b) and same_domain(service.domain, b.domain)
        )
        binding = ids.get(service.id) or markers.get(service.remoteid or "") or next(alike, None)
        if binding is not None:
            found[service.id] = binding
    return found


def of_others(services: Iterable[Service]) -> list[Service]:
    """Those services that are none of ours, and surely none."""
    rows = list(services)
    ours = owners(rows)
    return [service for service in rows if service.id not in ours]


def note(
    window: Window,
    services: Sequence[Service],
    tasks: Iterable[Task],
    *,
    began_before: bool = False,
) -> int:
    """Write down these orders of others as they are now; how many are listed.

    Unpaid ones are left out: nothing opens them. One that is known already keeps its window.
    """
    by_service = {task.service_id: task for task in tasks}
    manual = set(window.manual_modules.values())
    now = clock.now()
    rows = []
    for service in services:
        if service.status in (ORDERED, DELETED):
            continue
        task = by_service.get(service.id)
        rows.append(
            StrangerOrder(
                window=window,
                service_id=service.id,
                client_id_remote=service.client_id,
                client_name=service.client_name,
                domain=service.domain,
                username=service.username,
                task_id=task.id if task else None,
                performer=task.performer if task else "",
                state=state_of(service, manual, tasked=task is not None),
                began_before=began_before,
                seen_at=now,
                read_at=now,
            )
        )
    StrangerOrder.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["service_id"],
        update_fields=["username", "task_id", "performer", "state", "read_at"],
    )
    return len(rows)


def state_of(service: Service, manual: Collection[int], *, tasked: bool) -> State:
    """What has become of an order of somebody else's, by its service."""
    if service.status in (DELETED, SUSPENDED):
        return State.GONE
    if service.status == ACTIVE:
        return State.OPENED
    waits = tasked or service.module_id in manual
    return State.MANUAL if waits and service.status == IN_PROGRESS else State.OPENING


def refresh(window: Window, bm: BillManager) -> int:
    """Read the plan's services since before the window, and list those of others."""
    floor = window.seen.get("opened_service")
    if floor is None:
        return 0
    known = list(window.strangers.values_list("service_id", flat=True))
    floor = min([floor, *(number - 1 for number in known)])
    found = bm.services.of_plan(window.plan.remote_id, floor=floor)
    theirs = [s for s in of_others(found) if s.id in known or s.id > window.seen["opened_service"]]
    tasks = bm.tasks.openings(window.plan.remote_id) if theirs else []
    listed = {s.id for s in theirs}
    _gone(window, [number for number in known if number not in listed])
    count = note(window, theirs, tasks)
    # What was handed over and waits on shows as that, until it is opened.
    window.strangers.filter(
        state__in=[State.MANUAL, State.OPENING], handed_at__isnull=False
    ).update(state=State.HANDED)
    return count


def _gone(window: Window, services: Sequence[int]) -> None:
    """Those that BILLmanager no longer lists were deleted."""
    window.strangers.filter(service_id__in=services).update(state=State.GONE, read_at=clock.now())


def waits(window: Window) -> bool:
    """Whether some of them still wait, so that looking again is worth it."""
    return window.strangers.exclude(state__in=[State.OPENED, State.GONE]).exists()
