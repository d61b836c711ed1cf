"""Accounts: the table that everything starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url

from integrator.core.numbers import number, numbers
from integrator.models import Account, SavedView
from integrator.models.states import MOVING
from integrator.web.accounts import columns, sorts
from integrator.web.accounts.filters import AccountFilter, listed
from integrator.web.accounts.rows import drawn, load, rows_of, standing_of
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs, role_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.web.layout.access import Request

PER_PAGE = 100


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    return render(request, "accounts/accounts.html", _context(request))


@needs(get=Role.VIEWER)
def rows(request: Request) -> HttpResponse:
    """The table alone, after a change of filter or page; the address bar follows."""
    response = render(request, "accounts/accounts.html#results", {**_context(request), "oob": True})
    query = request.GET.urlencode()
    return push_url(response, reverse("accounts") + (f"?{query}" if query else ""))


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The states of the rows that the page shows, whatever its filter says by now."""
    ids = numbers(request.GET.get("ids", "").split(","))[:PER_PAGE]
    stamp = _stamp(request, ids)
    if live.is_quiet(request, stamp):
        return HttpResponse(status=204)
    found = load(ids)
    context = {"rows": [(str(account.pk), standing_of(account)) for account in found]}
    facts, busy = _facts(found), _busy(found)
    return live.answer(
        request, "accounts/accounts_live.html", context, facts=facts, busy=busy, stamp=stamp
    )


def _stamp(request: Request, ids: list[int]) -> str:
    """What the states of these rows are told by, without the rows."""
    rows = Account.objects.filter(pk__in=ids).order_by("pk")
    told = rows.values_list(
        *("pk", "match_state", "service", "binding", "binding__version", "binding__state"),
        "binding__window__phase",
    )
    return live.stamp_of(request, list(told))


def _context(request: Request) -> dict[str, Any]:
    chosen = AccountFilter(request.GET, listed())
    asked = number(request.GET.get("page", "")) or 1
    sort, left_out = sorts.Sort.of(request.GET.get("sort", "")), columns.hidden(request)
    shown, ids, total = _page(chosen.qs, sort, asked)
    start, last = (shown - 1) * PER_PAGE, -(-total // PER_PAGE)
    stamp = _stamp(request, ids)
    found = load(ids)
    query = request.GET.copy()
    query.pop("page", None)
    here = f"{reverse('accounts')}?{request.GET.urlencode()}"
    back = "?" + urlencode({"next": here})
    may_bind = role_of(request.user) >= Role.OPERATOR
    poll_state = live.state(
        request,
        reverse("accounts-live"),
        facts=_facts(found),
        busy=_busy(found),
        ids=",".join(map(str, ids)),
        stamp=stamp,
    )
    return {
        **poll_state,
        "section": "accounts",
        "filter": chosen,
        "sort": str(sort) if request.GET.get("sort") else "",
        "heads": columns.heads(sort),
        "hidden_columns": left_out,
        "column_choices": columns.choices(left_out),
        "saved_views": SavedView.objects.all(),
        "rows": [drawn(row, back=back, may_bind=may_bind) for row in rows_of(found)],
        "total": total,
        "first": start + 1 if found else 0,
        "last": start + len(found),
        "page": shown,
        "previous": shown - 1,
        "next": shown + 1 if shown < last else 0,
        "query": query.urlencode(),
        "filtered": any(value for name, value in query.items() if name != "sort"),
        "may_bind": may_bind,
        "failing": query.get("state") == "attention",
        "next_page": here,
        "nothing_known": not total and not listed().exists(),
    }


def _page(matching: QuerySet[Account], sort: sorts.Sort, number: int) -> tuple[int, list[int], int]:
    """The number, ids and total of a page; the last one when it does not reach so far.

    Ids come first, from the index alone: skipping whole rows of a hundred thousand is slow. They
    are counted only where the page itself does not show it, since a search reads every row for it.
    """
    start = (number - 1) * PER_PAGE
    ids = sorts.take(matching, sort, start, PER_PAGE + 1)
    if ids and len(ids) <= PER_PAGE:
        return number, ids, start + len(ids)
    if not ids and number == 1:
        return 1, [], 0
    total = matching.order_by().count()
    if not ids:
        return _page(matching, sort, max(1, -(-total // PER_PAGE)))
    return number, ids[:PER_PAGE], total


def _facts(found: list[Account]) -> object:
    return [
        (
            account.pk,
            account.match_state,
            account.service_id,
            account.binding_id,
            account.binding
            and (
                account.binding.version,
                account.binding.state,
                account.binding.window and account.binding.window.phase,
            ),
        )
        for account in found
    ]


def _busy(found: list[Account]) -> bool:
    return any(account.binding and account.binding.state in MOVING for account in found)
