"""Turns an answer into the result of a call: a document, or one of our errors.

The HTTP status never proves success: errors of the panel come with 200 (billmanager.md 0.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.coremanager.documents import is_html, parse
from panels.coremanager.error_nodes import NEW_PASSWORD, refusal
from panels.coremanager.errors import (
    Busy,
    OutcomeUnknown,
    PanelUpdating,
    Unconfirmed,
    UnexpectedAnswer,
)
from panels.coremanager.fault import Fault
from panels.coremanager.web_pages import says_updating
from panels.notes import note

if TYPE_CHECKING:
    from panels.coremanager.documents import Document
    from panels.coremanager.redaction import Redactor
    from panels.http.row_stream import RowStream

_CONFIRMATIONS = ("ok", "id", "lineitem", "lineitem.id", "auth")
"""Nodes by which a panel says that it acted: `ok` (billmanager.md 1.4), `id` of a created object,
`lineitem` of the new cart (4.1), `auth` of a session."""

OVERLOADED = frozenset({429, 503})
"""HTTP statuses by which a server says that it has too much to do."""


class WebPage(UnexpectedAnswer):
    """A web page where a read expected data: most likely the login page of a session that ended."""


def understand(
    body: bytes | RowStream,
    status: int,
    *,
    panel: str,
    func: str,
    effect: bool,
    redactor: Redactor,
    leads_on: bool = False,
) -> Document:
    """Turn an answer into a document, or raise what it means.

    For an effect: `Refused` when the panel says so, `OutcomeUnknown` for everything that is
    neither that nor a confirmation, `Unconfirmed` where that is data of the panel. A passing
    refusal ("locked, try later", billmanager.md 1.4) is no refusal of an effect: the panel may have
    acted before it met the lock. `leads_on`: a form confirms too, since it is the next of several.
    For a read: `Refused` or `UnexpectedAnswer`. What was streamed is logged without its rows.
    """
    answered, fault = False, None
    try:
        document = _document(body, status, panel=panel, func=func, redactor=redactor)
    except UnexpectedAnswer as error:
        unclear = error
    except Busy as error:
        if not effect:
            raise
        unclear = UnexpectedAnswer(error.message, panel=panel, func=func)
    else:
        answered, fault = True, document.fault or _new_password(document, func)
        if fault is not None:
            refused = refusal(fault, panel=panel, func=func)
            if not effect or not isinstance(refused, Busy):
                raise refused
            unclear = UnexpectedAnswer(refused.message, panel=panel, func=func)
        elif (
            not effect
            or any(map(document.has, _CONFIRMATIONS))
            or (leads_on and document.attributes("metadata").get("type") == "form")
        ):
            return document
        else:
            unclear = document.wrong(note("answer.unclear"))
            raise Unconfirmed(unclear.message, panel=panel, func=func, answered=True)
    if effect:
        raise OutcomeUnknown(
            unclear.message, panel=panel, func=func, answered=answered, fault=fault
        )
    raise unclear


def _new_password(document: Document, func: str) -> Fault | None:
    """Give the fault that it means when the form of a new password comes in place of an answer."""
    asked = document.func == NEW_PASSWORD or NEW_PASSWORD in document.ok_text
    if func == NEW_PASSWORD or not asked:
        return None
    return Fault(type=NEW_PASSWORD, message=note("login.new_password"))


def _document(
    body: bytes | RowStream, status: int, *, panel: str, func: str, redactor: Redactor
) -> Document:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own ranges
        page = _web_page(body)
        if page is not None and says_updating(page):
            raise PanelUpdating(note("answer.updating"), panel=panel, func=func)
        if page is not None:
            raise WebPage(note("answer.web_page"), panel=panel, func=func)
        return _parsed(body, panel=panel, func=func, redactor=redactor)
    if 300 <= status < 400:  # noqa: PLR2004 - the same
        raise UnexpectedAnswer(note("answer.redirect", status=status), panel=panel, func=func)
    if status in OVERLOADED:
        fault = Fault(type="http", code=str(status), message=f"HTTP {status}")
        raise Busy(fault, panel=panel, func=func)
    if status >= 500:  # noqa: PLR2004 - the same
        raise UnexpectedAnswer(f"HTTP {status}", panel=panel, func=func, transient=True)
    # A 4xx may still carry the panel's own words.
    try:
        document = _parsed(body, panel=panel, func=func, redactor=redactor)
    except UnexpectedAnswer:
        document = None
    if document is None or document.fault is None:
        raise UnexpectedAnswer(f"HTTP {status}", panel=panel, func=func)
    return document


def _web_page(body: bytes | RowStream) -> bytes | None:
    """Give the beginning of a web page; None when the answer is none."""
    if isinstance(body, bytes):
        return body if is_html(body) else None
    return body.head() if body.is_html() else None


def _parsed(body: bytes | RowStream, *, panel: str, func: str, redactor: Redactor) -> Document:
    if isinstance(body, bytes):
        return parse(body, panel=panel, func=func, redactor=redactor)
    return body.document(redactor)
