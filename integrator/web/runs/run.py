"""Run: progress, the funnel over the eight steps, failures by cause, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.bindings.causes import CAUSES
from integrator.bindings.operator import actions, report
from integrator.bindings.work import expiry
from integrator.core.clock import now
from integrator.core.errors import ActionRefused, Refused
from integrator.core.numbers import numbers
from integrator.messages.message import Message
from integrator.models import Account, Binding, Panel, Run, Window
from integrator.models.states import RETRYABLE, BindingState, RunState
from integrator.previews.csv import password_list
from integrator.runs import endings, run_state
from integrator.steps import SHARED
from integrator.web.layout import live, marks, refusals
from integrator.web.layout.access import Role, needs
from integrator.web.layout.download import csv_download
from integrator.web.runs import course
from integrator.web.runs.retried import show_retried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase

    from integrator.web.layout.access import Request

PER_PAGE = 100
MAX_WINDOWS = 20
# What a new password may cure; the form for it stands ready in the page.
PASSWORD_CAUSES = [
    CAUSES[key] for key in ("wrong_password", "no_password", "password_blocked", "task_refused")
]
ACTIONS = {"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    run = _find(pk)
    stamp = _stamp(request, run)
    context = _context(run)
    state = request.GET.get("state", "")
    rows = _rows(run, state)
    table = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = [marked(binding) for binding in table]
    ids = ",".join(str(binding.pk) for binding, _strip, _detail in shown)
    poll_state = live.state(
        request,
        reverse("run-live", args=[pk]),
        facts=_facts(context, shown),
        busy=_busy(run),
        ids=ids,
        stamp=stamp,
    )
    more = {"table": table, "rows": shown, "state": state, "states": BindingState.choices}
    return render(request, "runs/run.html", {**context, **more, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request, pk: int) -> HttpResponse:
    """Figures, funnel, causes and the rows that the page shows."""
    run = _find(pk)
    stamp = _stamp(request, run)
    if live.is_quiet(request, stamp):
        return HttpResponse(status=204)
    ids = numbers(request.GET.get("ids", "").split(","))
    rows = [marked(binding) for binding in _rows(run, "").filter(pk__in=ids[:PER_PAGE])]
    context = {**_context(run), "rows": rows}
    facts, busy = _facts(context, rows), _busy(run)
    return live.answer(request, "runs/run_live.html", context, facts=facts, busy=busy, stamp=stamp)


@needs(post=Role.OPERATOR)
def act(request: Request, pk: int, action: str) -> HttpResponse:
    """Pause, resume or cancel."""
    run = get_object_or_404(Run, pk=pk)
    if action not in ACTIONS:
        raise Http404
    try:
        ACTIONS[action](run.pk, request.user.get_username())
    except ActionRefused as refused:
        refusals.show_refusal(request, refused)
    else:
        if action == "cancel":
            messages.success(request, "\n".join(endings.of_cancelling(run).sentences()))
    return redirect("run", pk)


@needs(post=Role.OPERATOR)
def retry(request: Request, pk: int) -> HttpResponse:
    """Retry the bindings of this run that failed for one cause, and only those.

    With a list of passwords, of those only the ones that it names.
    """
    run = get_object_or_404(Run, pk=pk)
    chosen = run.bindings.filter(state__in=RETRYABLE, cause=request.POST.get("cause", ""))
    password = request.POST.get("password") or None
    try:
        own = _listed_passwords(request, chosen)
    except Refused as refused:
        refusals.show_refusal(request, refused)
        return redirect("run", pk)
    if own and password is None:
        chosen = chosen.filter(account__in=own)
    actor = request.user.get_username()
    show_retried(request, actions.retry(chosen, actor, password=password, passwords=own))
    return redirect("run", pk)


def _listed_passwords(request: Request, chosen: QuerySet[Binding]) -> dict[int, str]:
    """The pasted list, by account. Raises Refused when it is wrong, or nothing at all is given."""
    pasted = request.POST.get("passwords", "")
    if pasted.strip():
        return password_list.read(pasted, Account.objects.filter(pk__in=chosen.values("account")))
    if "passwords" in request.POST and not request.POST.get("password"):
        raise Refused(_("No password was given; nothing has been changed."))
    return {}


@needs(get=Role.VIEWER)
def export(request: Request, pk: int) -> HttpResponseBase:
    """All bindings of the run as CSV, for accountant and archive.

    Cells are defused, since names come from panels.
    """
    run = get_object_or_404(Run, pk=pk)
    head = ["binding", "server", "username", "domain", "client", "plan", "state", "step",
            "service", "cause", "detail", "price", "currency", "credited", "period",
            "expires", "done_at"]  # fmt: skip # the head of the file, as it is read
    return csv_download(request, _lines(run, head), f"run-{run.pk}.csv")


def _lines(run: Run, head: list[str]) -> Iterator[list[object]]:
    yield [*head]
    rows = run.bindings.order_by("number").values_list(
        "id", "account__panel__name", "account__username", "domain", "client__remote_id",
        "plan__name", "state", "step", "service_id", "cause", "cause_text", "price", "currency",
        "credited", "period", "expires", "done_at",
    )  # fmt: skip # in the order of the head
    for number, *cells in rows.iterator(chunk_size=2000):
        yield [f"b{number}", *(str(cell) if isinstance(cell, Message) else cell for cell in cells)]


def marked(binding: Binding) -> tuple[Binding, tuple[str, ...], str]:
    """A binding with its strip and what to say beside its state."""
    return binding, marks.steps_of(binding), marks.detail_of(binding)


def _rows(run: Run, state: str) -> QuerySet[Binding]:
    rows = run.bindings.select_related("account__panel", "client", "plan", "window").only(
        *("run_id", "state", "step", "version", "waiting_for", "cause", "service_id", "number"),
        *("account__username", "account__panel__name", "client__name", "client__remote_id"),
        *("plan__name", "window__phase"),
    )
    if state and state not in BindingState.values:
        raise Http404
    return rows.filter(state=state) if state else rows


def _context(run: Run) -> dict[str, Any]:
    return {
        "section": "runs",
        "run": run,
        "progress": report.progress(run),
        "groups": report.causes(run),
        "expiries": list(expiry.to_do(run)),
        "shared": SHARED,
        "password_causes": PASSWORD_CAUSES,
        "live": run.state in {RunState.RUNNING, RunState.PAUSED, RunState.UNDECIDED},
        "away": report.away(run),
        "cancel_means": endings.of_cancelling(run).sentences(),
        "hours_begin": run_state.begins_at(run, now()) if run.state == RunState.RUNNING else None,
        "windows": _windows(run),
        "course": course.of(run),
    }


def _windows(run: Run) -> list[Window]:
    """Windows of this run with an alarm or other people's orders."""
    notable = Q(strangers__isnull=False) | ~Q(alarm="") | Q(canaries__binding__run=run)
    plans = run.bindings.values("plan")
    rows = Window.objects.filter(notable, plan__in=plans, created_at__gte=run.started_at)
    if run.finished_at is not None:
        rows = rows.filter(created_at__lte=run.finished_at)
    return list(
        rows.select_related("plan")
        .annotate(
            waiting=Count("strangers", filter=Q(strangers__state="manual"), distinct=True),
            others=Count("strangers", distinct=True),
        )
        .order_by("-id")[:MAX_WINDOWS]
    )


def _find(pk: int) -> Run:
    """The run with its choices, but for the preview's summary, which is as long as the run."""
    return get_object_or_404(Run.objects.select_related("preview").defer("preview__summary"), pk=pk)


def _stamp(request: Request, run: Run) -> str:
    """Whatever changes a binding of it writes an event; the header knows of windows."""
    last = run.events.order_by("-id").values_list("pk", flat=True).first()
    hours = run_state.begins_at(run, now()) if run.state == RunState.RUNNING else None
    away = Panel.objects.filter(away_since__isnull=False).order_by("pk")
    return live.stamp_of(request, (run.version, last, hours, list(away.values_list("pk"))))


def _facts(context: dict[str, Any], rows: list[tuple[Binding, tuple[str, ...], str]]) -> object:
    run: Run = context["run"]
    groups = [(group.cause.key, group.state, group.count) for group in context["groups"]]
    shown = [(binding.pk, binding.version, strip) for binding, strip, _detail in rows]
    progress = context["progress"]
    windows = [(w.pk, w.version, w.alarm, w.alarm_seen_by) for w in context["windows"]]
    told = (progress.estimate.words, progress.estimate.per_minute, progress.estimate.persons)
    facts = (run.state, run.why, progress.by_state, progress.steps, told, groups, shown)
    away = [(panel.pk, panel.away_since, panel.away_why) for panel in context["away"]]
    expiries = [binding.pk for binding in context["expiries"]]
    return (*facts, windows, expiries, context["hours_begin"], context["cancel_means"], away)


def _busy(run: Run) -> bool:
    return run.state == RunState.RUNNING
