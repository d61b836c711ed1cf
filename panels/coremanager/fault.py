"""A panel's error node as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """One `error` node. `type`, `object` and `code` are raw; all other texts are redacted.

    Every field is '' (or empty) when absent.
    """

    type: str
    object: str = ""
    value: str = ""
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """One line for people: the message, else the detail, else type and object."""
        return self.message or self.detail or " ".join(filter(None, (self.type, self.object)))
