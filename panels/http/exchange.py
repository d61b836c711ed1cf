"""One exchange of a transport: the request, its outcome, and its record for the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.coremanager.error_nodes import BUSY_ITSELF
from panels.coremanager.errors import Busy, NotSent, OutcomeUnknown, PanelError, Refused
from panels.http.answers import OVERLOADED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.coremanager.redaction import Redactor
    from panels.http.answer_reader import AnswerReader
    from panels.http.endpoint import Outcome


class Exchange:
    """One request and its outcome."""

    __slots__ = (
        "began",
        "dated",
        "form",
        "func",
        "reader",
        "redactor",
        "seconds",
        "secret",
        "send_by",
        "sent",
        "status",
    )

    def __init__(
        self,
        form: dict[str, str],
        redactor: Redactor,
        reader: AnswerReader,
        send_by: float | None = None,
        secret: frozenset[str] = frozenset(),
    ) -> None:
        self.func = form["func"]
        self.form = form
        self.redactor = redactor
        self.secret = secret
        self.send_by = send_by
        self.began = 0.0
        self.seconds = 0.0
        self.sent = False
        self.status = 0
        self.reader = reader
        self.dated = ""

    @property
    def effect(self) -> bool:
        """Whether it changes the panel."""
        return self.send_by is not None


def form_of(
    func: str, params: Mapping[str, str | int], su: str | int | None, *, devel: bool
) -> dict[str, str]:
    """Give the parameters of a call as they are sent."""
    form = {"func": func}
    for name, value in params.items():
        form[name] = str(value)
    if su is not None:
        form["su"] = str(su)
    form["out"] = "devel" if devel else "xml"
    form["lang"] = "en"  # fixes the language of texts (billmanager.md 1.5)
    return form


def is_busy(error: PanelError, exchange: Exchange) -> bool:
    """Whether the panel itself has too much to do; not a module that cannot reach its server."""
    if exchange.status in OVERLOADED:
        return True
    fault = error.fault if isinstance(error, Busy | OutcomeUnknown) else None
    return fault is not None and fault.type in BUSY_ITSELF


def outcome_of(error: PanelError) -> Outcome:
    """Give how a call ended that raised this."""
    if isinstance(error, NotSent):
        return "not sent"
    return "refused" if isinstance(error, Refused) else "unknown"
