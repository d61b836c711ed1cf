"""Live pages: one poller a page, which gets an empty answer when nothing is new.

The poller stands outside every table and swaps nothing itself: an answer carries single cells,
each replaced by its id. Rows, boxes, focus and scroll position are never touched. What a page
shows is summed up in a digest that the poller sends back; an equal one is answered with 204.

Where much is read for that, a page gives a *stamp* as well: little that is read first, and that
differs whenever something of it may have changed. While it is the same, nothing else is read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from integrator.core.clock import now
from integrator.web.layout import chrome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrator.web.layout.access import Request

BUSY_SECONDS = 2
IDLE_SECONDS = 15
STAMP_SECONDS = 60
BETWEEN = "_"
"""Stands in a digest between the stamp, if there is one, and what the page shows."""


def digest_of(request: Request, facts: object) -> str:
    """A short text that differs when the repr of ``facts`` or the header's facts differ."""
    text = repr((facts, chrome.of(request), get_language()))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def stamp_of(request: Request, facts: object) -> str:
    """The stamp of a page by what tells that something may have changed; to be read before it.

    It is another one once a minute in any case, for what no stamp tells of.
    """
    return digest_of(request, (facts, int(now().timestamp()) // STAMP_SECONDS))


def is_quiet(request: Request, stamp: str) -> bool:
    """Whether the page that polls was shown, or looked at again, under the same stamp."""
    return request.GET.get("digest", "").partition(BETWEEN)[0] == stamp


def answer(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    facts: object,
    busy: bool,
    stamp: str = "",
) -> HttpResponse:
    """Answer a poll: 204 when the page already shows ``facts``, else ``template``.

    ``busy``: something moves, so the page shall ask again soon. The template extends
    ``live.html``, which adds the header's cells, the new digest and, when the pace changes, a
    new poller.
    """
    digest, pace = digest_of(request, facts), pace_of(request, busy=busy)
    shown = request.GET.get("digest", "")
    whole = f"{stamp}{BETWEEN}{digest}" if stamp else digest
    if shown == whole:
        return HttpResponse(status=204)
    was = request.GET.get("pace", "")
    extra = {"digest": whole, "pace": pace, "new_pace": str(pace) != was, "live_url": request.path}
    if shown.rpartition(BETWEEN)[2] == digest:
        return render(request, "layout/live_stamp.html", extra)
    return render(request, template, {**context, **extra})


def state(
    request: Request, url: str, *, facts: object, busy: bool, ids: str = "", stamp: str = ""
) -> dict[str, Any]:
    """The context of a page's poller: its URL, interval, and what the page shows already."""
    digest = digest_of(request, facts)
    return {
        "live_url": url,
        "digest": f"{stamp}{BETWEEN}{digest}" if stamp else digest,
        "pace": pace_of(request, busy=busy),
        "live_ids": ids,
    }


def pace_of(request: Request, *, busy: bool) -> int:
    """Seconds between two polls."""
    return BUSY_SECONDS if busy or chrome.of(request).windows else IDLE_SECONDS
