"""The columns of the table of accounts: which of them a person wants to see, and their heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from integrator.web.accounts.sorts import SORTS, Sort
from integrator.web.layout import cookies
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

    from integrator.web.layout.access import Request

COOKIE = "hidden-columns"
TITLES: dict[str, _StrPromise] = {
    "account": _("Account"),
    "server": _("Server"),
    "domain": _("Domain"),
    "client": _("Client"),
    "plan": _("Plan"),
    "match": _("Match"),
    "steps": _("Steps"),
    "state": _("State"),
}
HIDEABLE = ("server", "domain", "client", "plan", "match", "steps")
NARROW = {
    "server": "p2",
    "domain": "p2",
    "client": "p2",
    "steps": "p2",
    "plan": "p3",
    "match": "p3",
}
"""Which columns narrower screens leave out (static/app.css)."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. ``sort``: what its link sorts by, "" where nothing sorts by it.

    ``direction``: how the list is sorted by it now, as ``aria-sort`` says it; "": not by it.
    """

    key: str
    title: str
    narrow: str
    sort: str
    direction: str


def heads(sort: Sort) -> list[Head]:
    """The heads of all columns of a list that is sorted so."""
    return [_head(key, sort) for key in TITLES]


def _head(key: str, sort: Sort) -> Head:
    wanted, direction = "", ""
    if key in SORTS:
        by_it = sort.key == key
        wanted = str(sort.turned() if by_it else Sort(key))
        direction = ("descending" if sort.descending else "ascending") if by_it else ""
    return Head(key, str(TITLES[key]), NARROW.get(key, ""), wanted, direction)


def hidden(request: HttpRequest) -> list[str]:
    """The columns that this browser leaves out."""
    wanted = request.COOKIES.get(COOKIE, "").split(".")
    return [key for key in HIDEABLE if key in wanted]


def choices(left_out: Iterable[str]) -> list[tuple[str, str, bool]]:
    """(key, title, shown) of each column that can be left out."""
    return [(key, str(TITLES[key]), key not in left_out) for key in HIDEABLE]


@needs(post=Role.VIEWER)
def choose(request: Request) -> HttpResponse:
    """Keep the ticked columns in a cookie; under htmx the table changes in place."""
    ticked = request.POST.getlist("column")
    left_out = [key for key in HIDEABLE if key not in ticked]
    told = {"columns": {"hidden": left_out}}
    return cookies.keep(request, COOKIE, ".".join(left_out), told=told, page="accounts")
