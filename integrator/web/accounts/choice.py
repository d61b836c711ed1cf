"""A person's choice of the client of one account, in its row or in the dialogue."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from integrator.core.numbers import row_id
from integrator.core.typed_text import typed
from integrator.inventory import lookup
from integrator.matching import client_choices
from integrator.models import Account, Binding, Change, Client, Panel
from integrator.web.accounts.changes import pairs_of
from integrator.web.accounts.filters import STATES, listed
from integrator.web.accounts.rows import drawn, load, picks_of, rows_of
from integrator.web.layout.access import Role, needs
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.web.layout.access import Request

LATEST = 5


def free() -> QuerySet[Account]:
    """The accounts of which a choice can be made: neither bound nor being bound."""
    reserved = Binding.objects.filter(reserved=True).values("account_id")
    return listed().filter(STATES["unbound"]).exclude(pk__in=reserved)


@needs(get=Role.OPERATOR, post=Role.OPERATOR)
def choose(request: Request, pk: int) -> HttpResponse:
    """Show one account's candidates with their evidence, or store a person's choice among them."""
    if request.method == "GET":
        account = get_object_or_404(free().select_related("panel", "client", "plan"), pk=pk)
        return _dialogue(request, account)
    account = get_object_or_404(free(), pk=pk)
    client = _named(request, account)
    if client is None:
        text = _("BILLmanager has no client “%s”, or several do.")
        messages.error(request, text % plain(typed(request.POST, "other")))
        return _back(request)
    client_choices.choose(
        account,
        client=client,
        plan=None,
        person=request.user.get_username(),
        seen=_seen(request, account),
    )
    return _row(request, pk)


def _named(request: Request, account: Account) -> Client | None:
    """The client that was typed, None where BILLmanager has none or several; else the one picked.

    Raises Http404 when the one picked is no candidate of the account.
    """
    if other := typed(request.POST, "other"):
        return lookup.client(other)
    return get_object_or_404(
        Client,
        gone_at=None,
        remote_id__in=account.match_candidates,
        remote_id=row_id(request.POST.get("client", "")),
    )


@needs(post=Role.OPERATOR)
def forget(request: Request, pk: int) -> HttpResponse:
    """Delete a choice."""
    client_choices.forget(get_object_or_404(free().exclude(chosen_by=""), pk=pk))
    return _row(request, pk)


def _seen(request: Request, account: Account) -> list[str]:
    """The doubts that the choice decides: those the dialogue has shown; a row shows no block."""
    if "dialogue" in request.POST:
        return request.POST.getlist("word")
    doubts = client_choices.doubts(active=account.active, conflicts=account.conflicts)
    return [client_choices.word_of(one) for one in doubts if not client_choices.blocking([one])]


def _row(request: Request, pk: int) -> HttpResponse:
    """The account's row as it is now where the row asked, else the page it came from."""
    if not request.htmx:
        return _back(request)
    back = "?" + urlencode({"next": request.POST.get("next", "")})
    (row,) = rows_of(load([pk]))
    return HttpResponse(drawn(row, back=back, may_bind=True))


def _back(request: Request) -> HttpResponse:
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else "accounts")


def _dialogue(request: Request, account: Account) -> HttpResponse:
    known = Client.objects.filter(remote_id__in=account.match_candidates, gone_at=None)
    clients = {client.remote_id: client for client in known}
    picks = picks_of(account, {number: plain(one) for number, one in clients.items()}, None)
    doubts = client_choices.doubts(active=account.active, conflicts=account.conflicts)
    changes = Change.objects.filter(panel=account.panel, kind="account", ref=account.username)
    part = "#form" if request.htmx else ""
    context = {
        "section": "accounts",
        "account": account,
        "candidates": [(pick, clients[pick.client]) for pick in picks],
        "doubts": client_choices.undecided(doubts, account.words),
        "words": [client_choices.word_of(one) for one in doubts],
        "changes": [(change, pairs_of(change)) for change in changes[:LATEST]],
        "billing": Panel.objects.billmanager(),
        "next": request.GET.get("next", ""),
    }
    return render(request, f"accounts/choose.html{part}", context)
