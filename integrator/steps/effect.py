"""What a step sends to a panel: described first, then sent, once."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Effect(Protocol[T_co]):
    """One call that changes something on a panel.

    Nobody calls ``apply`` but ``integrator.bindings.intents.carry_out``, which is given the intent
    that was committed with what ``describe`` and ``before`` say.
    """

    @property
    def kind(self) -> str:
        """What intents call it; those of one kind are never under way twice for one binding."""

    @property
    def number(self) -> int:
        """The step that it belongs to."""

    def describe(self) -> dict[str, Any]:
        """What will be sent, as JSON, without secrets."""

    def before(self) -> dict[str, Any]:
        """What was seen before it is sent, as JSON: from it the outcome is told later."""

    def apply(self, send_by: float) -> T_co:
        """Send it, not later than ``send_by`` (monotonic seconds); what the panel answered.

        Raises what ``panels`` raises.
        """
