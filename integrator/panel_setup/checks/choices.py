"""Rows of a check that ask an administrator for an entry of the dialect, with candidates.

The panel's answers leave it open, but a person who looks at BILLmanager's pages can decide it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import NOTHING, say, sentences
from integrator.panel_setup.checks.rows import CheckRow
from integrator.panel_setup.dialect.dialect_entries import advice

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from panels.billmanager import Dialect

MAX_CANDIDATES = 12
"""Candidates that one row names."""


def needs_choice(
    step: int,
    what: Message,
    name: str,
    dialect: Dialect,
    *,
    func: str = "",
    seen: Message = NOTHING,
) -> CheckRow:
    """The row that asks for one entry. ``seen``: what was looked at, added as detail."""
    candidates = dialect.choices.get(name, ())
    more = ["…"] if len(candidates) > MAX_CANDIDATES else []
    advised = advice(name, [*candidates[:MAX_CANDIDATES], *more])
    text = sentences(say("check.set", name=name), advised, seen)
    return CheckRow(step, what, func or name, "needs choice", text, name, candidates)
