"""An administrator who answers what the panel check asks, by looking at BILLmanager's own pages.

He knows the true names (they are drawn), but says only what he is asked for: the entries that a
row *needs choice* names.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from panels.billmanager import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.panel_setup.checks.rows import CheckRow

ENTRIES = {one.name for one in fields(Dialect)}


def asked_for(row: CheckRow) -> set[str]:
    """The entries of the dialect that a row speaks of."""
    return ENTRIES & set(re.findall(r"[a-z_]+", f"{row.func} {row.text}"))


def answers(rows: Iterable[CheckRow], truth: Mapping[str, str]) -> dict[str, str]:
    """What he sets for these rows."""
    asked = {name for row in rows for name in asked_for(row)}
    return {name: truth[name] for name in sorted(asked) if name in truth}


def is_among(row: CheckRow, truth: Mapping[str, str]) -> bool:
    """Whether what is true is one of those that the row says it may be.

    Of a marker the column is enough: what its codes mean is asked for when they are unknown.
    """
    true = truth.get(row.entry, "")
    if row.entry == "plan_modules_marker":
        true = true.partition("=")[0]
    return true in [one.replace(" ", "") for one in row.candidates]
