"""Accounts: the table that everything starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django_htmx.http import push_url

from integrator.accounts import choosing, reasons
from integrator.models import Account, Client
from integrator.models.states import MOVING, BindingState, RowState
from integrator.web import live, marks
from integrator.web.access import Role, needs, role_of
from integrator.web.filters import AccountFilter, listed
from integrator.web.plain import plain

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.web.access import Request

PER_PAGE = 100
MATCH_WORDS = {
    "email": pgettext_lazy("match", "e-mail"),
    "past_service": pgettext_lazy("match", "past service"),
    "domain": pgettext_lazy("match", "domain"),
    "username": pgettext_lazy("match", "username"),
    "several_clients": pgettext_lazy("match", "several clients fit"),
    "weak_client": pgettext_lazy("match", "name alone"),
    "no_client": pgettext_lazy("match", "no client fits"),
    "no_plan": pgettext_lazy("match", "preset has no plan"),
    "client_gone": pgettext_lazy("match", "client is gone"),
    "plan_gone": pgettext_lazy("match", "plan is gone"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands. ``bindable``: a new binding may be made of it."""

    state: str
    word: str
    detail: str
    strip: tuple[str, ...]
    bindable: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An account as the table shows it, all of it text that is safe to look at.

    Worked out once a row, since a template that asks for everything itself takes twice as long.
    ``match``: what the match rests on, in a word or two; ``reasons``: the same in sentences.
    """

    id: str
    username: str
    title: str
    server: str
    domain: str
    client: str
    plan: str
    suspended: bool
    binding: str
    candidates: int
    match: str
    reasons: str
    standing: Standing


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    return render(request, "accounts.html", _context(request))


@needs(get=Role.VIEWER)
def rows(request: Request) -> HttpResponse:
    """The table alone, after a change of filter or page; the address bar follows."""
    response = render(request, "accounts.html#results", {**_context(request), "oob": True})
    query = request.GET.urlencode()
    return push_url(response, reverse("accounts") + (f"?{query}" if query else ""))


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The states of the rows that the page shows, whatever its filter says by now."""
    ids = [int(text) for text in request.GET.get("ids", "").split(",") if text.isdecimal()]
    found = _load(ids[:PER_PAGE])
    context = {"rows": [(str(account.pk), standing_of(account)) for account in found]}
    return live.answer(
        request, "accounts_live.html", context, facts=_facts(found), busy=_busy(found)
    )


@needs(get=Role.OPERATOR, post=Role.OPERATOR)
def choose(request: Request, pk: int) -> HttpResponse:
    """The candidate clients of one account, and a person's choice among them."""
    account = get_object_or_404(listed().select_related("panel"), pk=pk)
    if request.method == "GET":
        candidates = Client.objects.filter(remote_id__in=account.match_candidates, gone_at=None)
        return render(request, "choose.html#form" if request.htmx else "choose.html", {
            "section": "accounts", "account": account, "candidates": candidates,
            "next": request.GET.get("next", ""), "row": row_of(account),
        })  # fmt: skip
    client = get_object_or_404(
        Client, gone_at=None, remote_id__in=account.match_candidates, remote_id=_number(request)
    )
    choosing.choose(account, client=client, plan=None, person=request.user.get_username())
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else "accounts")


def _number(request: Request) -> int:
    text = request.POST.get("client", "")
    return int(text) if text.isdecimal() else 0


def _context(request: Request) -> dict[str, Any]:
    chosen = AccountFilter(request.GET, listed())
    asked = request.GET.get("page", "1")
    number, ids, total = _page(chosen.qs, max(1, int(asked) if asked.isdecimal() else 1))
    start, last = (number - 1) * PER_PAGE, -(-total // PER_PAGE)
    found = _load(ids)
    query = request.GET.copy()
    query.pop("page", None)
    poll_state = live.state(
        request, reverse("accounts-live"), facts=_facts(found), busy=_busy(found),
        ids=",".join(map(str, ids)),
    )  # fmt: skip
    return {
        **poll_state,
        "section": "accounts",
        "filter": chosen,
        "rows": [row_of(account) for account in found],
        "total": total,
        "first": start + 1 if found else 0,
        "last": start + len(found),
        "page": number,
        "previous": number - 1,
        "next": number + 1 if number < last else 0,
        "query": query.urlencode(),
        "filtered": any(query.values()),
        "may_bind": role_of(request.user) >= Role.OPERATOR,
        "back": "?" + urlencode({"next": f"{reverse('accounts')}?{request.GET.urlencode()}"}),
        "nothing_known": not total and not listed().exists(),
    }


def _page(matching: QuerySet[Account], number: int) -> tuple[int, list[int], int]:
    """The number, ids and total of a page; the last one when it does not reach so far.

    Ids come first, from the index alone: skipping whole rows of a hundred thousand is slow. They
    are counted only where the page itself does not tell, since a search reads every row for it.
    """
    start = (number - 1) * PER_PAGE
    ordered = matching.order_by("username", "id").values_list("pk", flat=True)
    ids = list(ordered[start : start + PER_PAGE + 1])
    if ids and len(ids) <= PER_PAGE:
        return number, ids, start + len(ids)
    if not ids and number == 1:
        return 1, [], 0
    total = matching.order_by().count()
    if not ids:
        return _page(matching, max(1, -(-total // PER_PAGE)))
    return number, ids[:PER_PAGE], total


def _load(ids: list[int]) -> list[Account]:
    """These accounts with all that their rows show, in the given order, in one query."""
    found = Account.objects.select_related(
        "panel", "client", "plan", "service", "binding__window"
    ).only(
        "username", "domain", "fullname", "active", "match_state", "match_reasons",
        "match_candidates", "chosen_by", "preset", "email",
        "panel__name", "client__name", "client__remote_id", "plan__name", "service__remote_id",
        "binding__state", "binding__step", "binding__version", "binding__waiting_for",
        "binding__cause", "binding__reserved", "binding__run_id", "binding__window__phase",
    ).in_bulk(ids)  # fmt: skip
    return [found[pk] for pk in ids if pk in found]


def row_of(account: Account) -> Row:
    """What the table says of one account."""
    username, standing = plain(account.username), standing_of(account)
    choosing = standing.state == RowState.CHOOSE and account.client is None
    return Row(
        id=str(account.pk),
        username=username,
        title=f"{username} · {plain(account.fullname)}" if account.fullname else username,
        server=plain(account.panel.name),
        domain=plain(account.domain),
        client=plain(account.client) if account.client else "",
        plan=plain(account.plan) if account.plan else "",
        suspended=not account.active,
        binding=str(account.binding_id or ""),
        candidates=len(account.match_candidates) if choosing else 0,
        match=plain(", ".join(_short(reason) for reason in account.match_reasons)),
        reasons=plain("; ".join(reasons.shown(reason) for reason in account.match_reasons)),
        standing=standing,
    )


def standing_of(account: Account) -> Standing:
    """Where an account stands, from its row, its binding and its match."""
    binding = account.binding
    strip = marks.steps_of(binding)
    if binding is not None and binding.state != BindingState.CANCELLED:
        detail = marks.detail_of(binding)
        return Standing(binding.state, "", plain(detail), strip, bindable=False)
    if account.service is not None:
        bound = (BindingState.DONE.value,) * 8
        return Standing("done", _("Bound"), "", bound, bindable=False)
    free = binding is None or not binding.reserved
    state = account.match_state if free else BindingState.CANCELLED
    word = pgettext("match", "Ready to bind") if state == RowState.READY else ""
    strip = marks.steps_of(None) if free else strip
    return Standing(state, word, "", strip, bindable=free)


def _short(reason: dict[str, Any]) -> str:
    """What a reason rests on, in one or two words; the page shows the sentence on hover."""
    return str(MATCH_WORDS.get(reason["key"]) or reasons.shown(reason))


def _facts(found: list[Account]) -> object:
    return [
        (account.pk, account.match_state, account.service_id, account.binding_id,
         account.binding and (account.binding.version, account.binding.state,
                              account.binding.window and account.binding.window.phase))
        for account in found
    ]  # fmt: skip


def _busy(found: list[Account]) -> bool:
    return any(account.binding and account.binding.state in MOVING for account in found)
