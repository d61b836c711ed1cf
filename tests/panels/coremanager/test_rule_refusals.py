"""Which rule of the provider a refusal speaks of: told by its codes, and by no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from panels.coremanager.error_nodes import refusal
from panels.coremanager.fault import Fault
from panels.coremanager.rule_refusals import block_of

if TYPE_CHECKING:
    from panels.coremanager.rule_refusals import Block

ORDER = "v2.vhost.order.param"


@pytest.mark.parametrize(
    ("fault", "func", "block"),
    [
        (Fault("captcha_verification_failed"), "payment.add", "captcha"),
        (Fault("value", "g-recaptcha-response"), ORDER, "captcha"),
        (Fault("requery_phone", "phone"), ORDER, "phone"),
        (Fault("access", message="You have to verify your phone number."), ORDER, "phone"),
        (Fault("error", message="The phone number is not verified"), "cart", "phone"),
        (Fault("access", "pricelist"), "vhost.order.param", "group"),
        (Fault("access", "account_group"), ORDER, "group"),
        (Fault("limit", "itemmax"), ORDER, "limit"),
        (Fault("limit", "pricelist"), "basket", "limit"),
        (Fault("value", "order_period"), ORDER, "period"),
        (Fault("value", "pricelist"), "cartorder.create.confirm", "plan"),
        (Fault("price_on_request"), ORDER, "on_request"),
        (Fault("orderreference", "pricelist"), ORDER, "order_rule"),
        (Fault("payment_receipt"), "payment.setpaid", "receipt"),
        # What else these words can be.
        (Fault("limit", "balance"), ORDER, None),
        (Fault("access", ORDER), ORDER, None),
        (Fault("value", "phone"), "profile.edit", None),
        (Fault("missed", "phone"), ORDER, None),
        (Fault("value", "pricelist"), "vhost.edit", None),
        (Fault("access", "pricelist"), "pricelist", None),
        (Fault("value", "period"), "payment", None),
        (Fault("value", "datacenter"), ORDER, None),
    ],
)
def test_a_rule_is_told_by_its_codes(fault: Fault, func: str, block: Block | None) -> None:
    assert block_of(fault, func) == block
    assert refusal(fault, panel="billing", func=func).block == block
