"""Rows and cells of a panel's lists that could not be read, stored with its discovery by name.

``Panel.discovery["facts"]["unreadable"]``: {"count", "columns": {"account.balance": 3, …},
"rows": [{"func", "key", "name", "column", "value", "what"}, …]}; ``what`` is a stored note, or text
where the panel said it or an older version wrote it. Of very many the first are kept; ``columns``
counts all of them. Absent where everything could be read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.messages import panel_errors
from panels import notes
from panels.coremanager.partial_lists import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.models import Panel

KEY = "unreadable"
MAX_ROWS = 200
"""So many rows are kept by name."""
BALANCE = "account.balance"
PLAN_MODULES = "pricelist (modules)"
"""How the list of a plan's modules is called here: its function's name differs by panel."""


def kept(found: Iterable[Unreadable]) -> dict[str, Any]:
    """The unreadable rows as they are stored; {} where there are none."""
    rows = list(dict.fromkeys(found))
    if not rows:
        return {}
    return {
        "count": len(rows),
        "columns": dict(Counter(f"{one.func}.{one.column}" for one in rows)),
        "rows": [_stored(one) for one in rows[:MAX_ROWS]],
    }


def renew(panel: Panel, func: str, found: Iterable[Unreadable]) -> None:
    """Replace what is stored of one list by what was found."""
    panel.refresh_from_db(fields=["discovery"])
    facts = dict(panel.discovery.get("facts", {}))
    others = [one for one in of(panel) if one.func != func]
    fresh = kept([*others, *found])
    if fresh != facts.get(KEY, {}):
        panel.discovery["facts"] = {**facts, KEY: fresh}
        panel.save(update_fields=["discovery"])


def of(panel: Panel) -> list[Unreadable]:
    """The stored unreadable rows of a panel."""
    rows: Iterable[dict[str, Any]] = _known(panel).get("rows", [])
    return [Unreadable(**{**one, "what": notes.restored(one["what"])}) for one in rows]


def count(panel: Panel) -> int:
    """The number of rows that could not be read, those not stored by name included."""
    return int(_known(panel).get("count", 0))


def balances(panel: Panel | None) -> Mapping[str, str] | None:
    """Client id → what its list shows instead of a balance; None where every balance was read.

    Of very many some are not kept: any balance that is not known counts as such a one then.
    """
    if panel is None or BALANCE not in _known(panel).get("columns", {}):
        return None
    return {one.key: one.value for one in of(panel) if f"{one.func}.{one.column}" == BALANCE}


def plans(panel: Panel | None) -> dict[int, str]:
    """Plans whose list of modules could not be read, with what was wrong."""
    if panel is None:
        return {}
    return {int(one.key): one.what for one in of(panel) if one.func == PLAN_MODULES}


def sentence(one: Unreadable) -> str:
    """A sentence about one unreadable row, in the present language."""
    row = " ".join(part for part in (one.key and f"#{one.key}", one.name) if part)
    words = {
        "list": one.func,
        "row": row or _("a row without id and name"),
        "column": one.column,
        "what": str(panel_errors.of_words(one.what)),
        "value": one.value or "–",
    }
    return _("%(list)s, %(row)s: %(column)s %(what)s (“%(value)s”)") % words


def _known(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = panel.discovery.get("facts", {}).get(KEY, {})
    return found


def plain(one: Unreadable) -> dict[str, str]:
    """One unreadable row as JSON, in English."""
    return {name: getattr(one, name) for name in Unreadable.__slots__}


def _stored(one: Unreadable) -> dict[str, Any]:
    return {**plain(one), "what": notes.stored(one.what)}
