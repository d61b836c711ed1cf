"""The input and output of `manage.py panel set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.management.output import columns
from integrator.messages import panel_errors
from integrator.messages.message import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from integrator.panel_setup.dialect.dialect_entries import Entry
    from integrator.panel_setup.dialect.overrides import Kept


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Entries and their values. Raises Refused for a word that is none, and for one named twice."""
    found: dict[str, str] = {}
    wrong = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            wrong.append(_("“%(word)s” is not ENTRY=VALUE.") % {"word": word})
        elif name.strip() in found:
            wrong.append(_("“%(name)s” is given twice.") % {"name": name.strip()})
        found[name.strip()] = value.strip()
    if wrong:
        raise Refused(_("Nothing was saved."), wrong)
    return found


def kept(one: Kept) -> str:
    """One line on an entry that was set."""
    if not one.value:
        return _("%(name)s is not known any more; the next check looks for it.") % {
            "name": one.name
        }
    said = _("%(name)s is %(value)s.") % {"name": one.name, "value": one.value}
    if not one.unchecked:
        return said
    return f"{said} " + _("Not checked: %(why)s.") % {"why": one.unchecked.removesuffix(".")}


def to_json(entry: Entry) -> dict[str, Any]:
    """An entry as ``--json`` prints it; ``value`` None where it is not known."""
    return {
        "entry": entry.name,
        "value": entry.value or None,
        "where": entry.where,
        "sure": entry.sure,
        "set_by_hand": bool(entry.correction),
        "proven": entry.proven,
        "steps": list(entry.steps),
        "look": str(entry.look),
        "candidates": list(entry.candidates),
    }


def lines(entries: Iterable[Entry]) -> list[str]:
    """One line for each entry; below one that is not known, what to look for."""
    rows, below = [], {}
    for entry in entries:
        state = _("proven") if entry.proven else _("not proven")
        steps = ",".join(map(str, entry.steps))
        value = entry.value or "–"
        if not entry.value:
            state = _("none") if entry.optional else _("not known")
        elif not entry.sure:
            state = _("not sure")
        rows.append([steps, entry.name, value, state, str(panel_errors.of_words(entry.where))])
        if not entry.value and not entry.optional:
            below[len(rows) - 1] = entry
    found = []
    for number, line in enumerate(columns(rows)):
        found.append(line)
        if number in below:
            entry = below[number]
            found.append(f"    {entry.look}")
            if entry.candidates:
                names = ", ".join(entry.candidates)
                found.append(f"    {say('check.could_be', names=names)}")
    return found
