"""A panel's error node, and which of our errors it becomes.

Errors come with HTTP 200 and an `error` node (billmanager.md 0 and 1.4, ispmanager.md 1.7).
"""

from __future__ import annotations

import re
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from panels.coremanager.errors import AccessDenied, Busy, FunctionMissing, LoginRefused, Refused
from panels.coremanager.fault import Fault

if TYPE_CHECKING:
    from lxml import etree

    from panels.coremanager.errors import LoginReason
    from panels.coremanager.redaction import Redactor

BUSY_ITSELF = frozenset({"locked", "lock", "busy", "http"})
"""Types by which a panel speaks of its own load, not of a module's server."""
BUSY_TYPES = frozenset({"client", "open", "bad_response", "locked", "lock", "busy"})
"""Module cannot reach its panel: client, open, bad_response (billmanager.md 1.4, retry later).
The names for "locked, try later" were not seen in public and are assumed."""

_CODE, _VALUE, _WORDS, _PARAMS = 200, 500, 2_000, 50
"""Characters that are kept of a code, a parameter's value and a text, and parameters of one error:
a text may name a parameter over and over, and what comes of it is read by people."""
_PLACEHOLDER = re.compile(r"__(\w{1,64}?)__")
_NOT_FOR_ADMIN = re.compile(r"not available (?:for|to) (?:the |an )?administrator", re.IGNORECASE)
_NO_FUNCTION = re.compile(
    r"\bfunction\b.{0,80}\b(?:not found|does not exist|missing)|функци.{0,80}не найден",
    re.IGNORECASE | re.DOTALL,
)
"""A live panel said "function not found", and named no object (billmanager.md 1.4)."""
NEW_PASSWORD = "expirepass"  # noqa: S105 - a function's name
"""The form in which an expired password is changed: that it is shown in place of any other answer,
and that a refusal may name it, is inferred."""
_LOGIN_REASONS: tuple[tuple[LoginReason, re.Pattern[str]], ...] = (
    ("captcha", re.compile("captcha", re.IGNORECASE)),
    (
        "new_password",
        re.compile(
            r"expirepass|password.{0,40}expired|expired.{0,40}password|парол.{0,40}ист[её]к",
            re.IGNORECASE,
        ),
    ),
    ("two_factor", re.compile(r"totp|otp\b|2fa|two.?factor", re.IGNORECASE)),
    ("authinfo", re.compile(r"authinfo.{0,80}restrict|restrict.{0,80}authinfo", re.IGNORECASE)),
    (
        "address",
        re.compile(r"\bip\b|ip_|_ip|badip|^addr|\bban|restrict|access from this", re.IGNORECASE),
    ),
    ("password", re.compile(r"badpassw|password|authinfo", re.IGNORECASE)),
    ("suspended", re.compile(r"suspend|disabled|blocked|locked", re.IGNORECASE)),
    ("expired", re.compile(r"expired|session", re.IGNORECASE)),
)


def fault_of(error: etree._Element, redactor: Redactor) -> Fault:
    """Read an `error` node, placeholders `__name__` in its texts filled in (ispmanager.md 1.7)."""
    params: dict[str, str] = {}
    shown: dict[str, str] = {}
    for param in islice(error.iterchildren("param"), _PARAMS):
        name = param.get("name", "")[:_CODE]
        value = redactor.named(name, _text(param), _VALUE)
        params[name] = value
        shown[name] = redactor.short(param.get("msg") or value, _VALUE)

    def expand(tag: str) -> str:
        raw = redactor.short(_text(error.find(tag)), _WORDS)
        return _PLACEHOLDER.sub(lambda m: shown.get(m.group(1), m.group(0)), raw)[: 2 * _WORDS]

    return Fault(
        type=error.get("type", "")[:_CODE],
        object=error.get("object", "")[:_CODE] or params.get("object", ""),
        value=params.get("value", ""),
        code=error.get("code", "")[:_CODE],
        params=MappingProxyType(params),
        message=expand("msg") or redactor.short((error.text or "").strip(), _WORDS),
        detail=expand("detail"),
    )


def refusal(fault: Fault, *, panel: str, func: str) -> Refused:
    """Give the error that a fault means for the call of `func`."""
    new_password = NEW_PASSWORD in {fault.type, fault.object, fault.code}
    if func == "auth":
        return LoginRefused(fault, reason=login_reason(fault), panel=panel, func=func)
    if fault.type == "auth" or new_password:
        # Of any other function it speaks of our session, whatever the words are.
        reason: LoginReason = "new_password" if new_password else "expired"
        return LoginRefused(fault, reason=reason, panel=panel, func=func)
    if fault.type == "access" or wants_client(fault):
        return AccessDenied(fault, panel=panel, func=func)
    if fault.type == "missed" and _is_function(fault, func):
        return FunctionMissing(fault, panel=panel, func=func)
    if fault.type in BUSY_TYPES:
        return Busy(fault, panel=panel, func=func)
    return Refused(fault, panel=panel, func=func)


def _is_function(fault: Fault, func: str) -> bool:
    """Whether what is missing is the function that was called."""
    if fault.object in {"func", "function", func} or fault.value == func:
        return True
    return not fault.object and _NO_FUNCTION.search(f"{fault.message} {fault.detail}") is not None


def wants_client(fault: Fault) -> bool:
    """Whether the function exists for clients alone: "not available for administrator, try su".

    The code name `msg_user_not_found` was seen in a log (billmanager.md 0.3); where it stands in
    the answer was not, so the English message (`lang=en` is always sent) counts too.
    """
    names = {fault.type, fault.object, fault.code, *fault.params.values()}
    return bool(names & {"user_not_found", "msg_user_not_found"}) or bool(
        _NOT_FOR_ADMIN.search(fault.message)
    )


def login_reason(fault: Fault) -> LoginReason:
    """Why `func=auth` was refused: codes first, then the English words.

    `auth/badpassword` was seen (ispmanager.md 1.7); the answers for second factor and address were
    not (ispmanager.md 7.6), so they are recognised by words and otherwise 'other'.
    """
    for text in (fault.object, fault.type, fault.message, fault.detail):
        for reason, pattern in _LOGIN_REASONS:
            if pattern.search(text):
                return reason
    return "other"


def _text(element: etree._Element | None) -> str:
    return "" if element is None else "".join(map(str, element.itertext())).strip()
