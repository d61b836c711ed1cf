"""Messages that are stored for people: a key and its parameters, never a finished sentence.

It is put into words when it is read, in the reader's language.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union

from django.utils import translation

from integrator.messages.catalogs import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERBATIM = "verbatim"
"""Key of a panel's or a person's own words, shown as they are."""
SEVERAL = "several"
"""Key of several messages in sequence."""
SENTENCES = "sentences"
"""Key of messages that are sentences of one text."""

Value = Union[str, int, "Message", tuple["Message", ...]]
"""Values of parameters. Messages among them are translated too, several joined by “; ”, the
sentences of one text by blanks."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text of the catalogues by its key, with parameters; without a key it is empty.

    Made by ``say``, ``named``, ``verbatim``, ``several`` and ``sentences``, which know what
    each key needs.
    """

    key: str = ""
    params: tuple[tuple[str, Value], ...] = ()

    def __bool__(self) -> bool:
        """Whether the message is not empty."""
        return bool(self.key)

    def __str__(self) -> str:
        """The text in the present language.

        A key that this version does not know, or whose text names other things here, is shown as
        it is, with what it names.
        """
        if not self.key:
            return ""
        between = " " if self.key == SENTENCES else "; "
        values = {name: _shown(value, between) for name, value in self.params}
        try:
            text = str(TEXTS[self.key] % values)
        except (KeyError, TypeError, ValueError):
            named = ", ".join(f"{name}: {value}" for name, value in values.items())
            return f"{self.key} ({named})" if named else self.key
        for value in values.values():
            if isinstance(value, str) and value.endswith("."):
                text = text.replace(f"{value}.", value)  # it has its full stop already
        return text

    @property
    def english(self) -> str:
        """The text in English: for the log, whoever reads the pages."""
        with translation.override("en"):
            return str(self)

    @property
    def stored(self) -> str:
        """The stored form: JSON with sorted keys, so that equal messages are equal text."""
        if not self.key:
            return ""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True)

    @property
    def parts(self) -> tuple[Message, ...]:
        """The messages in it: itself, each of several, or none."""
        if self.key == SEVERAL:
            [(_name, parts)] = self.params
            assert isinstance(parts, tuple)  # noqa: S101 - tells the type checker
            return parts
        return (self,) if self.key else ()

    def to_json(self) -> dict[str, Any]:
        """The message as a JSON value, for a column that holds more than this."""
        return {"key": self.key, "params": {name: _plain(value) for name, value in self.params}}


NOTHING = Message()
"""The empty message."""


def say(key: str, **params: object) -> Message:
    """The message of this key with these parameters.

    What it names: whole numbers, text, amounts, days, other messages or lists of them.
    Raises LookupError for a key that no catalogue has, and TypeError unless what is given is
    exactly what the text names.
    """
    wanted = params_of(key)
    if params.keys() != wanted:
        message = f"“{key}” names {sorted(wanted)}, not {sorted(params)}"
        raise TypeError(message)
    return Message(key, tuple(sorted((name, _param(one)) for name, one in params.items())))


def named(table: str, name: str) -> Message:
    """The message for a name of the code: a cause, a field, what a binding waits for.

    ``table``: the beginning of its key. A name that this version does not know stays as it is.
    """
    key = f"{table}.{name}"
    return Message(key) if key in TEXTS else verbatim(name)


def verbatim(text: object) -> Message:
    """The message that shows a panel's or a person's words as they are."""
    said = str(text)
    return Message(VERBATIM, (("text", said),)) if said else NOTHING


def several(messages: Iterable[Message]) -> Message:
    """The message of these in sequence, each once; the empty message where all are empty."""
    parts = dict.fromkeys(part for message in messages for part in message.parts)
    return _joined(SEVERAL, tuple(parts))


def sentences(*messages: Message) -> Message:
    """The message of these sentences one after another, without the empty ones among them."""
    return _joined(SENTENCES, tuple(message for message in messages if message))


def _joined(key: str, parts: tuple[Message, ...]) -> Message:
    """The message of these under one key, which a single one does not need."""
    if len(parts) > 1:
        return Message(key, (("all", parts),))
    return parts[0] if parts else NOTHING


def read(stored: str | None) -> Message:
    """The message that a column holds; what an older version wrote is its text, as it stands."""
    if not stored:
        return NOTHING
    if stored.startswith("{"):
        try:
            return of_json(json.loads(stored))
        except (AttributeError, KeyError, TypeError, ValueError):
            pass  # text that only begins like JSON
    return verbatim(stored)


def of_json(stored: Mapping[str, Any] | str) -> Message:
    """The message of a value that ``to_json`` made; text of an older version stays text.

    Older versions kept the text of reasons beside their key: it stands in where this version's
    text is not known, or names more. Raises what JSON of another shape leads to.
    """
    if isinstance(stored, str):
        return verbatim(stored)
    key = str(stored["key"])
    if "text" in stored:
        given = stored.get("params", {}).keys()
        if key not in TEXTS or not params_of(key) <= given:
            return verbatim(stored["text"])
    params = stored["params"].items()
    return Message(key, tuple(sorted((name, _read(one)) for name, one in params)))


@lru_cache(maxsize=1024)
def params_of(key: str) -> frozenset[str]:
    """The names of the parameters of this key's text. Raises LookupError for an unknown key."""
    asked = _ParamNames()
    with translation.override(None):
        TEXTS[key] % asked  # lazy, so that only filling it in shows what it names
    return frozenset(asked.names)


def keys_containing(text: str) -> list[str]:
    """Keys of the catalogues whose text in the present language contains this, in any case.

    None for numbers and signs: these are what messages name.
    """
    sought = text.casefold()
    if not any(sign.isalpha() for sign in sought):
        return []
    found = (key for key in TEXTS if key != VERBATIM)
    return [key for key in found if sought in str(TEXTS[key] % _ParamNames()).casefold()]


class _ParamNames(dict[str, int]):
    """Collects the names of the parameters that a text asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, name: str) -> int:
        self.names.add(name)
        return 1


def _param(value: object) -> Value:
    if isinstance(value, int | Message) and not isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, Message) for one in value):
        return tuple(value)
    if isinstance(value, str | Decimal | dt.date):
        return str(value)
    message = f"{value!r} is nothing that a text can name"
    raise TypeError(message)


def _plain(value: Value) -> Any:
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, tuple):
        return [one.to_json() for one in value]
    return value


def _read(value: Any) -> Value:
    if isinstance(value, dict):
        return of_json(value)
    if isinstance(value, list):
        return tuple(of_json(one) for one in value)
    if isinstance(value, int):
        return value
    return str(value)


def _shown(value: Value, between: str) -> str | int:
    if isinstance(value, tuple):
        return between.join(map(str, value))
    return str(value) if isinstance(value, Message) else value
