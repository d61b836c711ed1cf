"""Whether a client's balance covers all of its rows, and what credit it is given."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.messages.message import of_json
from integrator.models import Binding, Client, Step
from integrator.previews.choices import Choices
from tests.previews.provider_previews import from_csv, reason_keys, take
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def test_a_balance_must_cover_all_rows_of_its_client_together(hoster: Hoster) -> None:
    other = mirrors.client(3002)
    for name in ("a", "b", "c"):
        mirrors.account(hoster.server, name)
    Client.objects.filter(pk=hoster.client.pk).update(balance=Decimal(15))
    made = from_csv(
        hoster, "isp1,a,,3001,Start", "isp1,b,,3001,Start", f"isp1,c,,{other.remote_id},Start"
    )
    assert [row.state for row in made.rows.all()] == ["blocked", "blocked", "ready"]
    assert "20.00" in str(of_json(made.rows.all()[0].reasons[0]))
    assert made.summary["totals"] == [{"currency": "EUR", "amount": "10.00"}]


def test_what_other_runs_still_have_to_pay_counts_as_spent(hoster: Hoster) -> None:
    Client.objects.update(balance=Decimal(15))
    binding = take(hoster, mirrors.account(hoster.server, "taken"))
    for number, state in ((3, "done"), (4, "running")):
        Step.objects.create(binding=binding, number=number, state=state, started_at=now())
    mirrors.account(hoster.server)
    assert "balance_short" in reason_keys(from_csv(hoster, "isp1,alice,,3001,Start"))


def test_what_was_charged_after_the_balance_was_read_counts_as_spent(hoster: Hoster) -> None:
    Client.objects.update(balance=Decimal(15), seen_at=now() - dt.timedelta(hours=1))
    binding = take(hoster, mirrors.account(hoster.server, "taken"))
    Binding.objects.update(state="done", step=8)
    Step.objects.create(
        binding=binding, number=4, state="done", started_at=now(), finished_at=now()
    )
    mirrors.account(hoster.server)
    assert "balance_short" in reason_keys(from_csv(hoster, "isp1,alice,,3001,Start"))
    Client.objects.update(seen_at=now() + dt.timedelta(seconds=1))
    assert "balance_short" not in reason_keys(from_csv(hoster, "isp1,alice,,3001,Start"))


def credit(hoster: Hoster) -> Choices:
    hoster.billing.discovery = {"facts": {"paymethods": [[7, "Bonus", "EUR"]]}}
    hoster.billing.save()
    return Choices(autoprolong=True, payment="credit", paymethod="Bonus")


def test_credit_shows_what_each_client_is_given(hoster: Hoster) -> None:
    Client.objects.update(balance=Decimal(4))
    mirrors.account(hoster.server, "a")
    mirrors.account(hoster.server, "b")
    made = from_csv(hoster, "isp1,a,,3001,Start", "isp1,b,,3001,Start", choices=credit(hoster))
    assert (made.paymethod_id, made.paymethod_name) == (7, "Bonus")
    assert made.summary["credits"] == [{"currency": "EUR", "amount": "16.00"}]
    assert reason_keys(made).count("credited") == 2


def test_a_debt_is_told_before_credit_is_given(hoster: Hoster) -> None:
    Client.objects.update(balance=Decimal(-3))
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start", choices=credit(hoster))
    assert "debt" in reason_keys(made)
    assert (made.summary["ready"], made.summary["choose"]) == (0, 1)
