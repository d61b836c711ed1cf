"""What looking at a panel can tell about a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrator.messages.message import Message

Evidence = dict[str, Any]
"""What was read back, as JSON; shown on the binding's page."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The step has happened and is ours. ``learnt``: fields of the binding that are now known."""

    evidence: Evidence
    learnt: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of the step is there (yet). Whether that proves anything depends on the time."""

    text: Message


@dataclass(frozen=True, slots=True)
class NotYet:
    """It is under way, or somebody stands in the way; look again. ``waiting_for`` is a key."""

    waiting_for: str
    text: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """A person must change something first. ``cause`` is a key of ``messages.causes``."""

    cause: str
    text: Message
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one thing could be ours; a person decides with this evidence before them."""

    cause: str
    text: Message
    evidence: Evidence


Verdict = Proven | Absent | NotYet | Failed | Ambiguous
