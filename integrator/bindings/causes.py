"""The kinds of failures for which a binding cannot go on, and which of them an error is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrator.messages.causes import TITLES
from integrator.messages.message import named
from integrator.panel_access.panel_stop import PanelStoppedError
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    CertificateRefused,
    FunctionMissing,
    LoginRefused,
    NotSent,
    OutcomeUnknown,
    PanelError,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from panels.coremanager.rule_refusals import Block


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of failure.

    ``passing``: it may go away by itself, so the engine tries again a few times.
    """

    key: str
    passing: bool = False

    @property
    def title(self) -> Message:
        """What it is called."""
        return named("cause", self.key)

    @property
    def advice(self) -> Message:
        """What to do about it."""
        return named("advice", self.key)


_PASSING = frozenset({"renamed", "busy", "unexpected", "unreachable"})

CAUSES = {key: Cause(key, key in _PASSING) for key in TITLES}

OF_BLOCK: dict[Block, str] = {
    "captcha": "captcha",
    "phone": "phone_unverified",
    "group": "client_group",
    "limit": "service_limit",
    "order_rule": "order_rule",
    "on_request": "price_on_request",
    "period": "period_refused",
    "plan": "plan_not_sold",
    "receipt": "receipt_refused",
}
"""The provider's rules that a refusal can speak of (`rule_refusals`), each a cause of its own."""


def of_error(error: PanelError, *, refused: str = "refused") -> Cause:
    """The cause that an error of a panel is; ``refused``: what a plain refusal means here."""
    if isinstance(error, FunctionMissing) and error.found_again:
        return CAUSES["renamed"]
    block = error.block if isinstance(error, Refused) else None
    if block is not None and not isinstance(error, LoginRefused | Busy):
        return CAUSES[OF_BLOCK[block]]
    # From the particular to the general: the first fitting line decides.
    kinds: list[tuple[type[PanelError], str]] = [
        (CertificateRefused, "certificate"),
        (PanelStoppedError, "login"),
        (NotSent, "unreachable"),
        (LoginRefused, "login"),
        (AccessDenied, "access"),
        (FunctionMissing, "function_missing"),
        (Busy, "busy"),
        (Refused, refused),
        (FormLacks, "form_unknown"),
        (UnexpectedAnswer, "unexpected"),
        (OutcomeUnknown, "unexpected"),
    ]
    for kind, key in kinds:
        if isinstance(error, kind):
            return CAUSES[key]
    return CAUSES["internal"]
