"""Errors between us and a panel, as a tree by what to do about them.

* `NotSent`: nothing reached the panel. Trying again is safe.
* `Refused`: the panel answered "no". Nothing is *known* to have happened; reading back shows it.
* `OutcomeUnknown`: an effect was sent and no trustworthy answer came. Read before any new try.
* `UnexpectedAnswer`: a read gave an answer that cannot be understood.

`str()` of every error is safe to show and to log: secrets are removed before an error is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from panels.coremanager.rule_refusals import block_of
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from panels.coremanager.fault import Fault
    from panels.coremanager.rule_refusals import Block

LoginReason = Literal[
    "password",
    "new_password",
    "expired",
    "address",
    "authinfo",
    "two_factor",
    "captcha",
    "suspended",
    "other",
]
"""Why a login was refused; 'expired' means that a fresh session was refused as well, 'new_password'
that its password has expired and a person must set another one, 'authinfo' that logins of programs
are limited to listed addresses (billmanager.md 1.2)."""


class PanelError(Exception):
    """Root of all errors of this package.

    `panel` is the endpoint's name and `func` the function that was called; both are empty where
    the error arose outside of a call (for instance while a kept document was read).
    """

    def __init__(self, message: str, *, panel: str = "", func: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.panel = panel
        self.func = func

    def __str__(self) -> str:
        """Say where, then what; never with a secret."""
        where = " ".join(part for part in (self.panel, self.func) if part)
        return f"{where}: {self.message}" if where else self.message

    @property
    def note(self) -> Note | None:
        """The message where it is this package's own; None where the panel said it."""
        return self.message if isinstance(self.message, Note) else None

    def again(self) -> Self:
        """Give a fresh copy, to be raised in another thread than the one that met the error."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.args = self.args
        return twin


class NotSent(PanelError):  # noqa: N818 - named after what to do, as all of this tree
    """Nothing reached the panel, so trying again is safe."""


class Unreachable(NotSent):
    """No connection: DNS, refused, connect time-out, forbidden address or TLS handshake."""


class CertificateRefused(Unreachable):
    """The panel's certificate is not trusted, or is not the pinned one.

    The four facts describe the certificate that the panel showed, for a person to judge;
    each is None where it could not be read.
    """

    def __init__(
        self,
        message: str,
        *,
        panel: str = "",
        func: str = "",
        fingerprint: str | None = None,
        subject: str | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> None:
        super().__init__(message, panel=panel, func=func)
        self.fingerprint = fingerprint
        self.subject = subject
        self.not_before = not_before
        self.not_after = not_after

    @property
    def shown(self) -> str:
        """The certificate that was shown, in one line; '' where nothing of it could be read."""
        parts = [f"SHA-256 {self.fingerprint}" if self.fingerprint else "", self.subject or ""]
        if self.not_before and self.not_after:
            parts.append(f"{self.not_before.date()} – {self.not_after.date()}")
        return ", ".join(part for part in parts if part)


class TooLate(NotSent):
    """The caller's `send_by` had passed before the request could be sent."""


class LimitTimeout(NotSent):
    """No slot of the panel's parallel limit came free in time."""


class Refused(PanelError):  # noqa: N818 - the same
    """The panel answered with an error. Nothing is known to have happened.

    A type that is not known (billmanager.md 1.4: the list is open-ended) stays a plain `Refused`:
    permanent, to be shown. `type`, `object` and `code` are raw; `value`, `params` and `detail`
    are redacted.
    """

    def __init__(self, fault: Fault, *, panel: str = "", func: str = "") -> None:
        super().__init__(fault.text, panel=panel, func=func)
        self.fault = fault

    @property
    def type(self) -> str:
        """The panel's error type, for instance 'value' or 'missed'."""
        return self.fault.type

    @property
    def object(self) -> str:
        """The object of the error: a field, an object or a function; '' when absent."""
        return self.fault.object

    @property
    def value(self) -> str:
        """The offending value, redacted; '' when absent."""
        return self.fault.value

    @property
    def code(self) -> str:
        """The panel's error code; '' when absent."""
        return self.fault.code

    @property
    def params(self) -> Mapping[str, str]:
        """The error's parameters by name, redacted."""
        return self.fault.params

    @property
    def detail(self) -> str:
        """The panel's longer text, redacted; '' when there is none."""
        return self.fault.detail

    @property
    def block(self) -> Block | None:
        """The provider's rule that this refusal speaks of (`rule_refusals`); None: of none."""
        return block_of(self.fault, self.func)


class LoginRefused(Refused):
    """The panel does not let this login in. `login` is whose; '' where it is not known."""

    login = ""

    def __init__(
        self, fault: Fault, *, reason: LoginReason, panel: str = "", func: str = ""
    ) -> None:
        super().__init__(fault, panel=panel, func=func)
        self.reason: LoginReason = reason


class AccessDenied(Refused):
    """This login may not use the function, or the function wants a client's rights (`su`)."""


class FunctionMissing(Refused):
    """The panel does not have this function (edition, version or a wrong name).

    `found_again`: what the panel calls things was found again since, and is something else.
    """

    found_again = False


class Busy(Refused):
    """The panel, or the module behind it, cannot answer now; it is worth asking again later."""


class OutcomeUnknown(PanelError):  # noqa: N818 - the same
    """An effect was sent and no trustworthy answer came. It may have happened.

    `answered` is True where the panel itself has dealt with the request and only its answer does
    not show whether it took effect; False where the request may still wait somewhere.
    `fault` is what the panel said, None when it said nothing that could be understood.
    """

    def __init__(
        self,
        message: str,
        *,
        panel: str = "",
        func: str = "",
        answered: bool = False,
        fault: Fault | None = None,
    ) -> None:
        super().__init__(message, panel=panel, func=func)
        self.answered = answered
        self.fault = fault


class Unconfirmed(OutcomeUnknown):
    """A well-formed answer that neither confirms nor refuses; it may be a form to be submitted."""


class UnexpectedAnswer(PanelError):  # noqa: N818 - the same
    """A read gave an answer that cannot be understood.

    `transient` is True where the answer was lost or broken on its way (time-out, reset, cut off,
    5xx), so that the same read may succeed later; False where the answer itself is wrong.
    """

    def __init__(
        self, message: str, *, panel: str = "", func: str = "", transient: bool = False
    ) -> None:
        super().__init__(message, panel=panel, func=func)
        self.transient = transient


class AnswerTooLarge(UnexpectedAnswer):
    """A read gave more than an answer may have: bytes, tags, attributes, rows or levels.

    The message says which and how many. The same read would give the same again.
    """


class PanelUpdating(UnexpectedAnswer):
    """A read gave a page which says that the panel is being updated or maintained.

    It passes by itself: the panel is out of reach for a while, and nobody's session is over.
    """

    def __init__(self, message: str, *, panel: str = "", func: str = "") -> None:
        super().__init__(message, panel=panel, func=func, transient=True)


class CellUnreadable(UnexpectedAnswer):
    """One cell of a list's row is missing, or holds what cannot be understood.

    `value` is what stands there, shortened; redacted where the column's name says secret.
    """

    def __init__(
        self, column: str, what: str, value: str, *, panel: str = "", func: str = ""
    ) -> None:
        told = (
            note("cell.shown", column=column, what=what, value=value)
            if value
            else note("cell", column=column, what=what)
        )
        super().__init__(told, panel=panel, func=func)
        self.column = column
        self.what = what
        self.value = value
