"""A person's choice of client and plan: stored, and asked for again only on a new doubt.

Whoever chooses has seen what speaks against it; that is kept as ``Account.words``, so that a
conflict which comes up later is not taken for decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.reasons import reason
from integrator.models import Account, Client
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from integrator.matching.plan_map import PlanResolver
    from integrator.messages.reasons import Reason
    from integrator.models import Plan

BLOCKING = frozenset({"domain_is_service"})
"""Conflicts that block; other doubts are a question."""


def doubts(*, active: bool, conflicts: Sequence[Reason]) -> list[Reason]:
    """The reasons for which an unbound account needs a person's decision, whoever its client is."""
    return [*conflicts, *([] if active else [reason("suspended_word")])]


def blocking(found: Iterable[Reason]) -> bool:
    """Whether one of these blocks the account until a person has decided."""
    return any(one["key"] in BLOCKING for one in found)


def word_of(doubt: Reason) -> str:
    """The key by which a decided doubt is stored: its kind and the service it is about."""
    return f"{doubt['key']}:{doubt.get('params', {}).get('service', '')}"


def undecided(found: Iterable[Reason], words: Collection[str]) -> list[Reason]:
    """The doubts that no person has decided yet."""
    return [one for one in found if word_of(one) not in words]


def choose(
    account: Account,
    *,
    client: Client | None,
    plan: Plan | None,
    person: str,
    seen: Collection[str] | None = None,
) -> Account:
    """Store a person's choice for one account; None: the proposed one stays.

    ``seen``: the words of the doubts that were shown, of which alone the choice decides; None:
    all there are.
    """
    account.client = client or account.client
    account.plan = plan or account.plan
    account.chosen_by = person
    present = map(word_of, doubts(active=account.active, conflicts=account.conflicts))
    account.words = [word for word in present if seen is None or word in seen]
    account.match_state, account.match_reasons = _state(account)
    account.save(
        update_fields=["client", "plan", "chosen_by", "words", "match_state", "match_reasons"]
    )
    return account


def forget(account: Account) -> Account:
    """Delete a choice; the next matching proposes anew."""
    account.client, account.chosen_by, account.words = None, "", []
    account.match_state, account.match_reasons = RowState.CHOOSE, [reason("choice_taken_back")]
    account.save(update_fields=["client", "chosen_by", "words", "match_state", "match_reasons"])
    return account


def refresh(resolver: PlanResolver) -> dict[str, int]:
    """Bring the state of chosen accounts up to date; counts by state.

    The plan follows the plan map while the account has none: choosing a client must not keep it
    from getting one.
    """
    counts = {str(state): 0 for state in RowState.values}
    chosen = Account.objects.filter(gone_at=None, system=False, service=None).exclude(chosen_by="")
    for account in chosen.select_related("client", "plan").iterator():
        before = (account.match_state, account.match_reasons, account.plan_id)
        if account.plan is None or account.plan.gone_at is not None:
            mapped = resolver.find(account.preset, account.panel_id)
            account.plan = mapped.plan if mapped else account.plan
        state, reasons = _state(account)
        counts[str(state)] += 1
        if before != (str(state), reasons, account.plan_id):
            # The choice may have been deleted meanwhile.
            Account.objects.filter(pk=account.pk, chosen_by=account.chosen_by).update(
                match_state=str(state), match_reasons=reasons, plan=account.plan
            )
    return counts


def _state(account: Account) -> tuple[str, list[Reason]]:
    reasons = [reason("chosen", person=account.chosen_by)]
    open_doubts = undecided(
        doubts(active=account.active, conflicts=account.conflicts), account.words
    )
    if open_doubts:
        state = RowState.BLOCKED if blocking(open_doubts) else RowState.CHOOSE
        return state, [*open_doubts, *reasons]
    if account.client is None or account.client.gone_at:
        return RowState.CHOOSE, [reason("client_gone"), *reasons]
    if account.plan is None:
        return RowState.CHOOSE, [reason("no_plan", preset=account.preset), *reasons]
    if account.plan.gone_at:
        return RowState.CHOOSE, [reason("plan_gone"), *reasons]
    return RowState.READY, reasons
