"""Live pages: one poller a page, which gets an empty answer when nothing is new.

The poller stands outside every table and swaps nothing itself: an answer carries single cells,
each replaced by its id. Rows, boxes, focus and scroll position are never touched. What a page
shows is summed up in a digest that the poller sends back; an equal one is answered with 204.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from integrator.web.layout import chrome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrator.web.layout.access import Request

BUSY_SECONDS = 2
IDLE_SECONDS = 15


def digest_of(request: Request, facts: object) -> str:
    """A short text that differs when the repr of ``facts`` or the header's facts differ."""
    text = repr((facts, chrome.of(request), get_language()))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def answer(
    request: Request, template: str, context: Mapping[str, Any], *, facts: object, busy: bool
) -> HttpResponse:
    """Answer a poll: 204 when the page already shows ``facts``, else ``template``.

    ``busy``: something moves, so the page shall ask again soon. The template extends
    ``live.html``, which adds the header's cells, the new digest and, when the pace changes, a
    new poller.
    """
    digest, pace = digest_of(request, facts), pace_of(request, busy=busy)
    if request.GET.get("digest") == digest:
        return HttpResponse(status=204)
    was = request.GET.get("pace", "")
    extra = {"digest": digest, "pace": pace, "new_pace": str(pace) != was, "live_url": request.path}
    return render(request, template, {**context, **extra})


def state(
    request: Request, url: str, *, facts: object, busy: bool, ids: str = ""
) -> dict[str, Any]:
    """The context of a page's poller: its URL, interval, and what the page shows already."""
    return {
        "live_url": url,
        "digest": digest_of(request, facts),
        "pace": pace_of(request, busy=busy),
        "live_ids": ids,
    }


def pace_of(request: Request, *, busy: bool) -> int:
    """Seconds between two polls."""
    return BUSY_SECONDS if busy or chrome.of(request).windows else IDLE_SECONDS
