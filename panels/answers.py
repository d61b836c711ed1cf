"""What an answer means for the call: a document, or one of our errors.

The HTTP status never proves success: errors of the panel come with 200 (billmanager.md 0.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.documents import is_html, parse
from panels.errors import Busy, OutcomeUnknown, Unconfirmed, UnexpectedAnswer
from panels.faults import Fault, refusal

if TYPE_CHECKING:
    from panels.documents import Document
    from panels.redaction import Redactor

_CONFIRMATIONS = ("ok", "id", "lineitem", "lineitem.id", "auth")
"""Nodes by which a panel says that it acted: `ok` (billmanager.md 1.4), `id` of a created object,
`lineitem` of the new cart (4.1), `auth` of a session."""

OVERLOADED = frozenset({429, 503})
"""HTTP statuses by which a server says that it has too much to do."""


class WebPage(UnexpectedAnswer):
    """A web page where a read expected data: most likely the login page of a session that ended."""


def understand(
    body: bytes, status: int, *, panel: str, func: str, effect: bool, redactor: Redactor
) -> Document:
    """Turn an answer into a document, or raise what it means.

    For an effect: `Refused` when the panel says so, `OutcomeUnknown` for everything that is
    neither that nor a confirmation, `Unconfirmed` where that is data of the panel. For a read:
    `Refused` or `UnexpectedAnswer`.
    """
    try:
        document = _document(body, status, panel=panel, func=func, redactor=redactor)
    except UnexpectedAnswer as error:
        unclear = error
    except Busy as error:
        if not effect:
            raise
        unclear = UnexpectedAnswer(error.message, panel=panel, func=func)
    else:
        if document.fault is not None:
            raise refusal(document.fault, panel=panel, func=func)
        if not effect or any(map(document.has, _CONFIRMATIONS)):
            return document
        unclear = document.wrong("neither confirms nor refuses")
        if effect:
            raise Unconfirmed(unclear.message, panel=panel, func=func)
    if effect:
        raise OutcomeUnknown(unclear.message, panel=panel, func=func)
    raise unclear


def _document(body: bytes, status: int, *, panel: str, func: str, redactor: Redactor) -> Document:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own ranges
        if is_html(body):
            raise WebPage("the answer is a web page", panel=panel, func=func)
        return parse(body, panel=panel, func=func, redactor=redactor)
    if 300 <= status < 400:  # noqa: PLR2004 - the same
        raise UnexpectedAnswer(f"redirect (HTTP {status}), not followed", panel=panel, func=func)
    if status in OVERLOADED:
        fault = Fault(type="http", code=str(status), message=f"HTTP {status}")
        raise Busy(fault, panel=panel, func=func)
    if status >= 500:  # noqa: PLR2004 - the same
        raise UnexpectedAnswer(f"HTTP {status}", panel=panel, func=func, transient=True)
    # A 4xx may still carry the panel's own words.
    try:
        document = parse(body, panel=panel, func=func, redactor=redactor)
    except UnexpectedAnswer:
        document = None
    if document is None or document.fault is None:
        raise UnexpectedAnswer(f"HTTP {status}", panel=panel, func=func)
    return document
