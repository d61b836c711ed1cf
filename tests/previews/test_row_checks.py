"""What blocks a row, and what a person is told of one that is ready."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.models import Account, Client, Module, Panel, Plan
from integrator.previews.choices import Choices
from tests.previews.provider_previews import from_csv, reason_keys
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def changed(model: Any, **values: Any) -> None:
    model.objects.update(**values)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda: changed(Account, domain="", domains=[]), "no_domain"),
        (lambda: changed(Panel, module_id=None), "no_link"),
        (lambda: changed(Module, gone_at=now()), "module_gone"),
        (lambda: changed(Module, kind="other"), "module_gone"),
        (lambda: changed(Module, enabled=False), "module_off"),
        (lambda: changed(Module, datacenter_id=None, datacenter=""), "no_datacenter"),
        (lambda: changed(Module, datacenter_id=2), "not_sold_there"),
        (lambda: changed(Plan, enabled=False), "plan_off"),
        (lambda: changed(Plan, periods={}), "period_not_sold"),
        (lambda: changed(Client, balance=Decimal("9.99")), "balance_short"),
        (lambda: changed(Client, balance=Decimal(-5)), "balance_short"),
        (lambda: changed(Client, currency="RUB"), "currency_differs"),
    ],
)
def test_what_blocks_a_row(hoster: Hoster, change: Any, key: str) -> None:
    mirrors.account(hoster.server)
    change()
    made = from_csv(hoster, "isp1,alice,,3001,Start")
    assert (made.summary["ready"], made.summary["blocked"]) == (0, 1)
    assert key in reason_keys(made)
    assert made.summary["totals"] == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda: changed(Account, active=False), "suspended"),
        (lambda: changed(Plan, modules=[]), "foreign_module"),
        (lambda: changed(Client, balance=None), "balance_unknown"),
    ],
)
def test_what_a_person_is_told_of_a_ready_row(hoster: Hoster, change: Any, key: str) -> None:
    mirrors.account(hoster.server)
    change()
    made = from_csv(hoster, "isp1,alice,,3001,Start")
    assert made.summary["ready"] == 1
    assert key in reason_keys(made)


def test_a_data_centre_may_be_known_by_name_alone(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    Module.objects.update(datacenter_id=None)
    assert from_csv(hoster, "isp1,alice,,3001,Start").rows.get().datacenter_id == 1


def test_free_needs_a_price_of_nothing(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    free = Choices(autoprolong=True, payment="free")
    assert "not_free" in reason_keys(from_csv(hoster, "isp1,alice,,3001,Start", choices=free))
    Plan.objects.update(periods={"1": {"amount": "0.00", "setup": "0", "currency": "EUR"}})
    made = from_csv(hoster, "isp1,alice,,3001,Start", choices=free)
    assert made.summary["ready"] == 1
