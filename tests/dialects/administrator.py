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

    from integrator.accounts.check_rows import CheckRow

ENTRIES = {one.name for one in fields(Dialect)}


def asked_for(row: CheckRow) -> set[str]:
    """The entries of the dialect that a row speaks of."""
    return ENTRIES & set(re.findall(r"[a-z_]+", f"{row.func} {row.text}"))


def answers(rows: Iterable[CheckRow], truth: Mapping[str, str]) -> dict[str, str]:
    """What he sets for these rows."""
    asked = {name for row in rows for name in asked_for(row)}
    return {name: truth[name] for name in sorted(asked) if name in truth}


SEVERAL = {"plan_modules_marker", "task_close", "task_fields", "ispmanager_modules"}
"""Entries of which a candidate is only a part: a column without its codes, a step of a wizard."""


def is_among(row: CheckRow, truth: Mapping[str, str]) -> bool:
    """Whether what is true is one of those that the row says it may be."""
    return row.entry in SEVERAL or truth.get(row.entry, "") in row.candidates
