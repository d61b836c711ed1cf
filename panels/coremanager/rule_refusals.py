"""The provider's rule behind a refusal, by its codes.

An order or a payment can be refused by a rule that no repetition gets past: a captcha, a phone that
is not verified, a group of clients, a limit (billmanager.md 1.7, 3.4, 4.4). Few of the codes were
seen in public: `captcha_verification_failed` and `limit` (billmanager.md 1.4), and that *access* is
said to whom a tariff is closed. The others are assumed from the names of the columns that hold the
rule (billmanager.md 3.4), so that they are looked for in type, object and code alike, and English
words (`lang=en` is always sent) are the last that counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from panels.coremanager.fault import Fault

Block = Literal[
    "captcha", "phone", "order_rule", "on_request", "group", "limit", "period", "plan", "receipt"
]
"""'captcha': a form of the provider asks for one; 'phone': this client's phone is not verified;
'order_rule': the tariff is sold with another service only; 'on_request': it has no price;
'group': this client's group may not order it; 'limit': this client has as many as allowed;
'period': it is not sold for this period; 'plan': it is not sold (any more); 'receipt': the cash
register did not take it."""

BLOCKS: tuple[Block, ...] = get_args(Block)

_EVERYWHERE: tuple[tuple[Block, re.Pattern[str]], ...] = (
    ("captcha", re.compile(r"captcha", re.IGNORECASE)),
    (
        "phone",
        re.compile(r"requery_?phone|phone\w{0,20}(?:verif|confirm)|(?:verif|confirm)\w{0,20}phone",
                   re.IGNORECASE),
    ),
    ("receipt", re.compile(r"payment_?receipt|cash_?register", re.IGNORECASE)),
)  # fmt: skip
_OF_ORDERS: tuple[tuple[Block, re.Pattern[str]], ...] = (
    ("order_rule", re.compile(r"order_?reference", re.IGNORECASE)),
    ("on_request", re.compile(r"price_?on_?request", re.IGNORECASE)),
    ("group", re.compile(r"(?:account|client|pricelist2?)_?group|^group$", re.IGNORECASE)),
    ("limit", re.compile(r"(?:trial_?)?item_?max", re.IGNORECASE)),
    ("period", re.compile(r"min_?period|period_?(?:disabled|len|type)", re.IGNORECASE)),
    ("plan", re.compile(r"archived|end_?of_?life", re.IGNORECASE)),
)
_WORDS: tuple[tuple[Block, re.Pattern[str]], ...] = (
    ("captcha", re.compile(r"captcha", re.IGNORECASE)),
    (
        "phone",
        re.compile(
            r"(?:verif|confirm)\w{0,6} (?:\w{1,12} ){0,3}phone|"
            r"phone (?:\w{1,12} ){0,4}(?:not |un)(?:\w{1,12} )?(?:verif|confirm)",
            re.IGNORECASE,
        ),
    ),
)
_ORDERING = re.compile(r"(?:^|\.)(?:order|cart|basket|cartorder)(?:\.|$)")
_WHAT_IS_SOLD = frozenset({"pricelist", "item", "itemtype", "plan", "tariff"})
_PERIODS = frozenset({"period", "order_period"})
_LIMITED = frozenset({*_WHAT_IS_SOLD, "service", "vhost", "account"})


def block_of(fault: Fault, func: str) -> Block | None:
    """The rule that a refusal of `func` speaks of; None when it is none of these.

    Codes about tariffs, periods and groups count in functions that order or pay alone: other
    functions have fields of these names too.
    """
    codes = (fault.type, fault.object, fault.code)
    for block, pattern in _EVERYWHERE:
        if any(map(pattern.search, codes)):
            return block
    if _ORDERING.search(func):
        found = _of_order(fault, codes)
        if found is not None:
            return found
    words = f"{fault.message} {fault.detail}"
    return next((block for block, pattern in _WORDS if pattern.search(words)), None)


def _of_order(fault: Fault, codes: tuple[str, ...]) -> Block | None:
    for block, pattern in _OF_ORDERS:
        if any(map(pattern.search, codes)):
            return block
    if fault.type == "access" and fault.object in _WHAT_IS_SOLD:
        return "group"
    if fault.type == "limit" and fault.object in _LIMITED:
        return "limit"
    if fault.type == "value" and fault.object in _PERIODS:
        return "period"
    if fault.type == "value" and fault.object == "pricelist":
        return "plan"
    return None
