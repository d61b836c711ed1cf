"""Payments: credited once, refused, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.flow import CLIENT, order, pay
from tests.sandbox.sandbox_process import error, rows

if TYPE_CHECKING:
    from tests.sandbox.sandbox_process import Local


def test_a_payment_is_credited_once(local: Local) -> None:
    key = pay(local)
    assert local.world.clients[3001].balance == 1_001_000
    assert error(local.bill("payment.setpaid", elid=key)) == ("value", "status")
    assert local.world.clients[3001].balance == 1_001_000
    (row,) = rows(local.bill("payment"))
    assert (row["status.orig"], row["real_status"], row["account_id"]) == ("4", "4", "3001")
    assert "account_id" not in rows(local.bill("payment", su=CLIENT))[0]


def test_a_randomnumber_serves_once_unless_the_dial_says_so(local: Local) -> None:
    number = local.bill("payment.add.method", su=CLIENT).findtext("randomnumber", "")
    assert len(number) == 12
    pay(local, randomnumber=number)
    params = {"su": CLIENT, "profile": "601", "amount": "10.00", "paymethod": "1", "sok": "ok"}
    again = local.bill("payment.add", randomnumber=number, **params)
    assert error(again) == ("exists", "randomnumber")
    local.world.dials.turn({"randomnumber_unique": False})
    assert error(local.bill("payment.add", randomnumber=number, **params)) is None
    (violation,) = local.ledger()["violations"]
    assert number in violation


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"profile": ""}, ("missed", "profile")),
        ({"profile": "602"}, ("value", "profile")),
        ({"amount": "0.00"}, ("value", "amount")),
        ({"amount": "1.005"}, ("value", "amount")),
        ({"amount": "NaN"}, ("value", "amount")),
        ({"paymethod": "9"}, ("value", "paymethod")),
        ({"payment_currency": "1"}, ("value", "payment_currency")),
    ],
)
def test_a_wrong_payment_is_refused(
    local: Local, change: dict[str, str], refused: tuple[str, str]
) -> None:
    sent = {"profile": "601", "amount": "10.00", "paymethod": "1"} | change
    assert error(local.bill("payment.add", su=CLIENT, sok="ok", **sent)) == refused
    assert len(local.world.payments) == 0


def test_staff_may_take_a_charge_back(local: Local) -> None:
    order(local)
    (expense,) = rows(local.bill("expense"))
    assert error(local.bill("expense.delete", elid=expense["id"])) is None
    assert local.world.clients[3001].balance == 1_000_000
