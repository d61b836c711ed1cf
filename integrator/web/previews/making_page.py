"""Previews that a worker makes, since they are long: asked for, under way, or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integrator.maintenance import wake_ups
from integrator.models import Preview
from integrator.previews import making
from integrator.previews import preview as previews
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs
from integrator.web.previews import rehearsals

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.previews.choices import Choices
    from integrator.web.layout.access import Request


def made_or_asked(size: int, make: Callable[[], Preview], ask: Callable[[], Preview]) -> Preview:
    """The preview of so many rows, made here and now; of many, one that a worker is asked to make.

    Raises what ``make`` and ``ask`` raise.
    """
    if size > making.MAX_AT_ONCE:
        asked = ask()
        wake_ups.wake("preview", asked.pk)
        return asked
    made = make()
    rehearsals.ask_for(made)
    return made


def remade(old: Preview, actor: str, choices: Choices | None = None) -> Preview:
    """A new preview of the same accounts by what is known now; ``choices`` None: the same ones.

    Raises Refused.
    """
    return made_or_asked(
        old.rows.count(),
        lambda: previews.remake(old, actor, choices),
        lambda: making.ask_again(old, actor, choices),
    )


def page(request: Request, preview: Preview) -> HttpResponse:
    """How far it is, or why it could not be made."""
    context = _context(preview)
    if preview.wanted:
        url = reverse("preview-making", args=[preview.pk])
        context |= live.state(request, url, facts=_facts(preview), busy=True)
    return render(request, "previews/making.html", context)


@needs(get=Role.OPERATOR)
def poll(request: Request, pk: int) -> HttpResponse:
    """How far it is; once it is over the page is loaded anew."""
    preview = get_object_or_404(Preview, pk=pk)
    if not preview.wanted:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context, facts = _context(preview), _facts(preview)
    return live.answer(request, "previews/making_live.html", context, facts=facts, busy=True)


def _context(preview: Preview) -> dict[str, Any]:
    progress = preview.summary.get(making.KEY, {})
    return {
        "section": "accounts",
        "preview": preview,
        "progress": progress,
        "failed": making.why_failed(preview),
    }


def _facts(preview: Preview) -> object:
    return preview.summary.get(making.KEY)
