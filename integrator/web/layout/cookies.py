"""What a browser keeps of a page's look, in a cookie: the theme, the columns of a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

YEAR = 365 * 24 * 3600


def keep(
    request: HttpRequest, name: str, value: str, *, told: Mapping[str, object], page: str
) -> HttpResponse:
    """Keep the value, and lead back to where the form says, or to the page of that name.

    Under htmx the page changes in place, by the event that is ``told`` (name: details).
    """
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    response: HttpResponse = redirect(back if safe else page)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204, headers={"HX-Trigger": json.dumps(told)})
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response
