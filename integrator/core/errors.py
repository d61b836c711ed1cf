"""Errors that pages and commands show to a person: refused input, refused actions, panel errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from panels.coremanager.errors import CertificateRefused, PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.messages.message import Message

__all__ = [
    "ActionRefused",
    "CertificateRefused",
    "CsvRefused",
    "LineError",
    "PanelError",
    "Refused",
]


class Refused(Exception):  # noqa: N818 - the word of design.md
    """The input was refused and nothing has been changed.

    ``text`` says why and what to do; ``lines`` are the particulars, one sentence each.
    """

    def __init__(self, text: str, lines: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.lines = list(lines)


@dataclass(frozen=True, slots=True)
class LineError:
    """One error in a CSV file, and where it is; sorted by where it is.

    ``line`` counts from 1, as editors do; 0: the file as a whole. ``column`` is the
    column's name, empty where the whole line is meant. ``skippable``: the other lines can be
    taken without this one; False: the file cannot be read past it. ``unknown_email``: the e-mail
    that no client has, so that the page and the command line can say how to create one.
    """

    line: int
    column: str
    text: Message
    skippable: bool = True
    unknown_email: str = ""

    def __lt__(self, other: LineError) -> bool:
        return (self.line, self.column) < (other.line, other.column)

    def __str__(self) -> str:
        if not self.line:
            return str(self.text)
        if not self.column:
            return _("line %(line)d: %(text)s") % {"line": self.line, "text": self.text}
        values = {"line": self.line, "column": self.column, "text": self.text}
        return _("line %(line)d, %(column)s: %(text)s") % values


class CsvRefused(Refused):
    """A CSV file was refused as a whole; ``errors`` are all that is wrong with it, in order."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        self.errors = sorted(errors)
        text = ngettext(
            "The file was refused; nothing has been changed. %(n)d thing is wrong:",
            "The file was refused; nothing has been changed. %(n)d things are wrong:",
            len(self.errors),
        ) % {"n": len(self.errors)}
        super().__init__(text, [str(error) for error in self.errors])

    @property
    def unknown_emails(self) -> list[str]:
        """E-mails of the file that no client has."""
        return sorted({error.unknown_email for error in self.errors} - {""})


class ActionRefused(Exception):  # noqa: N818 - named after what happened
    """The requested action cannot be done; nothing was changed. ``lines``: one for each row."""

    def __init__(self, text: str, lines: Sequence[str] = ()) -> None:
        self.text = text
        self.lines = list(lines)
        super().__init__("\n".join([text, *self.lines]))
