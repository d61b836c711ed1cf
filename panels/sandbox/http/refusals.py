"""The ways in which a panel refuses, with HTTP 200 (billmanager.md 1.4, ispmanager.md 1.7)."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - an answer of the panel, not a fault of the program
    """An ``error`` node: type, object, value, text, and detail."""

    def __init__(
        self, kind: str, about: str = "", value: str = "", text: str = "", *, code: int = 1
    ) -> None:
        """Keep the parts; an empty text is made from type and object."""
        super().__init__(f"{kind} {about}")
        self.kind = kind
        self.about = about
        self.value = value
        self.text = text
        self.code = code


class LoginPage(Exception):  # noqa: N818 - the same
    """The panel answers with its HTML login page."""


def bad_value(about: str, value: str = "", text: str = "") -> Refusal:
    """Make the error for a field's wrong value."""
    return Refusal("value", about, value, text or "Field '__object__' has an invalid value.")


def missed(about: str, text: str = "") -> Refusal:
    """Make the error for something required that is absent."""
    return Refusal("missed", about, "", text or "'__object__' is missing.")


def no_access(func: str, text: str = "") -> Refusal:
    """Make the error for a function that this login may not use."""
    return Refusal("access", func, "", text or "Insufficient privileges to perform '__object__'.")
