"""Step 7 of one claimed binding: set the expiry where asked, take the task, close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from integrator.bindings import dialect_learning, intents
from integrator.bindings.work import attempts, expiry
from integrator.bindings.work.side_by_side import read, settle
from integrator.bindings.work.writes import NotNowError
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import say, verbatim
from integrator.models.states import Outcome, Phase
from integrator.panel_access import call_log, transports
from integrator.steps import step7_close_the_task as step7
from integrator.steps.verdicts import NotYet, Proven
from integrator.windows import members
from panels.billmanager import Address
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    FunctionMissing,
    LoginRefused,
    PanelError,
    Refused,
)
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from integrator.messages.message import Message
    from integrator.models import Intent
    from panels.billmanager import BillManager
    from panels.billmanager.tasks.tasks import TaskForm


def work(claimed: Claim, bm: BillManager) -> Work[None]:
    """Go as far as this thread can, and hand the binding back."""
    binding = claimed.binding
    call_log.at_step(step7.NUMBER, binding.attempts + 1)
    if expiry.is_after(claimed):
        yield from expiry.work(claimed, bm)
        return
    try:
        if not binding.password and not binding.run.preview.without_passwords:
            _lacks_password(claimed)
            return
        wanted = binding.expires and not binding.expires_set
        if wanted and not (yield from expiry.set_before(claimed, bm)):
            return
        yield from _close(claimed, bm)
    except NotNowError:
        attempts.step_back(claimed)
    except PanelError as error:
        attempts.try_again(claimed, step7.NUMBER, error)


def _close(claimed: Claim, bm: BillManager) -> Work[None]:
    binding = claimed.binding
    try:
        form = yield from read(lambda: bm.tasks.form(binding.task_id or 0))
    except (AccessDenied, Busy, FunctionMissing, LoginRefused):
        raise  # these say nothing about the task
    except Refused as error:
        _gone(claimed, panel_errors.of_error(error))
        return
    if not _settle_close(claimed, form):
        return
    if form.status == step7.CLOSED:
        _gone(claimed, say("task.closed", task=form.task_id))
        return
    if not binding.password and bm.tasks.needs_password(form):
        _lacks_password(claimed)
        return
    ours = yield from _ours(claimed, bm, form)
    if ours is not None:
        yield from _submit(claimed, bm, ours)


def _lacks_password(claimed: Claim) -> None:
    username = verbatim(claimed.binding.account.username)
    attempts.fail(claimed, step7.NUMBER, "no_password", username)


def _gone(claimed: Claim, why: Message) -> None:
    """The task is there no more: closed, by us before a crash or by somebody; the service tells."""
    tries = claimed.binding.attempts + 1
    made = intents.last(claimed.intents, step7.CLOSE)
    if made is not None and intents.may_have_happened(made):
        _seen_closed(claimed, made, why)
    elif tries < settings.MAX_ATTEMPTS:
        attempts.wait(claimed, members.TASKS, step=6, attempts=tries)
    else:
        attempts.fail(claimed, step7.NUMBER, "task_refused", why, attempts=tries)


def _seen_closed(claimed: Claim, made: Intent, why: Message) -> None:
    """What was unknown of our close is known: there is nothing left to close, so it is read back.

    Should the service not become active, a person decides; to look at the task again would tell
    the same, as fast as the panel can answer.
    """
    if intents.unsettled(made):
        intents.settle(made, Outcome.DONE, why=why)
    attempts.wait(claimed, members.READBACK)


def _ours(claimed: Claim, bm: BillManager, form: TaskForm) -> Work[TaskForm | None]:
    """The form that closes the task, which is ours then; None: the binding was handed back."""
    taken = step7.probe(form, bm.staff_names)
    if isinstance(taken, NotYet):
        attempts.wait(claimed, taken.waiting_for, step=6, why=taken.text)
        return None
    if isinstance(taken, Proven):
        made = intents.last(claimed.intents, step7.TAKE)
        if made is not None and intents.unsettled(made):
            intents.settle(made, Outcome.DONE, why=say("effect.read_back"))
        # Ours since an earlier try, which had led to a second form: only that one can close it.
        second = made.result.get("address") if made is not None else None
        if not second:
            return form
        return (yield from read(lambda: bm.tasks.form(form.task_id, Address(*second))))
    return (yield from _take(claimed, bm, form))


def _settle_close(claimed: Claim, form: TaskForm) -> bool:
    """Whether nothing is unknown of an earlier close, now that the task is seen to be open."""
    made = intents.last(claimed.intents, step7.CLOSE)
    if made is None or not intents.unsettled(made):
        return True
    if form.status == step7.CLOSED:
        _seen_closed(claimed, made, say("task.closed", task=form.task_id))
        return False
    if clock.now() < intents.may_show_until(made):
        attempts.wait(claimed, members.READBACK, due_at=None)
        return False
    intents.settle(made, Outcome.NOTHING, why=say("task.still_open"))
    return True


def _take(claimed: Claim, bm: BillManager, form: TaskForm) -> Work[TaskForm | None]:
    """Take the task; its form as it is now, or None: the binding was handed back."""
    made = intents.last(claimed.intents, step7.TAKE)
    if intents.unsettled(made) and made is not None:
        if clock.now() < (until := intents.may_show_until(made)):
            attempts.wait(claimed, members.TURN, due_at=until)
            return None
        intents.settle(made, Outcome.NOTHING, why=say("task.still_free"))
    sent = yield from attempts.send(claimed, step7.TakeTask(bm, form), Phase.TASKS)
    if sent.outcome != Outcome.DONE:
        _not_done(claimed, sent)
        return None
    second = {"address": [sent.value.func, sent.value.elid]} if sent.value else {}
    yield from settle(sent, None, **second)
    return (yield from _form_after_taking(claimed, bm, form, sent.value))


def _form_after_taking(
    claimed: Claim, bm: BillManager, form: TaskForm, address: Address | None
) -> Work[TaskForm | None]:
    """The form to submit: the one that taking led to, or the same one, read again.

    Once a task of this panel has shown that taking leaves the form's fields and buttons as they
    were, the form that was read before taking serves, which saves a call for each binding.
    """
    binding = claimed.binding
    panel = transports.billmanager_panel("learnt")
    if address is None and panel.learnt.get("take_keeps_form"):
        return form
    fresh = yield from read(lambda: bm.tasks.form(binding.task_id or 0, address))
    taken = step7.probe(fresh, bm.staff_names)
    if isinstance(taken, NotYet):
        attempts.wait(claimed, taken.waiting_for, step=6, why=taken.text)
        return None
    # The button for taking may be gone afterwards; what is left must have been there before.
    same = set(fresh.form.fields) == set(form.form.fields) and set(fresh.form.buttons) <= set(
        form.form.buttons
    )
    dialect_learning.task_forms(panel, form, fresh, same=address is None and same)
    return fresh


def _submit(claimed: Claim, bm: BillManager, form: TaskForm) -> Work[None]:
    binding = claimed.binding
    close = step7.CloseTask(bm, binding, form)
    sent = yield from attempts.send(claimed, close, Phase.TASKS)
    if sent.outcome != Outcome.DONE:
        _not_done(claimed, sent)
        return
    yield from attempts.settle_and_wait(
        claimed, sent, members.READBACK, result={}, attempts=binding.attempts + 1
    )


def _not_done(claimed: Claim, sent: intents.Sent[object]) -> None:
    """Refused, unknown or not sent: write it down and hand the binding back."""
    binding = claimed.binding
    with transaction.atomic():
        intents.settle_sent(sent)
        if sent.outcome == Outcome.UNKNOWN:
            attempts.wait(claimed, members.READBACK, attempts=binding.attempts + 1)
        elif isinstance(sent.error, PanelError):
            dialect_learning.form_lacks(sent.error)
            refused = "form_unknown" if isinstance(sent.error, FormLacks) else "task_refused"
            attempts.try_again(claimed, step7.NUMBER, sent.error, refused=refused)
