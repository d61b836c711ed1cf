"""Dialect files of panels that differ from what is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ODD_FIELD = {"name": "ticket_note", "kind": "input", "required": True}


def odd_form(folder: Path) -> str:
    """A dialect file, as a report would be: the form of a task has a required field more."""
    path = folder / "odd.json"
    forms = {"task.edit": {"fields": [ODD_FIELD], "buttons": []}}
    dialect = {"format": 1, "name": "odd", "extends": "billmanager6", "keys": {}, "forms": forms}
    path.write_text(json.dumps(dialect))
    return str(path)


def written(folder: Path, **keys: str) -> str:
    """A dialect of its own, as a file: the second generation with these words changed."""
    words = {name.replace("__", "."): {"value": value, "assumed": "a test"}
             for name, value in keys.items()}  # fmt: skip
    path = folder / "odd.json"
    path.write_text(json.dumps({"format": 1, "name": "odd", "extends": "billmanager6",
                                "keys": words}))  # fmt: skip
    return str(path)
