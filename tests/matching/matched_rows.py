"""What matching made of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.matching import matcher

if TYPE_CHECKING:
    from integrator.models import Account


def keys(account: Account) -> list[str]:
    return [reason["key"] for reason in account.match_reasons]


def matched(account: Account) -> Account:
    matcher.match_all()
    account.refresh_from_db()
    return account
