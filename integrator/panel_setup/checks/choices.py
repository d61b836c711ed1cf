"""Rows of a check that ask an administrator for an entry of the dialect, with candidates.

The panel's answers leave it open, but a person who looks at BILLmanager's pages can decide it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.panel_setup.checks.rows import CheckRow
from integrator.panel_setup.dialect.dialect_entries import LOOK

if TYPE_CHECKING:
    from panels.billmanager import Dialect

MAX_CANDIDATES = 12
"""Candidates that one row names."""


def needs_choice(
    step: int, what: str, name: str, dialect: Dialect, *, func: str = "", seen: str = ""
) -> CheckRow:
    """The row that asks for one entry. ``seen``: what was looked at, added as detail."""
    candidates = dialect.choices.get(name, ())
    text = (
        _("Set “%(name)s” below. %(look)s It could be: %(candidates)s. %(seen)s")
        if candidates
        else _("Set “%(name)s” below. %(look)s %(seen)s")
    )
    named = ", ".join(candidates[:MAX_CANDIDATES]) + (
        ", …" if len(candidates) > MAX_CANDIDATES else ""
    )
    words = {"name": name, "look": LOOK[name], "candidates": named, "seen": seen}
    return CheckRow(
        step, what, func or name, "needs choice", (text % words).strip(), name, candidates
    )
