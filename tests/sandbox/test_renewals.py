"""Nights of the billing: services are renewed or suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.world import acts
from tests.sandbox.flow import CLIENT, opened, order
from tests.sandbox.sandbox_process import rows

if TYPE_CHECKING:
    from tests.sandbox.sandbox_process import Local


def test_nights_renew_or_suspend_and_fresh_money_is_swallowed(local: Local) -> None:
    order(local, remoteid="", autoprolong="on")
    order(local, remoteid="", autoprolong="off", domain="b.example")
    opened(local)
    local.bill("whoami")
    local.time += 40 * 86_400
    first, second = local.world.services.all()
    assert acts.perform(local.world, {"act": "night"}) == {
        "renewed": [first.id],
        "suspended": [second.id],
    }
    ledger = local.ledger()
    assert [charge["kind"] for charge in ledger["charges"]] == ["order", "order", "renewal"]
    assert ledger["violations"] == []
    (row,) = rows(local.bill("vhost", filter="on", id=second.id))
    assert (row["status.orig"], row["item_status.orig"]) == ("3", "3_autosuspend")
    client = local.world.clients[3001]
    local.world.clients.put(client._replace(balance=0))
    sent = {"profile": "601", "amount": "3.00", "paymethod": "1", "sok": "ok"}
    payment = local.bill("payment.add", su=CLIENT, **sent).findtext("id", "")
    local.bill("payment.setpaid", elid=payment)
    assert local.world.clients[3001].balance == 0
    assert rows(local.bill("vhost", filter="on", id=second.id))[0]["status.orig"] == "2"
