"""Choosing clients by a rule: of many accounts, by the one kind of evidence that a person trusts.

A rule decides nothing by itself: it lists pairs of account and client, and a person ticks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integrator.core.numbers import numbers
from integrator.matching import client_choices
from integrator.matching.evidence import confidence_of
from integrator.matching.matcher import MAX_REASONS
from integrator.models import Account, Client
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from integrator.messages.reasons import Reason

RULES: Mapping[str, _StrPromise] = {
    "email": _("The e-mail is that of one of the client's users, and of no other client's"),
    "email_shared": _("The e-mail is a user's of one client, and on accounts of others as well"),
    "past_service": _("The client had a service of this login on this server"),
    "domain": _("The client had a service of one of the domains"),
    "mail_domain": _("A user of the client has an e-mail at one of the domains"),
    "full_name": _("The full name is the client's"),
    "username": _("The login is that of one of the client's users"),
}
"""Kind of evidence → the rule in words: it must name one client, and one alone."""
MOST = 500
"""So many pairs are proposed at a time."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pair that a rule finds. ``confidence``: of this client, in per cent, by all evidence.

    ``rival``: the same of the likeliest other client; 0: nothing speaks for any other.
    """

    account: Account
    client: Client
    reasons: list[Reason]
    confidence: int
    rival: int

    @property
    def key(self) -> str:
        """What a tick of it says."""
        return f"{self.account.pk}:{self.client.remote_id}"

    @property
    def is_likeliest(self) -> bool:
        """Whether more speaks for this client than for any other."""
        return self.confidence > self.rival


def proposals(accounts: QuerySet[Account]) -> dict[str, list[Proposal]]:
    """The pairs that each rule finds among these accounts, by login, MOST of a rule at most.

    Left out are accounts that are proposed, chosen or bound already, those with a doubt that a
    person has to decide one by one (suspended, in conflict), and those with so much evidence that
    not all of it was stored: what names one client there may name others as well.
    """
    found: dict[str, list[tuple[Account, int, list[Reason]]]] = {rule: [] for rule in RULES}
    for account in _asking(accounts).iterator(chunk_size=500):
        doubts = client_choices.doubts(active=account.active, conflicts=account.conflicts)
        if doubts or len(account.match_reasons) >= MAX_REASONS:
            continue
        for rule, pairs in found.items():
            speaking = [one for one in account.match_reasons if one["key"] == rule]
            clients = {one["params"]["client"] for one in speaking}
            if len(clients) == 1 and len(pairs) < MOST:
                pairs.append((account, *clients, speaking))
    wanted = {client for pairs in found.values() for _account, client, _reasons in pairs}
    known = Client.objects.filter(gone_at=None).in_bulk(wanted, field_name="remote_id")
    return {
        rule: [
            _proposal(account, known[client], reasons)
            for account, client, reasons in pairs
            if client in known
        ]
        for rule, pairs in found.items()
    }


def _proposal(account: Account, client: Client, reasons: list[Reason]) -> Proposal:
    certain = confidence_of(account.match_reasons)
    own = certain.pop(client.remote_id, 0)
    return Proposal(account, client, reasons, own, max(certain.values(), default=0))


@transaction.atomic
def store(
    accounts: QuerySet[Account], rule: str, ticked: Collection[str], person: str
) -> list[Account]:
    """Store the ticked pairs as the person's choices; those alone that the rule still finds.

    Their rows are locked, so that nobody else's choice of the same moment is written over.
    """
    named = numbers(key.partition(":")[0] for key in ticked)
    held = accounts.filter(pk__in=named[:MOST]).select_for_update(of=("self",))
    return [
        client_choices.choose(one.account, client=one.client, plan=None, person=person, seen=[])
        for one in proposals(held)[rule]
        if one.key in ticked
    ]


def _asking(accounts: QuerySet[Account]) -> QuerySet[Account]:
    asking = accounts.filter(match_state=RowState.CHOOSE, client=None, chosen_by="", service=None)
    return asking.select_related("panel", "plan").order_by("username", "id")
