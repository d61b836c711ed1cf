"""The dialect of this stand-in: all names that the documents infer or do not know.

A dialect is a file, the same that ``manage.py panel report`` writes of a real installation. `keys`
are the words of `KEYS`; what a file lacks is taken from the dialect that it ``extends``. `forms`
and `lists` are what was seen of each function: fields, buttons and toolbar functions that the
sandbox does not have by itself are shown as reported, so that an odd form can be rehearsed on.
`labels` and `icons` are what people see of fields and buttons.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "dialects"
DEFAULT = "billmanager6"
FORMAT = 1
"""Of the file. Another number is refused: a newer program may mean something else by its words."""


class DialectError(ValueError):
    """The dialect file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one installation: key to value, all of them text.

    ``forms``: function → {"fields": […], "buttons": […]} as reported; ``lists``: function →
    {"tools": […]}. ``labels`` and ``icons``: function → name of a button or field → what people
    see of it.
    """

    name: str
    values: Mapping[str, str]
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    icons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        """Give the value of a key; DialectError when the file lacks it."""
        try:
            return self.values[key]
        except KeyError:
            msg = f"dialect {self.name} lacks {key}"
            raise DialectError(msg) from None

    def flag(self, key: str) -> bool:
        """Whether a key is ``on``."""
        return self[key] == "on"

    def upgraded(self, changes: Mapping[str, str]) -> Dialect:
        """Give the dialect of the same panel after an upgrade that changed these keys.

        Raises DialectError for a key that there is not, and for a value that is no text.
        """
        unknown = sorted(set(changes) - set(self.values))
        if unknown or not all(isinstance(value, str) for value in changes.values()):
            msg = f"dialect {self.name}: cannot change {', '.join(unknown) or 'to what is no text'}"
            raise DialectError(msg)
        return replace(self, values={**self.values, **changes})

    def error(self, key: str) -> tuple[str, str]:
        """Give type and object of the error named ``errors.<key>``."""
        kind, _, about = self[f"errors.{key}"].partition(" ")
        return kind, about

    def tools(self, func: str) -> list[tuple[str, str, str]]:
        """Give name, function and kind of the buttons that were reported above a list."""
        seen = self.lists.get(func, {"tools": ()})
        return [(tool["name"], tool["func"], tool["kind"]) for tool in seen["tools"]]


def load(name: str = DEFAULT) -> Dialect:
    """Read a dialect by its name, or by the path of a file.

    A file may name another dialect in ``extends`` and hold only what differs.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        path = Path(name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        title = str(document["name"])
        values = {key: str(entry["value"]) for key, entry in document["keys"].items()}
        forms = {func: _form(seen) for func, seen in document.get("forms", {}).items()}
        lists = {func: _list(seen) for func, seen in document.get("lists", {}).items()}
        labels, icons = _texts(document, "labels"), _texts(document, "icons")
        written = document.get("format", FORMAT)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"dialect {name}: {error}"
        raise DialectError(msg) from error
    if written != FORMAT:
        msg = f"dialect {title}: format {written} is not format {FORMAT}"
        raise DialectError(msg)
    base: Mapping[str, str] = {}
    if "extends" in document or path.stem != DEFAULT:
        base = load(str(document.get("extends", DEFAULT))).values
        unknown = set(values) - set(base)
        if unknown:
            msg = f"dialect {title}: unknown keys {', '.join(sorted(unknown))}"
            raise DialectError(msg)
    return Dialect(title, {**base, **values}, forms, lists, labels, icons)


def _texts(document: Mapping[str, Any], part: str) -> dict[str, dict[str, str]]:
    found = document.get(part, {}).items()
    return {func: {str(n): str(text) for n, text in named.items()} for func, named in found}


def _form(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Take what the sandbox uses of a reported form; raises KeyError or TypeError."""
    found = {kind: list(seen.get(kind, [])) for kind in ("fields", "buttons")}
    nameless = [one for kind in found.values() for one in kind if not one["name"]]
    if nameless:
        raise TypeError("a field or a button without a name")
    return found


def _list(seen: Mapping[str, Any]) -> dict[str, Any]:
    tools = [{name: str(one[name]) for name in ("name", "func", "kind")} for one in seen["tools"]]
    return {"tools": tools}
