"""Preview: what a run would do, frozen; and the button that starts it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Sum
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrator.bindings.operator import guided
from integrator.core.errors import ActionRefused, PanelError, Refused
from integrator.messages.matches import FOR_A_CLIENT
from integrator.messages.message import of_json
from integrator.models import Panel, Preview, Run
from integrator.models.states import RowState
from integrator.panel_access import proven_names
from integrator.panel_setup import advice
from integrator.previews import confirmable, confirmations, making, passwords
from integrator.previews.csv import writer
from integrator.runs import run_start
from integrator.runs.launch import launch
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.web.layout.download import csv_download
from integrator.web.previews import making_page, rehearsals, row_passwords, starting_page

if TYPE_CHECKING:
    from django.http import HttpResponse, StreamingHttpResponse

    from integrator.messages.reasons import Reason
    from integrator.models import PreviewRow
    from integrator.web.layout.access import Request

PER_PAGE = 100
MAX_CLIENTS = 10


@needs(get=Role.OPERATOR)
def page(request: Request, pk: int) -> HttpResponse:
    """Amounts, dates, mails, exposed plans, and every row with its reasons."""
    found = get_object_or_404(Preview, pk=pk)
    if making.is_unmade(found):
        return making_page.page(request, found)
    return render(request, "previews/preview.html", _context(request, found))


@needs(get=Role.OPERATOR)
def export(request: Request, pk: int) -> StreamingHttpResponse:
    """Every row with its amounts, dates and reasons, as CSV."""
    found = get_object_or_404(Preview, pk=pk)
    return csv_download(request, writer.preview(found), f"preview-{found.pk}.csv")


@needs(post=Role.OPERATOR, fresh=True)
def start(request: Request, pk: int) -> HttpResponse:
    """Start the run, once; what has changed since the preview is shown instead of run over."""
    found = get_object_or_404(Preview, pk=pk)
    if making.is_unmade(found):
        return redirect("preview", pk)
    try:
        run_start.pick_canary(found.pk, request.POST.get("canary", ""))
        guided.choose(found.pk, guided=request.POST.get("guided") == "on")
        if starting_page.asked(found, request.user.get_username()):
            return redirect("preview", pk)
        run = launch(found, request.user.get_username())
    except (Refused, PanelError) as error:
        return _not_started(request, found, advice.refusal_of(error))
    except ActionRefused as refused:
        return _not_started(request, found, refused)
    said = ngettext("%d account is being bound.", "%d accounts are being bound.", run.total)
    messages.success(request, said % run.total)
    found.refresh_from_db(fields=["guided"])
    return redirect("guided" if found.guided else "run", run.pk)


@needs(post=Role.OPERATOR)
def anew(request: Request, pk: int) -> HttpResponse:
    """Make a new preview of the same accounts and choices, by what is known now."""
    found = get_object_or_404(Preview, pk=pk)
    try:
        made = making_page.remade(found, request.user.get_username())
    except Refused as refused:
        return _not_started(request, found, refused)
    messages.success(request, _("This is the preview by what the panels say now."))
    return redirect("preview", made.pk)


@needs(post=Role.OPERATOR)
def confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm what rows ask for: the words that were shown, or all of one kind."""
    found = get_object_or_404(Preview, pk=pk)
    person = request.user.get_username()
    kind = request.POST.get("kind", "")
    try:
        if kind in confirmable.KINDS:
            number = confirmations.confirm_all(found, kind, person)
        else:
            number = confirmations.confirm(found, request.POST.getlist("word"), person)
    except Refused as refused:
        refusals.show_refusal(request, refused)
    else:
        said = ngettext("%d row is confirmed.", "%d rows are confirmed.", number)
        messages.success(request, said % number)
    return redirect("preview", found.pk)


def _not_started(request: Request, found: Preview, refused: Any) -> HttpResponse:
    context = {**_context(request, found), "refused": refused}
    return render(request, "previews/preview.html", context, status=409)


def _context(request: Request, found: Preview) -> dict[str, Any]:
    shown = request.GET.get("state", "")
    rows = found.rows.select_related("account__panel", "client", "plan")
    if shown in RowState.values:
        rows = rows.filter(state=shown)
    summary = found.summary
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    rehearsals.with_sends(page, found)
    for row in page:
        row.confirms = _words(row)  # type: ignore[attr-defined] # for the template
        row.lacks = passwords.lacks(row, found)  # type: ignore[attr-defined] # for the template
        row.told, row.evidence = _told(row)  # type: ignore[attr-defined] # for the template
    return {
        "section": "accounts",
        "preview": found,
        "run": Run.objects.filter(preview=found).first(),
        "summary": summary,
        "asks": {} if found.started_at else summary.get("asks", {}),
        "windows": [_window(one) for one in summary.get("windows", [])],
        "first_suspension": _date(summary.get("first_suspension")),
        "clients": _clients(found),
        "tabs": _tabs(found, shown),
        "shown": shown,
        "guided_offered": _is_guided_offered(),
        "rows": page,
        **rehearsals.context(request, found),
        **starting_page.context(request, found),
        **row_passwords.context(found),
        "said": _said,
    }


def _is_guided_offered() -> bool:
    """Whether nothing was ever bound on this panel as it is now, so that a first one is walked."""
    panel = Panel.objects.billmanager()
    return panel is not None and not proven_names.is_close_proven(panel)


def _tabs(found: Preview, shown: str) -> list[tuple[str, str, int, bool]]:
    counts = dict(found.rows.order_by().values_list("state").annotate(Count("id")))
    return [
        (state.value, str(state.label), counts.get(state.value, 0), shown == state.value)
        for state in RowState
    ]


def _clients(found: Preview) -> dict[str, Any]:
    """The clients that are charged most; the others are summed up to keep the page short."""
    ready = found.rows.filter(state=RowState.READY)
    groups = (
        ready.order_by()
        .values("client__remote_id", "client__name", "client__balance", "currency")
        .annotate(
            amount=Sum("price"),
            credit=Sum("credit"),
            count=Count("id"),
            before=Max("balance_before"),
            after=Min("balance_after"),
        )
        .order_by("-amount", "client__name")
    )
    return {"top": list(groups[:MAX_CLIENTS]), "number": groups.count()}


def _words(row: PreviewRow) -> list[str]:
    """The words that would confirm the row; empty where it needs something else too."""
    asked = [one for one in row.reasons if one.get("asks")]
    words = list(map(confirmable.word_of, asked))
    return words if row.state == RowState.CHOOSE and all(words) else []


def _told(row: PreviewRow) -> tuple[list[Reason], list[Reason]]:
    """What is said of the row at once, and what speaks for its client where that is settled."""
    if row.state != RowState.READY:
        return row.reasons, []
    evidence = [one for one in row.reasons if one["key"] in FOR_A_CLIENT]
    return [one for one in row.reasons if one not in evidence], evidence


def _window(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "accounts": sum(one["cohorts"]), "count": len(one["cohorts"])}


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _said(row: PreviewRow) -> list[str]:
    return [str(of_json(reason)) for reason in row.reasons]
