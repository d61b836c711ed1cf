"""The command palette: pages, accounts, clients, runs, bindings and windows by a few letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from integrator.core.numbers import number
from integrator.core.typed_text import typed
from integrator.models import Binding, Client, Run, Window
from integrator.web.accounts import search
from integrator.web.accounts.filters import listed
from integrator.web.layout.access import Role, needs, role_of
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse
    from django.utils.functional import _StrPromise

    from integrator.web.layout.access import Request

MAX_ACCOUNTS = 8
MAX_CLIENTS = 4
PAGES: list[tuple[_StrPromise, str, Role]] = [
    (_("Overview"), "overview", Role.VIEWER),
    (_("Accounts"), "accounts", Role.VIEWER),
    (_("Runs"), "runs", Role.VIEWER),
    (_("Windows"), "windows", Role.VIEWER),
    (_("Panels"), "panels", Role.VIEWER),
    (_("Drift"), "drift", Role.VIEWER),
    (_("Plan map"), "plan-map", Role.VIEWER),
    (_("Events"), "events", Role.VIEWER),
    (_("What changed"), "changes", Role.VIEWER),
    (_("Bind from CSV…"), "bind-csv", Role.OPERATOR),
    (_("Missing clients"), "clients", Role.OPERATOR),
    (_("People"), "people", Role.ADMIN),
    (_("Add a panel"), "panel-add", Role.ADMIN),
    (_("Change password"), "password", Role.VIEWER),
]
"""Title, name of the address, and the least role, of what can be gone to."""
_NUMBERED = re.compile(r"([rbw])([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """Something to go to. ``kind``: what it is, in a word; ``about``: what tells it apart."""

    kind: str
    title: str
    about: str
    url: str


@needs(get=Role.VIEWER)
def find(request: Request) -> HttpResponse:
    """What fits the letters that were typed, the likeliest first; a part of a page under htmx."""
    word = typed(request.GET, "q")
    context = {"found": list(_found(word, role_of(request.user))), "word": word}
    part = "#found" if request.htmx else ""
    return render(request, f"layout/palette.html{part}", context)


def _found(word: str, role: Role) -> Iterator[Found]:
    yield from _numbered(word)
    for title, name, least in PAGES:
        if role >= least and word.casefold() in str(title).casefold():
            yield Found(gettext("Page"), str(title), "", reverse(name))
    if word:
        yield from _accounts(word)
        yield from _clients(word)


def _numbered(word: str) -> Iterator[Found]:
    """A run, binding or window by its number, as pages name them: r12, b345, w7."""
    fits = _NUMBERED.fullmatch(word)
    pk = number(fits[2]) if fits else None
    if fits is None or pk is None:
        return
    letter = fits[1].lower()
    if letter == "r" and (run := Run.objects.filter(pk=pk).first()):
        yield Found(gettext("Run"), str(run), run.get_state_display(), reverse("run", args=[pk]))
    if letter == "b" and (
        binding := Binding.objects.select_related("account").filter(pk=pk).first()
    ):
        about = plain(binding.account.username)
        yield Found(gettext("Binding"), str(binding), about, reverse("binding", args=[pk]))
    if letter == "w" and (window := Window.objects.select_related("plan").filter(pk=pk).first()):
        about = plain(window.plan)
        yield Found(gettext("Window"), str(window), about, reverse("window", args=[pk]))


def _accounts(word: str) -> Iterator[Found]:
    rows = listed().filter(search.having(word)).select_related("panel", "client")
    for account in rows.order_by("username", "id")[:MAX_ACCOUNTS]:
        parts = [account.panel.name, account.domain, account.client]
        about = " · ".join(plain(part) for part in parts if part)
        url = reverse("account", args=[account.pk])
        yield Found(pgettext("palette", "Account"), plain(account.username), about, url)


def _clients(word: str) -> Iterator[Found]:
    """Clients by name, id, or the e-mail of a user; they lead to their accounts."""
    by_id = Q(remote_id=number(word)) if number(word) else Q()
    by_mail = Q(users__email=word.lower()) if "@" in word else Q()
    wanted = search.clients_named(word) | by_id | by_mail
    rows = Client.objects.filter(wanted, gone_at=None).order_by("name", "id").distinct()
    for client in rows[:MAX_CLIENTS]:
        url = f"{reverse('accounts')}?{urlencode({'q': str(client)})}"
        yield Found(gettext("Client"), plain(client), f"#{client.remote_id}", url)
