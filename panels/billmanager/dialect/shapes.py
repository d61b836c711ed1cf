"""Shapes: the structure of lists and forms, without their content.

Names of functions, columns, fields and buttons, never a cell or a value: those may be names,
addresses, passwords and ids of clients. Options are kept only where they are words of the panel
itself (statuses, types, periods, internal names of modules), of others only how many there are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from panels.coremanager.forms import only_choice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Field, Form

Shape = dict[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_CODE = re.compile(r"-?[0-9]{1,3}")
_NAMED = frozenset({"type", "module", "itemtype"})
"""Selects whose options are internal names."""
_CODED = frozenset({"status", "period", "order_period", "autoprolong"})
"""Selects whose options are short codes."""


def is_name(text: str) -> bool:
    """Whether a text can only be an internal name: an e-mail, a number or a sentence is none."""
    return _NAME.fullmatch(text) is not None


def of_form(form: Form) -> Shape:
    """Give `fields` and `buttons`; a mark that does not apply is left out.

    A field: `name`, `kind`, `required`, `readonly`, `hidden`, `filled` (it holds something),
    and `options` (keys) or `choices` (how many), of which `one_choice` may be the only one that
    is a choice.
    """
    return {
        "fields": [_field(f) for f in form.fields.values() if is_name(f.name)],
        "buttons": [
            {"name": b.name, "kind": b.kind if is_name(b.kind) else ""}
            for b in form.buttons
            if is_name(b.name)
        ],
    }


def _field(field: Field) -> Shape:
    shape: Shape = {"name": field.name, "kind": field.kind}
    marks = {"required": field.required, "readonly": field.readonly, "hidden": field.hidden}
    shape |= {name: True for name, on in {**marks, "filled": bool(field.value)}.items() if on}
    if field.options is None:
        return shape
    keys = [option.key for option in field.options]
    if field.name in _CODED:
        told = [key for key in keys if is_name(key) or _CODE.fullmatch(key)]
    else:
        told = [key for key in keys if is_name(key)] if field.name in _NAMED else []
    if only_choice(field):
        shape["one_choice"] = True
    return shape | ({"options": told} if told else {"choices": len(keys)})


def of_list(answer: Document) -> Shape:
    """Give `columns`, `cells`, `coded`, `tools`, `key`, `order` and `rows` of a list.

    `columns`: what the list says it has; `cells`: what its rows have; `coded`: cells with a raw
    code behind a text; `tools`: name, func and kind of the buttons above it; `rows`: none, one or
    many.
    """
    listing = answer.listing()
    cells = dict.fromkeys(name for row in listing.rows for name in row)
    coded = [n for n in cells if any(r.has(n) and r.code(n) != r.get(n) for r in listing.rows)]
    amount = len(listing.rows)
    return {
        "columns": _names(col.get("name", "") for col in answer.elements("metadata/coldata/col")),
        "cells": _names(cells),
        "coded": _names(coded),
        "tools": [
            {"name": b.name, "func": b.func, "kind": b.kind if is_name(b.kind) else ""}
            for b in listing.toolbar.buttons
            if is_name(b.func) and is_name(b.name)
        ],
        "key": listing.key if is_name(listing.key) else "",
        "order": listing.order if is_name(listing.order[1:]) else "",
        "rows": "none" if not amount else "one" if amount == 1 else "many",
    }


def _names(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if is_name(text)]
