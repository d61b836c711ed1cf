"""Holds back a plan's opening letter while a window is open, where the run asks for that.

The letter goes off before step 2, when nothing is ordered yet and a refusal costs nobody
anything, and is put back from the snapshot with the modules. Each save has its intent; one whose
outcome is unknown is waited for and read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import Message, say
from integrator.models import Intent
from integrator.models.states import Outcome
from integrator.panel_access import call_log
from integrator.windows import lease
from integrator.windows.switching import switches
from panels.billmanager.plans import NO_LETTER
from panels.coremanager.errors import Refused

if TYPE_CHECKING:
    from integrator.models import Window
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager, LetterForm

KIND = "letter"


@dataclass(frozen=True, slots=True)
class SetLetter:
    """Saves a plan with another opening letter. ``form``: the plan's as it was just read."""

    kind: ClassVar = KIND

    bm: BillManager
    number: int
    form: LetterForm
    letter: str

    def describe(self) -> dict[str, Any]:
        """Of which plan, and which letter."""
        return {"plan": self.form.plan_id, "letter": self.letter}

    def before(self) -> dict[str, Any]:
        """Which letter it had."""
        return {"letter": self.form.letter}

    def apply(self, send_by: float) -> None:
        """Save it. Raises what ``panels`` raises."""
        self.bm.plans.set_letter(self.form, self.letter, send_by=send_by)


class PlanDamagedError(Exception):
    """Saving the plan's form changed more than the letter; ``text`` says what."""

    def __init__(self, text: Message) -> None:
        super().__init__(text.english)
        self.text = text


def to_hold(window: Window, bm: BillManager) -> dict[str, str]:
    """What the snapshot keeps of the letter; empty when it is not to be held, or there is none."""
    if not window.bindings.filter(run__preview__hold_letters=True).exists():
        return {}
    form = bm.plans.letter_form(window.plan.remote_id)
    return {} if form is None or form.letter == NO_LETTER else {"letter": form.letter}


def touched(window: Window) -> bool:
    """Whether this window has, or may have, changed the plan's letter."""
    return Intent.objects.may_have_happened().filter(window=window, kind=KIND).exists()


def hold(driver: Driver, bm: BillManager) -> bool:
    """Take the opening letter from the plan, where it has one; False: look again later.

    Raises PlanDamagedError, and what ``panels`` raises when nothing was done.
    """
    return not _letter(driver.window) or _turn(driver, bm, 2, NO_LETTER)


def give_back(driver: Driver, bm: BillManager) -> bool:
    """Give the plan its letter again, as the snapshot has it; False: look again later.

    A letter that somebody else has chosen meanwhile is left alone, and so is one that cannot be
    put back once a person has said to restore anyway.
    Raises what ``panels`` raises when nothing was done.
    """
    letter = _letter(driver.window)
    if not letter or not (touched(driver.window) or driver.seen.get("letter_off")):
        return True
    try:
        return _turn(driver, bm, 8, letter, instead_of=NO_LETTER)
    except PlanDamagedError as damage:
        lease.event(driver.window, driver.window.phase, "letter", damage.text)
        return True
    except Refused as refused:
        if not driver.window.anyway_by:
            raise
        lease.event(driver.window, driver.window.phase, "letter", panel_errors.of_error(refused))
        return True


def held_late(window: Window, bm: BillManager) -> bool:
    """Whether a save that was given up has switched the letter off after the window had closed."""
    letter = _letter(window)
    given_up = Intent.objects.filter(window=window, kind=KIND, outcome=Outcome.NOTHING)
    if not letter or not any(one.before["request"]["letter"] == NO_LETTER for one in given_up):
        return False
    form = bm.plans.letter_form(window.plan.remote_id)
    return form is not None and form.letter == NO_LETTER


def _letter(window: Window) -> str:
    return str((window.snapshot or {}).get("letter", ""))


def _turn(
    driver: Driver, bm: BillManager, step: int, wanted: str, instead_of: str | None = None
) -> bool:
    """Save the plan until its letter reads ``wanted``; False: look again at the time that was set.

    ``instead_of``: the only letter that is replaced; None: whatever there is.
    """
    form = bm.plans.letter_form(driver.window.plan.remote_id)
    if form is None:
        raise PlanDamagedError(say("letter.none"))
    if _waits(driver, form, wanted):
        return False
    if form.letter == wanted or (instead_of is not None and form.letter != instead_of):
        return True
    effect = SetLetter(bm, step, form, wanted)
    intent = intents.new(effect, driver.window.attempts + 1, window=driver.window)
    driver.declare(intent)
    sent = intents.carry_out(intent, effect)
    with transaction.atomic():
        intents.settle_sent(sent)
        if sent.outcome == Outcome.UNKNOWN:
            driver.save(uncertain=True)
            driver.look_again(intents.may_show_until(intent))
        call_log.flush()
    if sent.outcome in (Outcome.REFUSED, Outcome.NOTHING) and sent.error is not None:
        raise sent.error
    return sent.outcome == Outcome.DONE and _proven(driver, bm, form, wanted)


def _proven(driver: Driver, bm: BillManager, before: LetterForm, wanted: str) -> bool:
    """Whether the letter reads as wanted, and all else as before."""
    form = bm.plans.letter_form(before.plan_id)
    if form is None or form.letter != wanted:
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return False
    changed = [name for name, value in before.values.items() if form.values.get(name) != value]
    if changed:
        raise PlanDamagedError(
            say("letter.damaged", plan=before.plan_id, fields=", ".join(changed))
        )
    return True


def _waits(driver: Driver, form: LetterForm, wanted: str) -> bool:
    """Whether an earlier save whose outcome is unknown could still land."""
    for intent in Intent.objects.unsettled().filter(window=driver.window, kind=KIND):
        meant = intent.before["request"]["letter"]
        if meant == wanted == form.letter:
            intents.settle(intent, Outcome.DONE, why=say("effect.read_back"))
        elif clock.now() < (until := intents.may_show_until(intent)):
            driver.save(uncertain=True)
            driver.look_again(until)
            return True
        else:
            happened = meant == form.letter
            intents.settle(
                intent, Outcome.DONE if happened else Outcome.NOTHING, why=say("effect.read_back")
            )
    return False
