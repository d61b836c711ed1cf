"""Account: all that is known of one, beside the table or as a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render

from integrator.messages.message import of_json
from integrator.models import Account, Change, Client, Event
from integrator.panel_access import deep_links
from integrator.web.accounts.changes import pairs_of
from integrator.web.accounts.filters import listed
from integrator.web.accounts.rows import is_choosable, picks_of, standing_of
from integrator.web.layout.access import Role, needs
from integrator.web.layout.plain import plain
from integrator.web.runs import story

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

LATEST = 8


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The account's story: who it is, whose it seems to be and why, and what happened to it."""
    found = listed().select_related("panel", "client", "plan", "service", "binding__window")
    account = get_object_or_404(found, pk=pk)
    payer = _payer(account)
    known = Client.objects.filter(remote_id__in=account.match_candidates, gone_at=None)
    names = {client.remote_id: plain(client) for client in known.only("remote_id", "name")}
    bindings = account.bindings.select_related("run").order_by("-id")[:LATEST]
    events = Event.objects.filter(binding__account=account).order_by("-id")[:LATEST]
    changes = Change.objects.filter(panel=account.panel, kind="account", ref=account.username)
    context = {
        "section": "accounts",
        "account": account,
        "standing": standing_of(account),
        "choosable": is_choosable(account),
        "payer": payer,
        "picks": [] if account.service else picks_of(account, names, None),
        "reasons": [] if payer else [plain(of_json(one)) for one in account.match_reasons],
        "conflicts": [plain(of_json(one)) for one in account.conflicts],
        "bindings": bindings,
        "story": story.of([], events),
        "changes": [(change, pairs_of(change)) for change in changes[:LATEST]],
        "user_link": deep_links.user(account.panel, account.username),
    }
    part = "#story" if request.htmx else ""
    return render(request, f"accounts/account.html{part}", context)


def _payer(account: Account) -> Client | None:
    """Who pays for its service, or is proposed or chosen to; None: nobody yet."""
    if account.service is not None:
        owner = account.service.client_id_remote
        return Client.objects.filter(remote_id=owner).first() if owner else None
    return account.client
