"""Binding: the eight steps as a timeline, with attempts, calls and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.models import Binding, Call, Service
from integrator.models.states import MOVING, RETRYABLE, BindingState
from integrator.web import asking, live, marks
from integrator.web.access import Role, needs
from integrator.web.run import tell_retry
from integrator.workflow import actions, report
from integrator.workflow.causes import CAUSES
from integrator.workflow.refusal import ActionRefused
from panels.errors import PanelError

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.access import Request

MOST_CALLS = 200
MOST_EVENTS = 30
MOST_CANDIDATES = 10


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    binding = _find(pk)
    context = _context(binding)
    url = reverse("binding-live", args=[pk])
    poll_state = live.state(request, url, facts=_facts(context), busy=binding.state in MOVING)
    return render(request, "binding.html", {**context, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request, pk: int) -> HttpResponse:
    """State, actions and timeline; an open call stays open, since only changed steps are sent."""
    binding = _find(pk)
    context = _context(binding)
    return live.answer(
        request, "binding_live.html", context, facts=_facts(context), busy=binding.state in MOVING
    )


@needs(post=Role.OPERATOR)
def retry(request: Request, pk: int) -> HttpResponse:
    """Try again where it stopped, with a new password where one is given."""
    binding = get_object_or_404(Binding, pk=pk)
    password = request.POST.get("password", "")
    tell_retry(request, actions.retry(
        Binding.objects.filter(pk=binding.pk), request.user.get_username(),
        password=password or None,
    ))  # fmt: skip
    return redirect("binding", pk)


@needs(post=Role.OPERATOR)
def adopt(request: Request, pk: int) -> HttpResponse:
    """Undecided: a person says that it exists, and which service it is."""
    binding = get_object_or_404(Binding, pk=pk)
    text = request.POST.get("service", "").strip() or request.POST.get("candidate", "")
    if not text.isdecimal():
        messages.error(request, _("Give the number of the service in BILLmanager."))
        return redirect("binding", pk)
    try:
        actions.adopt(binding.pk, int(text), request.user.get_username())
    except ActionRefused as refused:
        asking.tell(request, refused)
    except PanelError as error:
        asking.tell(request, asking.refusal_of(error))
    else:
        messages.success(request, _("Service %s is adopted.") % text)
    return redirect("binding", pk)


@needs(post=Role.OPERATOR)
def try_again(request: Request, pk: int) -> HttpResponse:
    """Undecided: a person says that it does not exist."""
    binding = get_object_or_404(Binding, pk=pk)
    try:
        actions.try_again(binding.pk, request.user.get_username())
    except ActionRefused as refused:
        asking.tell(request, refused)
    else:
        messages.success(request, _("It will be tried again."))
    return redirect("binding", pk)


def _find(pk: int) -> Binding:
    return get_object_or_404(
        Binding.objects.select_related("account__panel", "client", "plan", "run", "window"), pk=pk
    )


def _context(binding: Binding) -> dict[str, Any]:
    calls: dict[int | None, list[Call]] = {}
    for call in reversed(binding.calls.order_by("-id")[:MOST_CALLS]):
        calls.setdefault(call.step, []).append(call)
    steps = report.timeline(binding)
    return {
        "section": "runs",
        "binding": binding,
        "cause": CAUSES.get(binding.cause),
        "steps": [(step, calls.pop(step.number, [])) for step in steps],
        "strip": marks.steps_of(binding),
        "other_calls": [call for rest in calls.values() for call in rest],
        "events": binding.events.order_by("-id")[:MOST_EVENTS],
        "retryable": binding.state in RETRYABLE,
        "undecided": binding.state == BindingState.UNDECIDED,
        "candidates": _candidates(binding),
        "has_password": bool(binding.password),
    }


def _candidates(binding: Binding) -> list[Service]:
    """Services that could be this order: of the client and plan, and newer than its intent.

    They are those of the last discovery, so a page may lack one that BILLmanager has.
    """
    if binding.state != BindingState.UNDECIDED:
        return []
    intent = binding.intents.filter(kind="order").order_by("-id").first()
    found = Service.objects.filter(
        client_id_remote=binding.client.remote_id, plan_id_remote=binding.plan.remote_id,
        remote_id__gt=intent.before.get("service", 0) if intent else 0, gone_at=None,
    )  # fmt: skip
    return list(found.order_by("-remote_id")[:MOST_CANDIDATES])


def _facts(context: dict[str, Any]) -> object:
    binding: Binding = context["binding"]
    return (
        binding.version,
        binding.state,
        [(step.number, step.state, step.step and step.step.attempts, len(calls))
         for step, calls in context["steps"]],
        len(context["other_calls"]),
    )  # fmt: skip
