"""Reasons of a row that a person can confirm, and the word that is stored for each."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from integrator.steps import payment_means
from panels.normal_forms import domain_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from integrator.messages.reasons import Reason

KINDS: Mapping[str, frozenset[str]] = {
    "debt": frozenset({"debt"}),
    "domain": frozenset({"domain_not_own", "domain_for_empty"}),
    "price": frozenset({"other_price"}),
}
"""What people call them → keys of reasons."""


def word_of(asked: Reason) -> str:
    """The word that confirms this reason; "" where none does."""
    about = asked.get("params", {})
    if asked["key"] in KINDS["debt"]:
        return payment_means.debt_word(about["client"], Decimal(about["debt"]))
    if asked["key"] in KINDS["domain"]:
        return f"domain:{domain_key(about['domain'])}"
    if asked["key"] in KINDS["price"]:
        return f"price:{about['price']} {about['currency']}"
    return ""


def is_said(asked: Reason, words: Collection[str]) -> bool:
    """Whether a person has confirmed this, or a larger debt of the same client."""
    if asked["key"] in KINDS["debt"]:
        about = asked["params"]
        return payment_means.accepted(words, about["client"]) >= Decimal(about["debt"])
    return word_of(asked) in words


def of_kind(key: str) -> str:
    """The kind of a reason that can be confirmed; "" for one that cannot."""
    return next((kind for kind, keys in KINDS.items() if key in keys), "")
