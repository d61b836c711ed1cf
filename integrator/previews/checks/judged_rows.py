"""A row of a preview with all that was found about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrator.messages.message import of_json
from integrator.models.states import RowState

if TYPE_CHECKING:
    from decimal import Decimal

    from integrator.matching.candidates import Candidate
    from integrator.messages.reasons import Reason
    from integrator.models import Client, Plan


@dataclass(slots=True)
class Judged:
    """A row of a preview and what was found about it.

    ``choose``: a person must choose something first; ``blocks``: why it cannot be bound;
    ``notes``: what to know of it all the same. ``price`` None: not known. ``before``, ``credit``
    and ``after``: the client's balance when this row's turn comes, what is added to it first, and
    what is left; None where it is not known or the row is not ready.
    """

    candidate: Candidate
    client: Client | None = None
    su: int | None = None
    email: str = ""
    plan: Plan | None = None
    datacenter_id: int | None = None
    module_id: int | None = None
    price: Decimal | None = None
    currency: str = ""
    before: Decimal | None = None
    credit: Decimal | None = None
    after: Decimal | None = None
    blocks: list[Reason] = field(default_factory=list)
    choose: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)

    @property
    def state(self) -> RowState:
        """Blocked, else to be chosen, else ready."""
        if self.blocks:
            return RowState.BLOCKED
        return RowState.CHOOSE if self.choose else RowState.READY

    @property
    def reasons(self) -> list[Reason]:
        """All that is said of the row, what stops it first, each thing once.

        What a person must say something about is marked with "asks".
        """
        asked = [{**one, "asks": True} for one in self.choose]
        said = [*self.blocks, *asked, *self.notes, *self.candidate.reasons]
        return list({of_json(one): one for one in said}.values())
