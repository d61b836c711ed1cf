"""Which clients may owe: recognised by names that speak of it, with a value that is set."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from panels.billmanager import BillManager, Dialect
from panels.billmanager.clients import Terms, read_terms
from tests.panels.lists import Canned

if TYPE_CHECKING:
    from panels.http.transport import Transport

NONE = Terms(postpaid=False, limit=None, source="account: postpaid")


@pytest.mark.parametrize(
    ("cells", "postpaid", "limit"),
    [
        ({"postpaid": "on"}, True, None),
        ({"is_post_paid": "1"}, True, None),
        ({"payment_scheme": "postpaid"}, True, None),
        ({"creditlimit": "100.00"}, False, Decimal(100)),
        ({"credit_limit": "100.00 EUR", "postpaid": "off"}, False, Decimal(100)),
        ({"postpaid": "off", "creditlimit": "0.00"}, False, None),
        ({"creditlimit": "null"}, False, None),
    ],
)
def test_terms_are_known_by_what_speaks_of_them(
    cells: dict[str, str], postpaid: bool, limit: Decimal | None
) -> None:
    found = read_terms([("name", "Anna"), *cells.items()], "account")
    assert found
    assert (found.postpaid, found.limit) == (postpaid, limit)
    assert found.source.startswith("account: ")


@pytest.mark.parametrize(
    "cells",
    [
        {"name": "postpaid", "note": "credit limit 100"},
        {"allowpostpaid": "on"},
        {"postpaid": "2026-01-01"},
        {"creditlimit": "-5.00"},
        {"creditlimit": "much"},
        {"balance": "-5.00 EUR", "credit": "5.00"},
        {"postpaid": "on", "creditlimit": "100.00"},
        {"credit_limit": "100.00", "creditlimit_max": "500.00"},
    ],
)
def test_nothing_is_guessed(cells: dict[str, str]) -> None:
    found = read_terms(cells.items(), "account")
    assert found is None or not (found.postpaid or found.limit)


def test_a_users_email_is_asked_for_as_the_panel_may_write_it() -> None:
    rows = {
        "anna@xn--bcher-kva.example": "",
        "anna@bücher.example": "<elem><id>5</id><account_id>9</account_id><name>anna</name>"
        "<email>Anna@BÜCHER.example</email><level>16</level></elem>",
    }
    canned = Canned({"user": lambda call: rows[call.params["email"]]})
    bill = BillManager(cast("Transport", canned), Dialect())
    (user,) = bill.clients.with_email(" ANNA@bücher.example\u200b")
    assert (user.id, user.client_id) == (5, 9)
