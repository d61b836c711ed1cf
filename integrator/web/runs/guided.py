"""A guided binding: before each step what will be sent, after it what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from integrator.bindings.causes import CAUSES
from integrator.bindings.operator import guided, report
from integrator.core.numbers import number
from integrator.models import Call, Panel, Run
from integrator.models.states import RunState
from integrator.previews.rehearsal import guided_expectations
from integrator.web.layout import live, refusals
from integrator.web.layout.access import Role, needs
from integrator.web.runs import time_bars

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.models import Binding
    from integrator.web.layout.access import Request
    from integrator.web.runs.time_bars import Bar

MAX_CALLS = 200


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    run = _find(pk)
    context = _context(run)
    url = reverse("guided-live", args=[pk])
    poll_state = live.state(request, url, facts=_facts(context), busy=context["busy"])
    return render(request, "runs/guided.html", {**context, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request, pk: int) -> HttpResponse:
    """The present question and the timeline."""
    context = _context(_find(pk))
    return live.answer(
        request, "runs/guided_live.html", context, facts=_facts(context), busy=context["busy"]
    )


@needs(post=Role.OPERATOR)
def go_on(request: Request, pk: int) -> HttpResponse:
    """Permit the step that the page showed."""
    run, step = _find(pk), number(request.POST.get("step", "")) or 0
    with refusals.show_refusals(request):
        guided.go_on(run.pk, step, request.user.get_username())
    return redirect("guided", pk)


@needs(post=Role.OPERATOR)
def stop(request: Request, pk: int) -> HttpResponse:
    """Stop the guided run; its plan is restored."""
    run = _find(pk)
    with refusals.show_refusals(request):
        guided.stop(run.pk, request.user.get_username())
    return redirect("guided", pk)


def _find(pk: int) -> Run:
    return get_object_or_404(Run.objects.select_related("preview"), pk=pk, preview__guided=True)


def _context(run: Run) -> dict[str, Any]:
    binding = guided.binding_of(run)
    window = guided.asking(run)
    planned = guided_expectations.steps(binding)
    timeline = report.timeline(binding)
    done = [step for step in timeline if step.state == "done"]
    number = window.asks if window is not None else None
    return {
        "section": "runs",
        "run": run,
        "binding": binding,
        "billing": Panel.objects.billmanager(),
        "cause": CAUSES.get(binding.cause),
        "window": window,
        "closes_at": guided.closes_at(window) if window is not None else None,
        "now": next((one for one in planned if one.number == number), None),
        "later": [one for one in planned if number is not None and one.number > number],
        "last": max(done, key=lambda step: step.at or run.started_at, default=None),
        "steps": _with_calls(binding, timeline),
        "busy": run.state in {RunState.RUNNING, RunState.PAUSED},
    }


def _with_calls(
    binding: Binding, timeline: list[report.TimelineStep]
) -> list[tuple[report.TimelineStep, Bar | None, list[Call]]]:
    """Each step with its bar and calls, those of the window too: only this binding is in it."""
    bars = time_bars.of(binding, timeline)
    of_window = Q(window=binding.window_id, window__isnull=False)
    calls = Call.objects.filter(Q(binding=binding) | of_window).order_by("-id")[:MAX_CALLS]
    by_step: dict[int | None, list[Call]] = {}
    for call in reversed(calls):
        by_step.setdefault(call.step, []).append(call)
    return [(step, bars.get(step.number), by_step.get(step.number, [])) for step in timeline]


def _facts(context: dict[str, Any]) -> object:
    run, binding, window = context["run"], context["binding"], context["window"]
    asked = (window.pk, window.asks, context["closes_at"]) if window is not None else None
    steps = [(step.number, step.state, len(calls)) for step, _bar, calls in context["steps"]]
    return run.state, run.why, binding.version, binding.state, asked, steps, context["now"]
