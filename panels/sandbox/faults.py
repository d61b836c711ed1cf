"""Seeded faults, for every call."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panels.sandbox.http.protocol import Request

KINDS = frozenset(
    {
        "refused",
        "reset_before",
        "reset_after",
        "slow_before",
        "slow_after",
        "http_500",
        "http_500_after",
        "truncated",
        "login_page",
        "locked",
        "locked_after",
        "ignored",
        "blank",
        "flood",
        "repeat_rows",
        "access",
        "expire_session",
    }
)


class FaultError(ValueError):
    """A fault rule that cannot be used; the text says why."""


@dataclass(slots=True)
class Rule:
    """When a fault strikes. ``panel`` None is any panel, ``times`` None is without end.

    ``func`` may hold ``*``; ``when`` names parameters with the value they must have.
    ``type``, ``object`` and ``message`` shape the error of a ``refused``.
    """

    kind: str
    func: str = "*"
    panel: str | None = None
    probability: float = 1.0
    times: int | None = None
    seconds: float = 2.0
    when: dict[str, str] = field(default_factory=dict)
    type: str = "value"
    object: str = "sandbox"
    message: str = "The sandbox was told to refuse this."
    struck: int = 0

    def fits(self, request: Request) -> bool:
        """Whether the rule speaks of this request and is not used up."""
        if self.times is not None and self.struck >= self.times:
            return False
        if self.panel is not None and self.panel != request.panel:
            return False
        if not fnmatchcase(request.func, self.func):
            return False
        return all(request.params.get(key) == value for key, value in self.when.items())


class Faults:
    """The rules in force; the first one that fits and strikes is taken."""

    def __init__(self) -> None:
        """Start with no rules."""
        self.rules: list[Rule] = []
        self.seed = 1
        self._random = random.Random(1)  # noqa: S311 - chance of a rehearsal, no secret

    def set(self, document: dict[str, Any]) -> None:
        """Replace all rules; FaultError, with nothing changed, when one cannot be used."""
        rules = []
        for entry in document.get("rules", []):
            try:
                rule = Rule(**{key: value for key, value in entry.items() if key != "struck"})
            except TypeError as error:
                raise FaultError(str(error)) from error
            if rule.kind not in KINDS:
                msg = f"there is no fault {rule.kind}"
                raise FaultError(msg)
            rules.append(rule)
        self.rules = rules
        self.seed = int(document.get("seed", 1))
        self._random = random.Random(self.seed)  # noqa: S311 - chance of a rehearsal, no secret

    def draw(self, request: Request) -> Rule | None:
        """Give the rule that strikes this request, or None."""
        for rule in self.rules:
            if rule.fits(request) and self._random.random() < rule.probability:
                rule.struck += 1
                return rule
        return None

    def as_dict(self) -> dict[str, Any]:
        """Give the rules as they were set, each with how often it struck."""
        return {"seed": self.seed, "rules": [asdict(rule) for rule in self.rules]}
