"""How large the body of a request may be, told by its head before anything of it is read.

A form is parsed before a view or a role is asked for its token: without this, anybody could have
gigabytes written to the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import Resolver404, resolve

from integrator.core.numbers import number
from integrator.web.layout.access import to_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponseBase

    from integrator.web.layout.access import Request

KIB, MIB = 1024, 1024 * 1024
OPEN = frozenset({"login", "logout", "second-factor", "theme", "language"})
"""Addresses that take a form of somebody who has not signed in."""
FORM = 4 * MIB
"""All rows of a preview with their passwords fit."""
OWN = {"bind-csv": 17 * MIB, **dict.fromkeys(OPEN, 64 * KIB)}
"""Other limits, by the address's name: a file of 16 MiB with what is around it."""


def limit_bodies(
    get_response: Callable[[Request], HttpResponseBase],
) -> Callable[[Request], HttpResponseBase]:
    """Middleware: refuse what is too large, and what nobody who has signed in has sent."""

    def middleware(request: Request) -> HttpResponseBase:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return get_response(request)
        name = _name(request)
        if name not in OPEN and not request.user.is_authenticated:
            return to_login(request)
        length = number(request.META.get("CONTENT_LENGTH") or "0")
        if length is None or length > OWN.get(name, FORM):
            return render(request, "413.html", status=413)
        return get_response(request)

    return middleware


def _name(request: Request) -> str:
    """The name of the address; "" where there is nothing."""
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""
