"""Clients in debt, and clients who may owe: what the preview says, and what the run credits."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions
from integrator.core.errors import Refused
from integrator.models import Binding, Client
from integrator.previews import confirmations, preview
from integrator.previews.choices import Choices
from integrator.previews.corrections import Wish, corrected
from integrator.refresh import discovery
from integrator.runs import run_start
from tests.services.choice import first_of
from tests.services.provider import ACTOR

if TYPE_CHECKING:
    from integrator.models import Preview
    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

CREDIT = Choices(autoprolong=False, payment="credit", paymethod="Bonus")


def of_one_client(provider: Provider, count: int = 2) -> list[dict[str, Any]]:
    """So many accounts of one client."""
    client, _many = Counter(one["client"] for one in provider.accounts).most_common(1)[0]
    return [one for one in provider.accounts if one["client"] == client][:count]


def with_balance(
    provider: Provider, chosen: list[dict[str, Any]], balance: int, **terms: Any
) -> int:
    """Give the client of these accounts a balance in minor units, and terms; its id."""
    client = int(chosen[0]["client"])
    provider.sandbox.act(act="set_balance", client=client, balance=balance)
    if terms:
        provider.sandbox.act(act="set_terms", client=client, **terms)
    discovery.discover(provider.panel)
    return client


def made_of(provider: Provider, chosen: list[dict[str, Any]], choices: Choices = CREDIT) -> Preview:
    return preview.make_from_csv(choices, provider.csv(chosen), ACTOR)


def balance_of(provider: Provider, client: int) -> Decimal:
    return next(
        Decimal(str(one["balance"]))
        for one in provider.sandbox.world()["clients"]
        if one["id"] == client
    )


def credited(provider: Provider) -> Decimal:
    payments = provider.sandbox.ledger()["payments"]
    return sum((Decimal(str(one["amount"])) for one in payments), Decimal(0))


def test_a_debt_waits_for_a_word_and_is_paid_off_by_the_credit(
    provider: Provider, workers: Workers
) -> None:
    chosen = of_one_client(provider)
    client = with_balance(provider, chosen, -300)
    made = made_of(provider, chosen)
    assert {row.state for row in made.rows.all()} == {"choose"}
    asked = made.rows.all()[0].reasons[0]
    prices = sum(row.price or Decimal(0) for row in made.rows.all())
    assert asked["params"]["debt"] == "3.00"
    assert Decimal(asked["params"]["credit"]) == prices + 3
    assert made.summary["credits"] == []
    assert confirmations.confirm_all(made, "debt", "eva") == 2
    assert made.summary["credits"] == [{"currency": "EUR", "amount": f"{prices + 3:.2f}"}]
    first = made.rows.order_by("number")[0]
    assert (first.balance_before, first.balance_after) == (Decimal(-3), Decimal(0))
    workers.finish(run_start.start(made.pk, ACTOR))
    provider.sound(done=2)
    assert credited(provider) == prices + 3
    assert balance_of(provider, client) == 0


def test_a_debt_that_grew_since_the_word_needs_a_person_again(
    provider: Provider, workers: Workers
) -> None:
    chosen = of_one_client(provider, 1)
    client = with_balance(provider, chosen, -300)
    made = made_of(provider, chosen)
    confirmations.confirm_all(made, "debt", "eva")
    provider.sandbox.act(act="set_balance", client=client, balance=-301)
    workers.finish(run_start.start(made.pk, ACTOR))
    failed = Binding.objects.get()
    assert failed.cause == "debt"
    assert credited(provider) == 0
    assert provider.sandbox.ledger()["services"] == []
    # Without that word a correction is not taken; with it the run goes on where it failed.
    with pytest.raises(Refused) as refused:
        corrected(failed, Wish(domain=failed.domain))
    assert "confirm" in refused.value.lines[-1]
    fix = corrected(failed, Wish(confirmed=frozenset({"debt"})))
    assert fix.fields == {}
    actions.retry(Binding.objects.all(), ACTOR, confirmed=fix.words)
    workers.finish(failed.run)
    provider.sound(done=1)
    assert credited(provider) == failed.price + Decimal("3.01")
    assert failed.events.filter(why__startswith="confirmed: debt:").exists()


@pytest.mark.parametrize("shown", ["form", "list"])
@pytest.mark.parametrize("terms", [{"postpaid": True}, {"credit_limit": 100_000}])
@pytest.mark.parametrize("payment", first_of(["credit", "balance"]))
def test_a_client_who_may_owe_is_no_debtor(
    provider: Provider, workers: Workers, shown: str, terms: dict[str, Any], payment: str
) -> None:
    provider.sandbox.dials(client_terms=shown)
    chosen = of_one_client(provider)
    client = with_balance(provider, chosen, -300, **terms)
    choices = CREDIT if payment == "credit" else Choices(autoprolong=False)
    made = made_of(provider, chosen, choices)
    assert {row.state for row in made.rows.all()} == {"ready"}
    (told,) = [one for one in made.rows.all()[0].reasons if one["key"] == "may_owe"]
    assert "inferred" in told["text"]
    assert made.summary["credits"] == []
    workers.finish(run_start.start(made.pk, ACTOR))
    provider.sound(done=2)
    assert credited(provider) == 0
    prices = sum(row.price or Decimal(0) for row in made.rows.all())
    assert balance_of(provider, client) == -3 - prices


def test_what_is_beyond_a_limit_is_a_debt(provider: Provider) -> None:
    chosen = of_one_client(provider, 1)
    with_balance(provider, chosen, -2_000, credit_limit=1_500)
    made = made_of(provider, chosen)
    row = made.rows.get()
    assert (row.state, row.reasons[0]["params"]["debt"]) == ("choose", "5.00")
    assert row.price is not None
    assert Decimal(row.reasons[0]["params"]["credit"]) == row.price + 5
    (short,) = made_of(provider, chosen, Choices(autoprolong=False)).rows.all()
    assert (short.state, short.reasons[0]["key"]) == ("blocked", "balance_short")


def test_terms_that_are_not_shown_make_a_debtor(provider: Provider) -> None:
    provider.sandbox.dials(client_terms="nowhere")
    chosen = of_one_client(provider, 1)
    client = with_balance(provider, chosen, -300, postpaid=True)
    assert Client.objects.get(remote_id=client).terms == {}
    assert made_of(provider, chosen).rows.get().state == "choose"
