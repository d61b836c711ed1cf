"""Binding: the eight steps as a timeline, with attempts, calls and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.bindings import decisions
from integrator.bindings.causes import CAUSES
from integrator.bindings.operator import (
    actions,
    corrections,
    report,
    undecided_evidence,
    undo_guide,
)
from integrator.bindings.work import expiry
from integrator.core.errors import ActionRefused, Refused
from integrator.core.numbers import number
from integrator.core.typed_text import typed
from integrator.messages.message import of_json
from integrator.models import Binding, Call
from integrator.models.states import MOVING, RETRYABLE, BindingState
from integrator.panel_access import deep_links
from integrator.previews.confirmable import KINDS
from integrator.previews.corrections import Wish, corrected
from integrator.steps import step7_close_the_task as step7
from integrator.web.layout import live, marks, refusals
from integrator.web.layout.access import Role, needs
from integrator.web.runs import story, time_bars
from integrator.web.runs.retried import show_retried

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

MAX_CALLS = 200
MAX_EVENTS = 30


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    binding = _find(pk)
    context = _context(binding)
    url = reverse("binding-live", args=[pk])
    poll_state = live.state(request, url, facts=_facts(context), busy=binding.state in MOVING)
    return render(request, "runs/binding.html", {**context, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request, pk: int) -> HttpResponse:
    """State, actions and timeline; an open call stays open, since only changed steps are sent."""
    binding = _find(pk)
    context = _context(binding)
    return live.answer(
        request,
        "runs/binding_live.html",
        context,
        facts=_facts(context),
        busy=binding.state in MOVING,
    )


@needs(post=Role.OPERATOR)
def retry(request: Request, pk: int) -> HttpResponse:
    """Try again where it stopped, with whatever is corrected in the form."""
    binding = _find(pk)
    try:
        fix = corrected(binding, _wish(request))
        retried = actions.retry(
            Binding.objects.filter(pk=binding.pk),
            request.user.get_username(),
            password=request.POST.get("password") or None,
            corrected=fix.fields,
            confirmed=fix.words,
        )
    except (Refused, ActionRefused) as refused:
        refusals.show_refusal(request, refused)
    else:
        show_retried(request, retried)
    return redirect("binding", pk)


def _wish(request: Request) -> Wish:
    """The corrections in the form. Raises Refused when the period is no number."""
    given = {name: typed(request.POST, name) for name in ("username", "client", "plan", "domain")}
    text = typed(request.POST, "period")
    period = number(text)
    if text and period is None:
        raise Refused(_("The period is a number of months."))
    confirmed = frozenset(request.POST.getlist("confirm")) & KINDS.keys()
    return Wish(**given, period=period, confirmed=confirmed)


def _find(pk: int) -> Binding:
    return get_object_or_404(
        Binding.objects.select_related("account__panel", "client", "plan", "run", "window"), pk=pk
    )


def _context(binding: Binding) -> dict[str, Any]:
    calls: dict[int | None, list[Call]] = {}
    for call in reversed(binding.calls.order_by("-id")[:MAX_CALLS]):
        calls.setdefault(call.step, []).append(call)
    steps, events = report.timeline(binding), binding.events.order_by("-id")[:MAX_EVENTS]
    bars = time_bars.of(binding, steps)
    return {
        "section": "runs",
        "binding": binding,
        "cause": CAUSES.get(binding.cause),
        "expiry": _expiry(steps),
        "steps": [(step, bars.get(step.number), calls.pop(step.number, [])) for step in steps],
        "strip": marks.steps_of(binding),
        "other_calls": [call for rest in calls.values() for call in rest],
        "events": events,
        "story": story.of(steps, events),
        "retryable": binding.state in RETRYABLE,
        "undecided": binding.state == BindingState.UNDECIDED,
        "about_payment": undecided_evidence.is_about_payment(binding),
        "seen_ordered": decisions.is_ordered(binding),
        "try_again_means": _means(binding),
        "only_names": corrections.is_ordered(binding),
        "undo": undo_guide.state_of(binding),
        "has_password": bool(binding.password),
        "user_link": deep_links.user(binding.account.panel, binding.account.username),
    }


def _expiry(steps: list[report.TimelineStep]) -> dict[str, Any] | None:
    """The day that is still to be set in BILLmanager, and why it was not; None: there is none."""
    evidence = steps[step7.NUMBER - 1].evidence
    if expiry.NOT_SET not in evidence:
        return None
    return {"day": evidence[expiry.NOT_SET], "why": of_json(evidence.get(expiry.WHY, ""))}


def _means(binding: Binding) -> str:
    """The consequence of a wrong answer “it does not exist”."""
    if binding.cause == "close_unknown":
        return _("You have seen in BILLmanager that the task is still open: it is closed again.")
    if undecided_evidence.is_about_payment(binding):
        return _(
            "You have looked in BILLmanager and no such payment is there. If that is wrong, "
            "the client's balance is topped up twice."
        )
    return _(
        "You have looked in BILLmanager and our order is not there. If that is wrong, the "
        "client is charged twice."
    )


def _facts(context: dict[str, Any]) -> object:
    binding: Binding = context["binding"]
    return (
        binding.version,
        binding.state,
        [
            (step.number, step.state, step.step and step.step.attempts, len(calls))
            for step, _bar, calls in context["steps"]
        ],
        len(context["other_calls"]),
    )
