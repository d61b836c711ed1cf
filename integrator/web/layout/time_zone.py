"""Times are shown in the person's own time zone, which the browser tells in a cookie.

Until it has told, and where it tells nonsense, they are in UTC. Whatever the product works with,
such as the hours of a run, is in UTC in any case.
"""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

COOKIE = "timezone"
"""Set by static/app.js: a name of the IANA database."""


def in_own_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the request is answered in the time zone of its browser."""
    known = zoneinfo.available_timezones()

    def middleware(request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        with timezone.override(zoneinfo.ZoneInfo(name) if name in known else None):
            return get_response(request)

    return middleware
