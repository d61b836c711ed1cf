"""The grammar in which an administrator writes entries; `Dialect.with_overrides` describes it."""

from __future__ import annotations

import re
from typing import get_args

from panels.billmanager.dialect import markers
from panels.billmanager.dialect.names import ADMIN, Close, CloseKind, Found, Take, TakeKind
from panels.billmanager.group_forms import GROUP_FORM
from panels.coremanager.listing import number

_NAMES = frozenset({"ispmanager_modules", "task_open_types", "task_fields", "staff_names"})
"""Entries that are several names."""
_NUMBERED = frozenset(
    {"departments", "datacenters", "task_departments", "paymethods", "currencies", "modules"}
)
"""Entries that are ids with titles."""
CHOICES = {
    "order": ("v2", "old"),
    "cart": ("cart", "basket"),
    "plan_modules_parent": ("elid", "plid"),
}
"""Entries that are one of a few words."""
_SWITCHES = frozenset({"plan_modules_enable", "plan_modules_disable"})
_FOUND = frozenset(
    {
        *CHOICES,
        *_SWITCHES,
        "plan_modules_list",
        "manual_module",
        "module_create",
        "module_button",
        "module_department",
        "itemtype_id",
        "itemtype_name",
        "client_filter",
        "randomnumber",
        "task_module",
        "task_username",
        "task_password",
    }
)
SETTABLE = (_NAMES | _FOUND | {"plan_modules_marker", "task_take", "task_close"}) - {"randomnumber"}
"""Entries that are names, which a person may set; the rest are facts that the panel shows."""
TAKE = (
    "task_take is button:NAME, toolbar:FUNCTION, field:NAME, field:NAME=VALUE, save, save:BUTTON or"
    " none"
)
CLOSE = (
    "task_close is button:NAME or field:NAME=VALUE, with button:NAME > before it for each form that"
    " leads to it, or next:NAME"
)


def read(name: str, text: str) -> object:
    """Read one entry; None, or an empty tuple, for an empty text.

    Raises ValueError for an entry that does not exist and for a value that cannot be read.
    """
    text = text.strip()
    if name in _NAMES:
        return _names(name, text)
    if name in _NUMBERED:
        return tuple(_numbered(name, part) for part in _parts(text))
    if name == "module_titles":
        return tuple(_titled(part) for part in _parts(text))
    special = {"task_take": _take, "task_close": _close, "plan_modules_marker": _marker}
    if name not in {*_FOUND, *special}:
        raise ValueError(f"there is no entry {name}")
    if not text:
        return None
    return special[name](text) if name in special else _found(name, text)


def _found(name: str, text: str) -> Found:
    if text not in CHOICES.get(name, (text,)):
        raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}")
    kind, _, func = text.partition(":")
    if name in _SWITCHES and kind == GROUP_FORM and func:
        return Found(func, ADMIN, kind=kind)
    return Found(text, ADMIN)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _names(name: str, text: str) -> tuple[str, ...]:
    parts = tuple(_parts(text))
    if name == "task_fields" and not all(re.match(r"[\w.-]+=", part) for part in parts):
        raise ValueError("task_fields is NAME=VALUE, with commas between several")
    return parts


def _numbered(name: str, part: str) -> tuple[int, str]:
    key, _, title = part.partition("=")
    found = number(key)
    if found is None:
        raise ValueError(f"{name} is ID or ID=TITLE, with commas between several")
    return found, title.strip()


def _titled(part: str) -> tuple[str, str]:
    name, _, title = part.partition("=")
    if not name.strip() or not title.strip():
        raise ValueError("module_titles is NAME=TITLE, with commas between several")
    return name.strip(), title.strip()


def _marker(text: str) -> Found:
    return Found(str(markers.parse(text)), ADMIN)


def _way(text: str) -> tuple[str, str, str]:
    """Kind, name and value of one way; NAME=VALUE alone is a field's."""
    kind, colon, rest = text.partition(":")
    if not colon and "=" in text:
        kind, rest = "field", text
    name, _, value = rest.partition("=")
    return kind.strip(), name.strip(), value.strip()


def _take(text: str) -> Take:
    kind, name, value = _way(text)
    for known in get_args(TakeKind):
        named = bool(name) == (known != "none") or known == "save"
        if kind == known and named and (not value or known == "field"):
            return Take(known, name, value, ADMIN)
    raise ValueError(TAKE)


def _close(text: str) -> Close:
    *before, last = [part.strip() for part in text.split(">")]
    kind, name, value = _way(last)
    steps = [_way(part) for part in before]
    right = all(step == "button" and button and not more for step, button, more in steps)
    for known in get_args(CloseKind):
        if right and kind == known and name and bool(value) == (known == "field"):
            return Close(known, name, value, ADMIN, before=tuple(step[1] for step in steps))
    raise ValueError(CLOSE)
