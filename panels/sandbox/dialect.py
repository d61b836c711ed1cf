"""What this stand-in calls things: everything that the fact files infer or do not know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "dialects"
DEFAULT = "billmanager6"


class DialectError(ValueError):
    """The dialect file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one installation: key to value, all of them text."""

    name: str
    values: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        """Give the value of a key; DialectError when the file lacks it."""
        try:
            return self.values[key]
        except KeyError:
            msg = f"dialect {self.name} lacks {key}"
            raise DialectError(msg) from None

    def flag(self, key: str) -> bool:
        """Tell whether a key is ``on``."""
        return self[key] == "on"

    def error(self, key: str) -> tuple[str, str]:
        """Give type and object of the error named ``errors.<key>``."""
        kind, _, about = self[f"errors.{key}"].partition(" ")
        return kind, about


def load(name: str = DEFAULT) -> Dialect:
    """Read a dialect by its name, or by the path of a file.

    A file may name another dialect in ``extends`` and hold only what differs.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        path = Path(name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        values = {key: str(entry["value"]) for key, entry in document["keys"].items()}
        title = str(document["name"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"dialect {name}: {error}"
        raise DialectError(msg) from error
    base: Mapping[str, str] = {}
    if "extends" in document:
        base = load(str(document["extends"])).values
    elif path.stem != DEFAULT:
        base = load(DEFAULT).values
        unknown = set(values) - set(base)
        if unknown:
            msg = f"dialect {title}: unknown keys {', '.join(sorted(unknown))}"
            raise DialectError(msg)
    return Dialect(title, {**base, **values})
