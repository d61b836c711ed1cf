"""Proposes the client and the plan of each account, with reasons.

*Ready* is what could be bound without asking, so it must never be wrong: one client fits all that
was true of somebody once (e-mails, domains, services), and enough is known. Where that points at
different clients it is a question for a person (design.md, section 6). Names only add to it: a
namesake speaks against nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrator.inventory.mirror import portions, update_rows
from integrator.matching import client_choices
from integrator.matching.candidates import unbound
from integrator.matching.evidence import (
    COLUMNS,
    HARD,
    AccountTraits,
    Index,
    all_traits,
    confidence_by_client,
)
from integrator.matching.plan_map import PlanResolver
from integrator.messages.reasons import reason
from integrator.models import Account, Client
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from integrator.matching.evidence import Fact
    from integrator.matching.plan_map import Mapped
    from integrator.messages.reasons import Reason
    from integrator.models import Plan

SURE = 80
"""Per cent of certainty from which on a client need not be confirmed."""
MAX_CANDIDATES = 9
"""One key each on the Accounts page; the likeliest are kept."""
MAX_REASONS = 24


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal of matching. ``client`` is a remote id; None: no single one is proposed."""

    state: str
    client: int | None
    plan: Plan | None
    reasons: list[Reason]
    candidates: list[int]


def propose(
    facts: Sequence[Fact],
    mapped: Mapped | None,
    *,
    preset: str = "",
    doubts: Sequence[Reason] = (),
) -> Proposal:
    """The proposal for one account.

    ``doubts`` are conflicts with what BILLmanager has, and whatever else needs a person's word.
    """
    plan = mapped.plan if mapped else None
    likely = confidence_by_client(facts)
    candidates = list(likely)[:MAX_CANDIDATES]
    said = [one for fact in facts for one in fact.reasons()]
    if plan is None:
        said.append(reason("no_plan", preset=preset))
    state, client, first = _client(facts, likely)
    head = [*doubts, *first]
    if client_choices.blocking(doubts):
        state, client = RowState.BLOCKED, None
    elif doubts and state == RowState.READY:
        state, client = RowState.CHOOSE, None
    if state == RowState.READY and plan is None:
        state = RowState.CHOOSE
    return Proposal(state, client, plan, [*head, *said][:MAX_REASONS], candidates)


def sure_client(facts: Sequence[Fact]) -> int | None:
    """The one client (remote id) whom the facts prove; None: none, or none for certain."""
    return _client(facts, confidence_by_client(facts))[1]


def _client(
    facts: Sequence[Fact], likely: dict[int, int]
) -> tuple[RowState, int | None, list[Reason]]:
    """The state as far as the client decides it, the client if it is certain, and why not."""
    if not likely:
        return RowState.BLOCKED, None, [reason("no_client")]
    fitting = _fit_all(likely, facts)
    unopposed = _fit_all(likely, [fact for fact in facts if fact.kind in HARD])
    for found in (fitting, unopposed):
        if len(found) == 1 and likely[found[0]] >= SURE:
            return RowState.READY, found[0], []
    if len(fitting) == 1 and len(likely) == 1:
        return RowState.CHOOSE, None, [reason("weak_client")]
    if fitting:
        return RowState.CHOOSE, None, [reason("several_clients", count=len(likely))]
    if not unopposed:
        return RowState.CHOOSE, None, [reason("contradiction")]
    return RowState.CHOOSE, None, [reason("doubted_client", client=next(iter(likely)))]


def _fit_all(clients: Iterable[int], facts: Sequence[Fact]) -> list[int]:
    """The clients that every fact allows."""
    return [one for one in clients if all(one in fact.clients for fact in facts)]


_PROPOSED = ("match_state", "match_reasons", "match_candidates", "client_id", "plan_id")


def match_all() -> dict[str, int]:
    """Propose client and plan for every account that could be bound; counts by state.

    What a person has chosen is kept; only rows whose proposal differs are written.
    """
    index, resolver = Index.load(), PlanResolver()
    index.find_shared(all_traits())
    clients = dict(Client.objects.values_list("remote_id", "id"))
    counts = {str(state): 0 for state in RowState.values}
    altered: list[tuple[int, list[Any]]] = []
    for pk, panel, preset, doubts, facts, before in _unchosen():
        mapped = resolver.find(preset, panel)
        proposal = propose(index.facts(facts), mapped, preset=preset, doubts=doubts)
        counts[str(proposal.state)] += 1
        after = [
            str(proposal.state),
            proposal.reasons,
            proposal.candidates,
            clients.get(proposal.client) if proposal.client else None,
            proposal.plan.pk if proposal.plan else None,
        ]
        if after != before:
            altered.append((pk, after))
    for portion in portions(altered):
        # Somebody may have chosen while this was worked out.
        update_rows(Account, _PROPOSED, portion, only={"chosen_by": ""})
    for state, number in client_choices.refresh(resolver).items():
        counts[state] += number
    return counts


def _unchosen() -> Iterable[tuple[int, int, str, list[Reason], AccountTraits, list[Any]]]:
    """Accounts that nobody has chosen for: id, server, preset, doubts, facts, present proposal.

    One that is being bound, or was, keeps the client that its binding has.
    """
    rows = (
        unbound()
        .filter(chosen_by="")
        .values_list("id", "panel_id", "preset", "active", "conflicts", *COLUMNS, *_PROPOSED)
    )
    last = 5 + len(COLUMNS)
    for row in rows.iterator():
        pk, panel, preset, active, conflicts = row[:5]
        doubts = client_choices.doubts(active=active, conflicts=conflicts)
        yield pk, panel, preset, doubts, AccountTraits(*row[5:last]), list(row[last:])
