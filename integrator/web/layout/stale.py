"""A form that cannot be taken since its page is too old: said so, and nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

HEADER = "X-Refused"
"""Tells static/app.js why a request was refused."""


def refuse(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django gives it; it is for developers
    """Answer a form whose token is not this session's (``CSRF_FAILURE_VIEW``)."""
    response = render(request, "403_csrf.html", status=403)
    response[HEADER] = "stale"
    return response
