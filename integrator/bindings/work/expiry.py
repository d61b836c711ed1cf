"""Sets a service's expiry date where the CSV asks for one.

While the module is still manual, where the service's form allows it: saving a bound service may
push limits to the live account (design.md, section 6). Some forms hold the date read-only, or
nothing can be changed while the opening runs (billmanager.md 7.5): then it is set after the
close. It is proven by reading back, and it never fails a binding: what could not be set is *still
to do*, told on the binding's page and in the run's report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import transaction

from integrator.bindings import causes, claims, intents, transitions
from integrator.bindings.work import attempts
from integrator.bindings.work.side_by_side import read, settle
from integrator.bindings.work.writes import NotNowError
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Binding
from integrator.models.states import BindingState, Outcome, Phase, StepState
from integrator.steps import step7_close_the_task as step7
from integrator.windows import members
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import QuerySet

    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from integrator.models import Intent, Run
    from panels.billmanager import BillManager
    from panels.billmanager.services import ServiceForm

KIND = "expiry"
NOT_SET, WHY = "expires_not_set", "expires_why"
"""In the evidence of step 7: the day that is still to be set, and why it could not be."""
MAX_TRIES = 3
PASSING = "passing"
"""In an intent's result: whether what refused it may pass by itself."""
NOT_SHOWN = say("expiry.not_shown")
SHUT = say("expiry.shut")


@dataclass(frozen=True, slots=True)
class SetExpiry:
    """Sets the day until which a service is paid; to set it twice harms nothing."""

    kind: ClassVar = KIND
    number: ClassVar = step7.NUMBER

    bm: BillManager
    service_id: int
    day: date

    def describe(self) -> dict[str, Any]:
        """Of which service, and which day."""
        return {"service": self.service_id, "expires": self.day.isoformat()}

    def before(self) -> dict[str, Any]:
        """Nothing: the form tells."""
        return {}

    def apply(self, send_by: float) -> None:
        """Set it. Raises what ``panels`` raises."""
        self.bm.services.set_expiry(self.service_id, self.day, send_by=send_by)


def set_before(claimed: Claim, bm: BillManager) -> Work[bool]:
    """Whether the task may be closed now; False: the binding was handed back to wait.

    The date is set where the form allows it. Raises PanelError where the panel cannot be asked at
    present.
    """
    try:
        form = yield from read(lambda: bm.services.form(claimed.binding.service_id or 0))
        return (yield from _set(claimed, bm, form)) is not None
    except PanelError as error:
        if causes.of_error(error).passing:
            raise
        return True  # a form that is odd or denied: the date is tried once more after the close


def is_after(claimed: Claim) -> bool:
    """Whether step 7 is proven already, so that this turn is for the expiry alone."""
    made, binding = claimed.steps.get(step7.NUMBER), claimed.binding
    wanted = bool(binding.expires) and not binding.expires_set
    return wanted and made is not None and made.state == StepState.DONE


def waits_for_close(binding: Binding, own: Sequence[Intent]) -> bool:
    """Whether a bound service of ours has its date yet to be set, by a turn after the close.

    Not one that somebody else bound: to save it may push limits to the live account. Nor one whose
    form was open before: it was refused then, or did not show.
    """
    closed = intents.last(list(own), step7.CLOSE)
    ours = closed is not None and intents.may_have_happened(closed)
    tried = intents.last(list(own), KIND) is not None
    return bool(binding.expires) and not binding.expires_set and ours and not tried


def work(claimed: Claim, bm: BillManager) -> Work[None]:
    """Set the date of a bound service, and hand the binding on; what fails is still to do."""
    binding = claimed.binding
    try:
        form = yield from read(lambda: bm.services.form(binding.service_id or 0))
        if (form.module_id, form.username) != (binding.module_id, binding.account.username):
            attempts.wait(claimed, members.TASKS, step=6)  # it is bound no more
            return
        why = yield from _set(claimed, bm, form)
    except NotNowError:
        why = say("binding.window_closes")
    except PanelError as error:
        told = panel_errors.of_error(error)
        tries = binding.attempts + 1
        if causes.of_error(error).passing and tries < settings.MAX_ATTEMPTS:
            due = clock.now() + transitions.backoff(binding.attempts)
            attempts.wait(claimed, members.TURN, due_at=due, attempts=tries, why=told)
            return
        why = told
    if why is not None:
        _hand_on(claimed, why)


def _hand_on(claimed: Claim, why: Message) -> None:
    with transaction.atomic():
        if why:
            made = claimed.steps[step7.NUMBER]
            made.evidence = {**made.evidence, **still_to_do(claimed.binding, why)}
            made.save(update_fields=["evidence"])
        claims.hand_back(
            claimed, BindingState.WAITING, waiting_for=members.RESTORE,
            why=said(claimed.binding) if why else NOTHING, step=8, step_at=clock.now(), password="",
        )  # fmt: skip


def why_not(own: Sequence[Intent]) -> Message:
    """Why the date of a bound service is not set: it was refused before, or bound by others."""
    tried = intents.last(list(own), KIND)
    if tried is None:
        return say("expiry.not_ours")
    return tried.why or NOT_SHOWN


def still_to_do(binding: Binding, why: Message) -> dict[str, Any]:
    """What the evidence of step 7 says of a date that is not set."""
    return {NOT_SET: binding.expires.isoformat() if binding.expires else "", WHY: why.to_json()}


def said(binding: Binding) -> Message:
    """What an event says of a date that is not set."""
    return say("expiry.to_do", day=str(binding.expires))


def to_do(run: Run) -> QuerySet[Binding]:
    """The run's bindings that are done but for their expiry."""
    wanted = Binding.objects.filter(run=run, state=BindingState.DONE, expires_set=False)
    return wanted.exclude(expires=None).select_related("account__panel").order_by("number")


def _set(claimed: Claim, bm: BillManager, form: ServiceForm) -> Work[Message | None]:
    """Set the date once: nothing to tell where it is set, else why it is not.

    None: the binding was handed back.

    Setting a date twice to the same value harms nothing, so an unknown outcome is read again.
    """
    made = intents.last(claimed.intents, KIND)
    if form.expires == claimed.binding.expires:
        if made is not None and intents.unsettled(made):
            intents.settle(made, Outcome.DONE, why=say("effect.read_back"))
        claims.note(claimed, expires_set=True)
        return NOTHING
    if made is not None and intents.unsettled(made):
        if clock.now() < (until := intents.may_show_until(made)):
            attempts.wait(claimed, members.TURN, due_at=until)
            return None
        intents.settle(made, Outcome.NOTHING, why=intents.NOT_SEEN)
    tries = sum(intent.kind == KIND for intent in claimed.intents)
    if made is not None and (tries >= MAX_TRIES or not made.result.get(PASSING)):
        return made.why or NOT_SHOWN
    return (yield from _send(claimed, bm, tries)) if form.expiry_can_be_set else SHUT


def _send(claimed: Claim, bm: BillManager, tries: int) -> Work[Message | None]:
    """Send the date and read it back; see ``_set``."""
    binding = claimed.binding
    service_id, wanted = binding.service_id or 0, binding.expires
    assert wanted is not None  # noqa: S101 - tells the type checker
    sent = yield from attempts.send(claimed, SetExpiry(bm, service_id, wanted), Phase.TASKS)
    if sent.outcome == Outcome.DONE:
        yield from settle(sent, None)
        if (yield from read(lambda: bm.services.form(service_id))).expires != wanted:
            return NOT_SHOWN
        claims.note(claimed, expires_set=True)
        return NOTHING
    passing = sent.error is not None and causes.of_error(sent.error).passing
    again = sent.outcome == Outcome.UNKNOWN or (passing and tries + 1 < MAX_TRIES)
    with transaction.atomic():
        intents.settle_sent(sent, **{PASSING: passing})
        if again:
            due = clock.now() + transitions.backoff(tries)
            unknown = sent.outcome == Outcome.UNKNOWN
            attempts.wait(claimed, members.TURN, due_at=sent.intent.settles_at if unknown else due)
    return None if again else panel_errors.of_error(sent.error)
