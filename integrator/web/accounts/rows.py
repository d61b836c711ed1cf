"""Rows of the table of accounts, as text for the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from integrator.matching import client_choices
from integrator.matching.evidence import confidence_of
from integrator.messages.message import of_json
from integrator.models import Account, Client
from integrator.models.states import BindingState, RowState
from integrator.web.layout import marks
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.safestring import SafeString


SHOWN_CANDIDATES = 3
"""Candidates shown in the row; the others are in the dialogue."""
MATCH_WORDS = {
    "email": pgettext_lazy("match", "e-mail"),
    "email_shared": pgettext_lazy("match", "shared e-mail"),
    "full_name": pgettext_lazy("match", "full name"),
    "past_service": pgettext_lazy("match", "past service"),
    "domain": pgettext_lazy("match", "domain"),
    "mail_domain": pgettext_lazy("match", "domain of an e-mail"),
    "username": pgettext_lazy("match", "username"),
    "several_clients": pgettext_lazy("match", "several clients fit"),
    "weak_client": pgettext_lazy("match", "no proof"),
    "doubted_client": pgettext_lazy("match", "not all fits"),
    "contradiction": pgettext_lazy("match", "contradictory"),
    "suspended_word": pgettext_lazy("match", "suspended: confirm"),
    "domain_is_service": pgettext_lazy("match", "domain is sold already"),
    "domain_elsewhere": pgettext_lazy("match", "domain is of another account"),
    "choice_taken_back": pgettext_lazy("match", "choice taken back"),
    "no_client": pgettext_lazy("match", "no client fits"),
    "no_plan": pgettext_lazy("match", "preset has no plan"),
    "client_gone": pgettext_lazy("match", "client is gone"),
    "plan_gone": pgettext_lazy("match", "plan is gone"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an account in words. ``bindable``: a new binding may be made of it.

    ``binding``: the id of the one that it speaks of; "": of none.
    """

    state: str
    word: str
    detail: str
    strip: tuple[str, ...]
    bindable: bool
    binding: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """A candidate client: the key that chooses it, and why it fits, in per cent and in words."""

    key: int
    client: int
    name: str
    confidence: int
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """An account as the table shows it, all of it text that is safe to look at.

    Worked out once a row, since a template that asks for everything itself takes twice as long.
    ``match``: what the match rests on, in a word or two; ``reasons``: the same in sentences.
    ``choosable``: its client is to be chosen, among ``picks`` and ``more`` that are not shown.
    ``chosen``: a person chose it and may take that back. ``conflict``: BILLmanager says otherwise.
    """

    id: str
    username: str
    title: str
    server: str
    domain: str
    client: str
    picks: tuple[Pick, ...]
    more: int
    chosen: bool
    plan: str
    suspended: bool
    choosable: bool
    conflict: bool
    match: str
    reasons: str
    standing: Standing


def load(ids: list[int]) -> list[Account]:
    """The accounts with all that their rows show, in the given order, in one query."""
    found = Account.objects.select_related(
        "panel", "client", "plan", "service", "binding__window"
    ).only(
        "username", "domain", "fullname", "active", "match_state", "match_reasons",
        "match_candidates", "chosen_by", "preset", "email", "conflicts", "in_conflict", "words",
        "panel__name", "client__name", "client__remote_id", "plan__name", "service__remote_id",
        "service__client_id_remote",
        "binding__state", "binding__step", "binding__version", "binding__waiting_for",
        "binding__cause", "binding__reserved", "binding__run_id", "binding__window__phase",
    ).in_bulk(ids)  # fmt: skip # a line of columns for each table
    return [found[pk] for pk in ids if pk in found]


def rows_of(accounts: Sequence[Account]) -> list[Row]:
    """The rows of these accounts; all names in them take one query."""
    wanted = {
        client
        for account in accounts
        if is_choosable(account)
        for client in account.match_candidates[:SHOWN_CANDIDATES]
    }
    wanted |= {account.service.client_id_remote for account in accounts if account.service}
    names = {}
    if wanted:
        known = Client.objects.filter(remote_id__in=wanted, gone_at=None)
        names = {client.remote_id: plain(client) for client in known.only("remote_id", "name")}
    return [row_of(account, names) for account in accounts]


def row_of(account: Account, names: Mapping[int, str]) -> Row:
    """The row of one account; ``names``: those of candidates, by id."""
    username, standing = plain(account.username), standing_of(account)
    choosable = is_choosable(account)
    client = _client_of(account, names)
    # What would be sold twice is decided in the dialogue, which says so; no single key does it.
    asks = choosable and not client_choices.blocking(account.conflicts)
    picks = picks_of(account, names) if asks else []
    # A conflict of an account that is free stands among its reasons already.
    stored = account.match_reasons if standing.bindable else account.conflicts
    return Row(
        id=str(account.pk),
        username=username,
        title=f"{username} · {plain(account.fullname)}" if account.fullname else username,
        server=plain(account.panel.name),
        domain=plain(account.domain),
        client=client,
        picks=tuple(picks),
        more=len(account.match_candidates) - len(picks),
        chosen=bool(account.chosen_by) and standing.bindable,
        plan=plain(account.plan) if account.plan else "",
        suspended=not account.active,
        choosable=choosable,
        conflict=account.in_conflict,
        match=plain(", ".join(dict.fromkeys(_short(one) for one in stored))),
        reasons=plain(" ".join(str(of_json(one)) for one in stored)),
        standing=standing,
    )


def _client_of(account: Account, names: Mapping[int, str]) -> str:
    """The name of the account's client, bound or proposed; "" when there is none."""
    if account.client:
        return plain(account.client)
    owner = account.service.client_id_remote if account.service else None
    return names.get(owner, "") if owner else ""


def picks_of(
    account: Account, names: Mapping[int, str], most: int | None = SHOWN_CANDIDATES
) -> list[Pick]:
    """The account's candidates whose names are known, the likeliest first; None: all of them."""
    certain = confidence_of(account.match_reasons)
    why: dict[int, list[str]] = {}
    for one in account.match_reasons:
        if (client := one.get("params", {}).get("client")) in names:
            why.setdefault(client, []).append(str(of_json(one)))
    return [
        Pick(
            key,
            client,
            names[client],
            certain.get(client, 0),
            plain(" ".join(why.get(client, ()))),
        )
        for key, client in enumerate(account.match_candidates[:most], 1)
        if client in names
    ]


def is_choosable(account: Account) -> bool:
    """Whether the table asks for the client: nobody is proposed, or a choice needs a new word."""
    if account.service_id is not None or account.match_state == RowState.READY:
        return False
    if account.binding is not None and (
        account.binding.reserved or account.binding.state != BindingState.CANCELLED
    ):
        return False
    return account.client_id is None or bool(
        client_choices.undecided(
            client_choices.doubts(active=account.active, conflicts=account.conflicts), account.words
        )
    )


def standing_of(account: Account) -> Standing:
    """The state of an account, from its row, its binding and its match."""
    binding = account.binding
    strip, number = marks.steps_of(binding), str(account.binding_id or "")
    if binding is not None and binding.state != BindingState.CANCELLED:
        detail = plain(marks.detail_of(binding))
        return Standing(binding.state, "", detail, strip, bindable=False, binding=number)
    if account.service is not None:
        bound = (BindingState.DONE.value,) * 8
        return Standing("done", _("Bound"), "", bound, bindable=False)
    free = binding is None or not binding.reserved
    state = account.match_state if free else BindingState.CANCELLED
    word = pgettext("match", "Ready to bind") if state == RowState.READY else ""
    strip = marks.steps_of(None) if free else strip
    return Standing(state, word, "", strip, bindable=free, binding="" if free else number)


def _short(reason: dict[str, Any]) -> str:
    """A reason in one or two words; the page shows the sentence on hover."""
    return _short_word(reason["key"], get_language()) or str(of_json(reason))


@lru_cache(maxsize=1024)
def _short_word(key: str, language: str | None) -> str:  # noqa: ARG001 - part of what is remembered
    return str(MATCH_WORDS.get(key, ""))


def drawn(row: Row, *, back: str, may_bind: bool) -> SafeString:
    """The row as HTML; ``back``: the query that leads back to the table, for what can be chosen.

    Rows are remembered by all that they show, since many people look at the same ones again and
    again, and to draw a hundred takes longer than to find them among a hundred thousand.
    """
    asks = may_bind and row.choosable
    return _drawn(row, back if asks else "", may_bind, get_language() or "")


@lru_cache(maxsize=2048)
def _drawn(row: Row, back: str, may_bind: bool, language: str) -> SafeString:  # noqa: ARG001, FBT001 - all of them the key
    words = {"choose_word": pgettext("client", "Choose"), "suspended_word": _("suspended")}
    context = {"row": row, "back": back, "may_bind": may_bind, **words}
    return render_to_string("accounts/accounts.html#row", context)
