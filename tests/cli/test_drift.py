"""`manage.py drift`: what differs, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox


def test_a_service_suspended_in_billing_alone_is_told(
    installation: Installation, start_sandbox: Callable[..., Sandbox]
) -> None:
    sandbox = start_sandbox("--field", "--accounts", "60", "--clients", "30")
    installation.add_panels(sandbox)
    nothing = installation.manage("drift", "--json")
    assert (nothing.code, nothing.json["drift"]) == (0, [])
    by_hand = {one["username"] for one in sandbox.world()["accounts"]
               if one["story"] == "bound by hand"}  # fmt: skip
    service = next(one for one in sandbox.ledger()["services"] if one["username"] in by_hand)
    before = installation.manage("drift", "--discover", "--json")
    assert all(row["service"] != service["id"] for row in before.json["drift"])
    sandbox.act(act="suspend_service", service=service["id"])
    output = installation.manage("drift", "--discover", "--json")
    found = {row["service"]: row for row in output.json["drift"]}[service["id"]]
    assert output.code == 1
    assert (found["kind"], found["username"]) == ("suspended_in_billing", service["username"])
    text = installation.manage("drift")
    assert text.code == 1
    assert f"account “{service['username']}” works on isp1" in text.out
    ledger = sandbox.ledger()
    assert not [name for name in ("orders", "payments", "switches") if ledger[name]]
