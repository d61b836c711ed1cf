"""Messages for errors of panels: the panel's words as they are, our own translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import NOTHING, Message, say, verbatim
from panels.coremanager.errors import NotSent, PanelError
from panels.notes import Note

if TYPE_CHECKING:
    from integrator.messages.message import Value
    from panels.coremanager.errors import CertificateRefused
    from panels.coremanager.partial_lists import Unreadable


class NotSentBecause(NotSent):
    """Nothing was sent, for a reason of Integrator's own that is a message."""

    def __init__(self, because: Message, *, panel: str = "", func: str = "") -> None:
        super().__init__(because.english, panel=panel, func=func)
        self.because = because


def of_error(error: PanelError | None) -> Message:
    """The message for an error, after the panel and function that it came from; None: no error."""
    if error is None:
        return NOTHING
    where = " ".join(part for part in (error.panel, error.func) if part)
    what = error.because if isinstance(error, NotSentBecause) else of_words(error.message)
    return say("panel.said", where=where, what=what) if where else what


def of_certificate(error: CertificateRefused) -> Message:
    """The message for a certificate that is not trusted, with the one that was shown."""
    why = of_error(error)
    return say("panel.shows", why=why, shown=error.shown) if error.shown else why


def of_trouble(trouble: Unreadable) -> Message:
    """The message for a cell of a list that cannot be read."""
    return of_words(trouble.note)


def of_words(words: str) -> Message:
    """The message for a note of the panel client; any other text is shown as it is."""
    if not isinstance(words, Note):
        return verbatim(words)
    params = tuple((name, _named(one)) for name, one in sorted(words.params.items()))
    return Message(f"note.{words.key}", params)


def _named(value: str | int | tuple[Note, ...]) -> Value:
    if isinstance(value, tuple):
        return tuple(of_words(one) for one in value)
    return of_words(value) if isinstance(value, Note) else value
