"""Phase *opening*: step 1, the snapshot, step 2."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from integrator.bindings import (
    causes,
    dialect_learning,
    form_evidence,
    intents,
    rows,
    step_log,
    transitions,
)
from integrator.bindings.work.password_attempts import TooSoonError
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Binding, Intent, Window
from integrator.models.states import Outcome, Phase, RunState, StepState
from integrator.panel_access import call_log, proven_names
from integrator.panel_access.parallel import senders
from integrator.steps import module_switches as sets
from integrator.steps import (
    step1_add_manual_module as step1,
)
from integrator.steps import (
    step2_switch_to_manual_only as step2,
)
from integrator.steps.dialect_entries import MAKING
from integrator.steps.verdicts import Failed, Proven
from integrator.windows import (
    canaries,
    foreign_orders,
    guided_window,
    lease,
    members,
    opening_letters,
    readings,
    restore_notes,
)
from integrator.windows.post_checks import post_checks
from integrator.windows.switching import agreement, switches
from panels.coremanager.errors import AccessDenied, FunctionMissing
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.modules import Module
    from panels.billmanager.plans import PlanModule


FLOORS_HOLD = dt.timedelta(seconds=20)
"""So old the newest ids may be when orders begin; a worker that died was gone for longer."""


class CannotOpenError(Exception):
    """The window cannot open for anybody; what was switched, if anything, is given back.

    ``evidence``: what was seen, for the steps of those who must fail for it.
    """

    def __init__(self, cause: str, text: Message, seen: dict[str, Any] | None = None) -> None:
        self.cause = cause
        self.text = text
        self.evidence = seen or {}
        super().__init__(text.english)


def drive(driver: Driver, bm: BillManager) -> bool:
    """Go on with opening; False: nothing more can be done now.

    Raises CannotOpenError when every member must fail for the same reason.
    """
    if driver.window.looked_at is None and driver.window.wants_orders:
        # Before anything else: whoever waits here keeps nobody from buying.
        if not foreign_orders.let_finish(driver, bm):
            return False
        driver.save(cause=NOTHING)
    try:
        if driver.window.snapshot is None and not _look_at_plan(driver, bm):
            return False
    except agreement.UnclearError as unclear:
        raise CannotOpenError("marker_unknown", unclear.text) from unclear
    if guided_window.keeps_waiting(driver.window):
        return True  # what is on is known now, and shown before anything of it is switched
    if driver.window.manual_only_at is None and not _make_ready(driver, bm):
        return False
    return _touch(driver, bm)


def _touch(driver: Driver, bm: BillManager) -> bool:
    """From here on the plan is changed: its letter, then step 2. Raises CannotOpenError."""
    try:
        if not opening_letters.hold(driver, bm):
            return False
    except opening_letters.PlanDamagedError as damage:
        raise CannotOpenError("plan_damaged", damage.text) from damage
    if not driver.window.wants_orders:
        driver.enter(Phase.ENABLING, say("window.only_tasks"))
        return True
    return _manual_only(driver, bm)


def _look_at_plan(driver: Driver, bm: BillManager) -> bool:
    """Step 1 and the snapshot; False: not yet. Raises UnclearError.

    The plan is read once more where that was a while ago: making a module may take a minute.
    """
    if dialect_learning.of_another_version(bm):
        driver.look_again(clock.now())  # with the names that were found just now
        return False
    asked_at, plan = clock.now(), driver.window.plan.remote_id
    modules, both, floors = senders.together(
        bm.modules.all, lambda: bm.plans.compared(plan), lambda: readings.floors(bm)
    )
    before = {module.id for module in modules}
    if not _manual_modules(driver, bm, modules, agreement.at_first(driver, both)):
        return False
    letter, made = opening_letters.to_hold(driver.window, bm), {m.id for m in modules} != before
    if made or not clock.is_recent(asked_at, switches.MAX_READING_AGE):
        asked_at = clock.now()
        both, floors = senders.together(
            lambda: bm.plans.compared(plan), lambda: readings.floors(bm)
        )
    present = agreement.modules(driver, bm, both)
    if present is None:
        return False
    ours = {module.id for module in step1.ours(modules)}
    snapshot = {"modules": sets.snapshot(present, without=ours), **letter}
    _take_snapshot(driver, snapshot, {"enabled": sets.enabled(present), **floors}, asked_at)
    return True


def _make_ready(driver: Driver, bm: BillManager) -> bool:
    """All that must be known before the plan is touched; False: not yet.

    Done again after a crash: the plan must not be touched without any of it.
    """
    _turn_away(driver)
    try:
        _record(driver, bm)
    except TooSoonError as soon:
        driver.look_again(soon.at)
        return False
    restore_notes.write(driver.window)
    return True


def _datacenters(
    window: Window, modules: Sequence[Module], present: Sequence[PlanModule]
) -> list[int]:
    """Those of the cohort, and all others in which the plan sells.

    A customer who orders in one that has no manual module would be refused while the plan's own
    modules are off (``no_suitable_module``, billmanager.md 1.4). A list of modules may show the
    data centre's name alone.
    """
    on = set(sets.enabled(present))
    selling = [module for module in modules if module.id in on]
    ids, names = {m.datacenter_id for m in selling}, {m.datacenter_name for m in selling}
    offered = {number for number, name in window.plan.datacenters if number in ids or name in names}
    return sorted(offered | set(window.bindings.values_list("datacenter_id", flat=True)))


def _manual_modules(
    driver: Driver, bm: BillManager, modules: list[Module], present: Sequence[PlanModule]
) -> bool:
    """Step 1: our manual module exists for each data centre that the window needs one in."""
    found: dict[str, int] = {}
    seen = []
    for datacenter in _datacenters(driver.window, modules, present):
        verdict = step1.probe(modules, datacenter)
        if verdict is None:
            if not _create(driver, bm, datacenter):
                return False
            modules[:] = bm.modules.all()
            verdict = step1.probe(modules, datacenter)
        if isinstance(verdict, Failed):
            raise CannotOpenError(verdict.cause, verdict.text)
        if verdict is None:
            driver.look_again(clock.now() + switches.SHOWS_AFTER)
            return False
        found[str(datacenter)] = verdict.evidence["module"]
        seen.append(verdict.evidence)
    with transaction.atomic():
        _settle_making(found)
        driver.save(manual_modules=found)
        step_log.record(
            [step_log.row(1, StepState.DONE, window=driver.window, evidence={"modules": seen})]
        )
        call_log.flush()
    return True


def _create(driver: Driver, bm: BillManager, datacenter: int) -> bool:
    """Make the module, unless somebody else is making it; False: look again later.

    The intent is the lock over all windows, and the list is read again under it: a name that
    two modules have does not say which is meant.
    """
    name = step1.name_for(datacenter)
    if _is_made(driver, name):
        return False
    making = Intent.objects.unsettled().filter(kind=step1.KIND, marker=name).first()
    if making is not None:
        if clock.now() < intents.may_show_until(making):
            driver.look_again(intents.next_look(making))
            return False
        intents.settle(making, Outcome.NOTHING, why=intents.NOT_SEEN)
    effect = step1.AddModule(bm, [], datacenter)
    intent = intents.new(effect, driver.window.attempts + 1, window=driver.window, marker=name)
    try:
        driver.declare(intent)
    except IntegrityError:
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return False
    modules = bm.modules.all()
    if step1.probe(modules, datacenter) is not None:
        intents.settle(intent, Outcome.NOTHING, why=say("effect.made_before"))
        return True
    sent = intents.carry_out(intent, replace(effect, modules=modules))
    with transaction.atomic():
        intents.settle_sent(sent)
        if sent.outcome == Outcome.DONE:
            proven_names.prove(MAKING)
    if sent.outcome in (Outcome.REFUSED, Outcome.NOTHING) and sent.error is not None:
        raise sent.error
    return True


def _is_made(driver: Driver, name: str) -> bool:
    """Whether the panel has confirmed this module and may be late in listing it: look again later.

    Made again it would be there twice. Raises CannotOpenError when it is not listed in time.
    """
    made = Intent.objects.filter(kind=step1.KIND, marker=name, outcome=Outcome.DONE)
    last = made.order_by("-id").first()
    if last is None:
        return False
    if clock.now() < intents.listed_by(last):
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return True
    if last.window_id == driver.window.pk:
        raise CannotOpenError("manual_module", say("module.unlisted", name=name))
    return False


def _settle_making(found: dict[str, int]) -> None:
    """Our modules are all there: whatever was unknown of their making has happened."""
    names = [step1.name_for(int(datacenter)) for datacenter in found]
    for intent in Intent.objects.unsettled().filter(kind=step1.KIND, marker__in=names):
        intents.settle(intent, Outcome.DONE, why=say("effect.read_back"))


def _take_snapshot(
    driver: Driver, snapshot: dict[str, Any], seen: dict[str, Any], asked_at: dt.datetime
) -> None:
    """Keep what restoring needs, and the newest ids, as they were asked for at this time."""
    window, rows = driver.window, snapshot["modules"]
    late = _switched_off_late(window, rows)
    if not sets.own(rows):
        raise CannotOpenError("no_modules", say("plan.no_modules", plan=window.plan.name))
    with transaction.atomic():
        driver.save(snapshot=snapshot, seen={**driver.seen, **seen}, opened_at=asked_at)
        if late:
            text = say("plan.late_switch", modules=str(late))
            lease.event(window, window.phase, window.phase, text)
        call_log.flush()


def _switched_off_late(window: Window, rows: list[dict[str, Any]]) -> list[int]:
    """Count as on what an earlier window's switch, given up and landed late, has switched off.

    Else this window would take the damage for what the provider sells with, and keep it.
    """
    closed = Window.objects.closed().filter(plan=window.plan).exclude(snapshot=None)
    last = closed.order_by("-pk").first()
    if last is None:
        return []
    suspected = set(sets.own((last.snapshot or {})["modules"])) & switches.given_up(window.plan)
    late = [row for row in rows if row["id"] in suspected and not row["enabled"]]
    for row in late:
        row["enabled"] = True
    return [row["id"] for row in late]


def _turn_away(driver: Driver) -> None:
    """Members whose server's module is not one the plan has at all cannot be bound with it."""
    window = driver.window
    known = {row["id"] for row in (window.snapshot or {"modules": []})["modules"]}
    bindings = rows.of_window(window)
    ledger = members.Ledger(bindings)
    for binding in bindings:
        if binding.module_id not in known:
            ledger.failed(
                binding,
                binding.step,
                Failed(
                    "no_module",
                    say(
                        "plan.no_module",
                        plan=window.plan.name,
                        module=binding.module_id,
                        server=binding.account.panel.name,
                    ),
                ),
            )
    with driver.holding():
        ledger.write()
    left = set(window.bindings.values_list("step", flat=True))
    if not left:
        raise CannotOpenError("no_module", say("window.nobody"))
    wants_orders = not left.isdisjoint(members.MONEY_STEPS)
    if wants_orders != window.wants_orders:
        driver.save(wants_orders=wants_orders)


def _record(driver: Driver, bm: BillManager) -> None:
    """List the servers' users and record the canaries, so that they can be compared after.

    Members whose account cannot be recorded are turned away.
    """
    window = driver.window
    if window.looked_at is not None:
        return
    if "unread" not in window.seen:
        unread = post_checks.before(window, bm)
        driver.save(seen={**driver.seen, "unread": unread})
    _leave_stopped(driver)
    bindings = rows.of_window(window)
    ledger = members.Ledger(bindings)
    for binding, failed in canaries.watch(driver, bindings):
        ledger.failed(binding, binding.step, failed)
    with driver.holding():
        ledger.write()
    _leave_stopped(driver)  # a try of a canary's password may have been the one that stops
    driver.save(looked_at=clock.now())
    if not window.bindings.exists():
        raise CannotOpenError("no_module", say("window.nobody"))


def _leave_stopped(driver: Driver) -> None:
    """Those whose run was paused meanwhile, by what was seen here or by a person, wait again."""
    with driver.holding():
        for binding in driver.window.bindings.exclude(run__state=RunState.RUNNING):
            members.leave(binding, why=say("binding.run_stopped"))


def _manual_only(driver: Driver, bm: BillManager) -> bool:
    """Step 2: nothing but our manual modules is on."""
    window = driver.window
    manual = sorted(window.manual_modules.values())
    if window.manual_only_at is None:
        driver.save(manual_only_at=clock.now())
    read = _switched(driver, bm, step2.wanted(manual))
    if read is None:
        return False
    verdict = step2.verify(read.enabled, manual)
    if not isinstance(verdict, Proven):
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return False
    read_at = None if window.follows_id else window.opened_at
    late = read_at is None or not clock.is_recent(read_at, FLOORS_HOLD)
    # Above the floors every service could be ours, also what a client has ordered meanwhile.
    seen = readings.raised(driver.seen, readings.floors(bm)) if late else driver.seen
    with transaction.atomic():
        step_log.record([step_log.row(2, StepState.DONE, window=window, evidence=verdict.evidence)])
        why = say("window.sells_manually")
        driver.enter(Phase.ORDERS, why, modules_read_at=read.asked_at, seen=seen)
        transitions.wake(
            Binding.objects.filter(
                window=window,
                step__in=members.MONEY_STEPS,
                waiting_for__in=["", members.WINDOW, members.TURN],
            )
        )
    return True


def _switched(driver: Driver, bm: BillManager, wanted: list[int]) -> switches.Reading | None:
    """Switch to *manual only*; None: not yet. What no patience mends fails for all at once."""
    try:
        return switches.turn(driver, bm, step2.NUMBER, wanted)
    except switches.NotShownError as error:
        own = sets.own((driver.window.snapshot or {"modules": []})["modules"])
        if set(driver.seen["enabled"]) != set(own):
            lease.hold(driver, error.text)
        raise CannotOpenError("switch_not_shown", error.text) from error
    except (AccessDenied, FormLacks, FunctionMissing) as error:
        cause = causes.of_error(error)
        if cause.passing:
            raise
        seen = {"form": form_evidence.of_form(error)} if isinstance(error, FormLacks) else {}
        raise CannotOpenError(cause.key, panel_errors.of_error(error), seen) from error
