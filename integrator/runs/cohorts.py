"""Draws cohorts: which waiting bindings share the next window of their plan.

Cohorts grow: one (the canary), then ten times what is done on the plan, and no more than its pace
allows. One window at a time per plan; several plans overlap as far as the panel's parallel limit
allows, fewer of them before both modules are on than after. Until a task is known to have been
closed on the panel as it is now, one binding of all runs is under way at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from integrator.bindings import transitions
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.matching import plan_limits
from integrator.models import Binding, Panel, Run, Window
from integrator.models.preview import CANARY
from integrator.models.states import BindingState, Phase, RunState
from integrator.panel_access import reachability
from integrator.previews import cohort_sizes
from integrator.runs import cohort_limits, run_state
from integrator.windows import canaries, members

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from integrator.models.binding import BindingQuerySet

CALLS_PER_SWITCHED = 4
"""How many parallel calls a window should have for itself until both modules of its plan are on."""
CALLS_PER_WINDOW = 2
"""The same of all windows: those whose tasks are closed fill what the others leave."""
SWITCHED = (Phase.OPENING, Phase.ORDERS, Phase.ENABLING)
MAX_LIKELY_CANARIES = 200
"""So many of a run's accounts are looked at for one that would make a good canary."""
WAITS_FOR = {
    3: members.TURN,
    4: members.TURN,
    6: members.TASKS,
    # Its task is looked for again: nothing would wake it for the one it had.
    7: members.TASKS,
}
"""What a binding at this step waits for in its window."""


def draw_all() -> int:
    """Open windows for all plans that can have one now; how many."""
    opened = 0
    waiting = _waiting(clock.now()).values_list("plan_id").annotate(n=Count("id"))
    for plan_id, _number in waiting.order_by("-n"):
        if not _room():
            break
        opened += draw(plan_id) is not None
    return opened


def _waiting(now: dt.datetime) -> BindingQuerySet:
    """Bindings that may join a window at this time: none that waits for a later one.

    Nor one whose server could not be read a while ago.
    """
    taken = Binding.objects.filter(in_lane=True).values("client_id")
    return (
        Binding.objects.unclaimed()
        .filter(window=None, prepared=True, run__state=RunState.RUNNING)
        .exclude(reachability.in_back_off(now))
        .filter(Q(due_at=None) | Q(due_at__lte=now))
        .filter(Q(step__gte=6) | Q(in_lane=True) | ~Q(client_id__in=taken))
    )


def _room() -> bool:
    """Whether another window may open, by the BILLmanager's parallel limit."""
    billing = Panel.objects.billmanagers()
    panel = billing.only("stopped", "away_until", "max_parallel").first()
    if panel is None or panel.stopped:
        return False
    if panel.away_until is not None and panel.away_until > clock.now():
        return False
    phases = list(Window.objects.open().values_list("phase", flat=True))
    switched = sum(phase in SWITCHED for phase in phases)
    limit = panel.max_parallel
    return len(phases) < side_by_side(limit) and switched < max(1, limit // CALLS_PER_SWITCHED)


def side_by_side(limit: int) -> int:
    """How many windows may be open at once on a panel that takes so many calls at once."""
    return max(1, limit // CALLS_PER_WINDOW)


def draw(plan_id: int) -> Window | None:
    """Open a window on this plan with a cohort from all runs that wait for it.

    None: there is one already, or nobody may join one now.
    """
    if Window.objects.open().filter(plan=plan_id).exists() or not _chosen(plan_id):
        return None
    try:
        with transaction.atomic():
            _lock_draws()
            chosen = _chosen(plan_id)
            return _create(plan_id, chosen) if chosen else None
    except IntegrityError:
        return None  # another process opened one just now


def may_follow(window: Window) -> bool:
    """Whether the plan's next cohort may take it over: nobody waits for this window's place."""
    waiting = _waiting(clock.now())
    if not waiting.filter(plan=window.plan_id).exists():
        return False
    taken = Window.objects.open().values("plan")
    return _room() or not waiting.exclude(plan__in=taken).exists()


def follow(window: Window, **known: Any) -> Window | None:
    """Open the window of the plan's next cohort in the transaction that has closed this one.

    ``known``: what it goes on with. None: nobody may join one now, or they need another one.
    """
    _lock_draws()
    chosen = _chosen(window.plan_id)
    if not chosen or chosen[0].run.preview.guided:
        return None
    if {str(binding.datacenter_id) for binding in chosen} - set(window.manual_modules):
        return None
    letters = set(window.bindings.values_list("run__preview__hold_letters", flat=True))
    if {chosen[0].run.preview.hold_letters} != letters:
        return None
    return _create(window.plan_id, chosen, follows=window, opened_at=clock.now(), **known)


def _lock_draws() -> None:
    """Only one draws at a time: two, on two plans, would each open a window for what goes alone."""
    Panel.objects.billmanagers().select_for_update().only("pk").get()


def _create(plan_id: int, chosen: Sequence[Binding], **known: Any) -> Window:
    """The window of these bindings, and a worker woken for it."""
    now = clock.now()
    window = Window.objects.create(
        plan_id=plan_id,
        cohort=len(chosen),
        created_at=now,
        phase_at=now,
        due_at=now,
        wants_orders=any(b.step in members.MONEY_STEPS for b in chosen),
        guided=chosen[0].run.preview.guided,
        **known,
    )
    transitions.change_all(
        [
            transitions.Change(
                binding,
                BindingState.WAITING,
                waiting_for=WAITS_FOR[binding.step],
                fields={"window": window},
            )
            for binding in chosen
        ]
    )
    wake_ups.wake("window", window.pk)
    return window


def _chosen(plan_id: int) -> list[Binding]:
    """Who joins, as many as may be under way at once."""
    alone = canaries.must_go_alone()
    if alone and canaries.under_way().exists():
        return []
    chosen = _cohort(plan_id)
    if not alone or not chosen:
        return chosen
    first = max(chosen, key=lambda binding: binding.step)  # it needs an order least
    charged_first = first.step in members.MONEY_STEPS and _charged().exists()
    return [] if charged_first else [first]


def _charged() -> BindingQuerySet:
    """Bindings that are paid for, and wait outside of a window for their task to be closed."""
    return Binding.objects.unclaimed().filter(
        window=None, step__in=members.TASK_STEPS, run__state=RunState.RUNNING
    )


def _cohort(plan_id: int) -> list[Binding]:
    """Who joins: fairly from each run, clients' first accounts before their second ones."""
    by_run: list[list[Binding]] = []
    now = clock.now()
    for run in Run.objects.filter(state=RunState.RUNNING).select_related("preview"):
        if not run_state.may_work(run, now):
            continue
        waiting = _waiting(now).filter(run=run, plan_id=plan_id)
        size = _size(run, plan_id, waiting)
        if size:
            order = ("-step", "nth_of_client", "number")
            waiting = waiting.select_related("run__preview")
            by_run.append(_canary_first(run, waiting, order, size))
    chosen = list(_in_turns(by_run))[: max((len(b) for b in by_run), default=0)]
    guided = [b for b in chosen if b.run.preview.guided]
    if guided:
        return guided[:1]  # nobody else waits for a person's word
    # A plan sends its letter to all or to none: who was promised the one or the other waits.
    return [b for b in chosen if b.run.preview.hold_letters == chosen[0].run.preview.hold_letters]


def _canary_first(
    run: Run, waiting: BindingQuerySet, order: Sequence[str], size: int
) -> list[Binding]:
    """The next ones in this order; a run's canary is the account that a person picked.

    Else the first of its accounts, on whichever plan, that would show it if the closing of a task
    pushed the plan's limits to it.
    """
    picked = run.preview.canary_id
    wanted = size == CANARY and canaries.is_wanted(run.pk)
    if wanted and _charged().filter(run=run).exists():
        # Whatever was picked: nobody else is charged before its task can be closed.
        return list(waiting.filter(step__in=members.TASK_STEPS).order_by(*order)[:size])
    if size == CANARY and picked and _still_to_go(run, picked):
        return list(waiting.filter(account=picked))
    if wanted:
        showing = _would_show_limits(run, order)
        if showing is not None:
            return list(waiting.filter(pk=showing))
    return list(waiting.order_by(*order)[:size])


def _would_show_limits(run: Run, order: Sequence[str]) -> int | None:
    """The first binding of this run whose account's limits are other than its plan's; None: none.

    Of an account that has the plan's limits already nobody could tell whether they were pushed.
    """
    waiting = _waiting(clock.now()).filter(run=run).select_related("plan").order_by(*order)
    first = list(waiting.only("account", "plan")[:MAX_LIKELY_CANARIES])
    limits = plan_limits.Usages([binding.account_id for binding in first])
    showing = (one.pk for one in first if limits.differs(one.account_id, one.plan))
    return next(showing, None)


def _still_to_go(run: Run, account_id: int) -> bool:
    """Whether the picked account waits for its turn, on whichever plan.

    Not when it waits for a person's decision on another binding: the run would never begin.
    """
    own = Binding.objects.unclaimed().filter(run=run, account=account_id, window=None)
    return own.exclude(pk__in=run_state.behind_undecided().values("pk")).exists()


def _in_turns(groups: Sequence[Sequence[Binding]]) -> Iterable[Binding]:
    for place in range(max((len(group) for group in groups), default=0)):
        for group in groups:
            if place < len(group):
                yield group[place]


def _size(run: Run, plan_id: int, waiting: BindingQuerySet) -> int:
    """How large a cohort this run may now put into a window of this plan, of those that wait.

    Until its canary is done, one binding at a time over all plans: 0 while that one is under
    way, or has yet to be compared with before. Retried bindings whose order is proven need no
    canary of their own.
    """
    if canaries.is_pending(run):
        return 0
    done = Binding.objects.filter(run=run, state=BindingState.DONE)
    if not done.exists():
        return 0 if _is_under_way(run) else CANARY
    proven = cohort_limits.proven(done.filter(plan_id=plan_id).count())
    most = cohort_limits.largest(plan_id, run.preview.cohort)
    return cohort_sizes.next_size(waiting.count(), proven, most)


def _is_under_way(run: Run) -> bool:
    """Whether a binding of this run is in a window, or goes on where it is later.

    What was sent for the latter may still take effect.
    """
    in_window = Q(window__isnull=False) & ~Q(window__phase=Phase.CLOSED)
    later = Q(state=BindingState.WAITING, waiting_for=members.LATER, due_at__gt=clock.now())
    return Binding.objects.filter(in_window | later, run=run).exists()


def after(window: Window) -> None:
    """A window has closed: end runs that are over, and draw again."""
    for run in Run.objects.filter(bindings__window=window).distinct():
        run_state.finish_if_over(run)
    draw_all()
