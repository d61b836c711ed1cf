"""The catalogue of messages: key → text, each table in a file of its subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.messages import (
    accounts,
    causes,
    checks,
    csv_errors,
    events,
    matches,
    names,
    orders,
    panel_notes,
    preview_rows,
    tasks,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMED: dict[str, Mapping[str, Any]] = {
    "cause": causes.TITLES,
    "advice": causes.ADVICE,
    "look": checks.LOOK,
    "check_state": checks.STATES,
    "task_form": checks.TASK_FORM,
    "field": names.FIELDS,
    "login": names.LOGINS,
    "state": names.SERVICES,
    "value": names.VALUES,
    "waiting": names.WAITING,
    "way": names.WAYS,
    "note": panel_notes.NOTES,
}
"""Tables of names of the code for people; the key is ``table.name``."""

SUBJECTS: tuple[Mapping[str, Any], ...] = (
    {"verbatim": "%(text)s", "several": "%(all)s", "sentences": "%(all)s"},
    accounts.TEXTS,
    checks.TEXTS,
    csv_errors.TEXTS,
    events.TEXTS,
    matches.TEXTS,
    orders.TEXTS,
    panel_notes.TEXTS,
    preview_rows.TEXTS,
    tasks.TEXTS,
    windows.TEXTS,
)


def _all() -> Iterator[tuple[str, Any]]:
    for table in SUBJECTS:
        yield from table.items()
    for kind, table in NAMED.items():
        yield from ((f"{kind}.{name}", text) for name, text in table.items())


TEXTS: Mapping[str, Any] = dict(_all())
"""Key → text; lazy, so that it is translated when it is read."""
