"""Clients in debt, and clients who may owe: what the preview says, and what is credited, once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import claims, intents
from integrator.bindings.claims import Claim
from integrator.bindings.operator import actions
from integrator.bindings.work import added_credit
from integrator.core import clock
from integrator.core.errors import Refused
from integrator.messages.message import of_json
from integrator.models import Binding, Client, Intent, Panel, Window
from integrator.models.states import Outcome
from integrator.panel_access import panel_connections
from integrator.previews import confirmations, preview
from integrator.previews.choices import Choices
from integrator.previews.corrections import Wish, corrected
from integrator.refresh import discovery
from integrator.runs import endings, run_start
from integrator.steps import step4_pay as step4
from integrator.windows.phases import charges
from panels.billmanager.payments import Payments
from panels.coremanager.errors import OutcomeUnknown
from tests import factories
from tests.services.effects import ORDER
from tests.services.odd_dialects import written
from tests.services.provider import ACTOR, only
from tests.services.slow_calls import one_order_and_charge
from tests.services.slow_cases import first_of
from tests.services.waits import eventually
from tests.services.works import result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integrator.bindings.work.side_by_side import Work
    from integrator.models import Preview
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers

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


def provider_paymethod(provider: Provider) -> str:
    found = Panel.objects.get(pk=provider.panel.pk).discovery
    return str(found["facts"]["paymethods"][0][0])


def paused(run: Any) -> bool:
    run.refresh_from_db()
    return bool(run.state == "paused")


@pytest.mark.any_database
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


@pytest.mark.any_database
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
    assert failed.events.filter(why__contains="debt:", why__key="binding.confirmed").exists()


@pytest.mark.any_database
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
    assert "inferred" in str(of_json(told))
    assert made.summary["credits"] == []
    workers.finish(run_start.start(made.pk, ACTOR))
    provider.sound(done=2)
    assert credited(provider) == 0
    prices = sum(row.price or Decimal(0) for row in made.rows.all())
    assert balance_of(provider, client) == -3 - prices


@pytest.mark.any_database
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


@pytest.mark.any_database
def test_terms_that_are_not_shown_make_a_debtor(provider: Provider) -> None:
    provider.sandbox.dials(client_terms="nowhere")
    chosen = of_one_client(provider, 1)
    client = with_balance(provider, chosen, -300, postpaid=True)
    assert Client.objects.get(remote_id=client).terms == {}
    assert made_of(provider, chosen).rows.get().state == "choose"


def test_credits_what_the_balance_lacks(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "1.00")
    run = provider.start(6, payment="credit", paymethod=provider_paymethod(provider))
    workers.finish(run)
    ledger = provider.sound(done=6)
    credited = sum(float(row["amount"]) for row in ledger["payments"])
    charged = sum(float(row["amount"]) for row in ledger["charges"])
    clients = {row["client"] for row in ledger["charges"]}
    assert credited == pytest.approx(charged - 1.0 * len(clients))


@pytest.mark.any_database
@pytest.mark.parametrize("func", first_of(["payment.add", "payment.setpaid"]))
@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_a_broken_credit_is_not_doubled(
    func: str, kind: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0")
    provider.sandbox.faults({"panel": None, "func": func, "kind": kind, "times": 2})
    workers.finish(provider.start(2, payment="credit", paymethod="1"))
    ledger = provider.sound(done=2)
    credited = [row for row in ledger["payments"] if row["status"] == 4]
    assert sum(float(row["amount"]) for row in credited) == sum(
        float(row["amount"]) for row in ledger["charges"]
    )


@pytest.mark.any_database
def test_a_lost_payment_does_not_keep_the_plan_from_selling(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Nothing is ordered yet: the plan is given back while the payment's time passes."""
    provider = provider_with("--balance", "0")
    provider.sandbox.faults(
        {"panel": None, "func": "payment.add", "kind": "reset_before", "times": 1}
    )
    run = provider.start(1, payment="credit", paymethod="1")
    workers.until(lambda: Binding.objects.filter(waiting_for="later").exists())
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    assert Intent.objects.filter(kind="credit").count() == 1
    workers.finish(run)
    one_order_and_charge(provider)
    assert len(provider.sandbox.ledger()["payments"]) == 1


@pytest.mark.any_database
def test_a_payment_that_is_listed_late_is_not_gone(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0")
    provider.sandbox.dials(lists_behind=2.0)
    workers.finish(provider.start(1, payment="credit", paymethod="1"))
    one_order_and_charge(provider)


@pytest.mark.any_database
def test_credit_is_meant_for_its_binding_until_its_charge_is_proven(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """What was credited for one is not taken for the next, and is made up for where it is gone."""
    provider = provider_with("--balance", "0", accounts=24)
    provider.sandbox.dials(refused_leaves="service")
    clients = [account["email"] for account in provider.accounts]
    email = next(one for one in clients if clients.count(one) > 1)
    two = [account for account in provider.accounts if account["email"] == email][:2]
    wait = {"panel": None, "func": "payment.setpaid", "kind": "slow_after", "seconds": 2}
    provider.sandbox.faults({**wait, "times": 1})
    run = provider.start(rows=provider.csv(two), payment="credit", paymethod="1")
    first, second = Binding.objects.order_by("pk").select_related("client")
    client = first.client.remote_id

    def drained() -> bool:
        paid = [row for row in provider.sandbox.ledger()["payments"] if row["status"] == 4]
        if paid:
            provider.sandbox.act(act="set_balance", client=client, balance=0)
        return bool(paid)

    with workers.sweeping():
        assert eventually(drained)
    workers.until(lambda: Binding.objects.filter(state="failed").exists())
    failed = Binding.objects.get(state="failed")
    assert (failed.cause, failed.step) == ("balance", 4)
    # The money is back, as by a refund: it is the first one's, not the second one's.
    price = int(failed.price * 100)
    provider.sandbox.act(act="set_balance", client=client, balance=price)
    behind = Binding.objects.exclude(pk=failed.pk)
    workers.until(lambda: paused(run))
    actions.resume(run.pk, "anna")
    workers.until(lambda: behind.filter(state="failed", cause="unpaid_order").exists())
    assert len(provider.sandbox.ledger()["orders"]) == 1  # nothing beside what is not paid
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.until(lambda: Binding.objects.filter(state="done").count() == 2)
    workers.finish(run)
    provider.sound(done=2)
    credited = [row for row in provider.sandbox.ledger()["payments"] if row["status"] == 4]
    total = sum(Decimal(row["amount"]) for row in credited)
    assert total == first.price + second.price


def adding(added: list[Decimal]) -> Callable[..., Work[bool]]:
    """What stands for adding credit, and writes down how much."""

    def add(_claimed: Claim, _bm: BillManager, amount: Decimal, _currency: int) -> Work[bool]:
        added.append(amount)
        yield from ()
        return True

    return add


def test_what_was_credited_for_one_account_is_not_spent_on_the_next(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first would find nothing left, and is never credited a second time."""
    first = factories.binding("waiting", credited="9.90")
    second = factories.binding("waiting", client=first.client)
    shown = SimpleNamespace(balance=Decimal("12.00"), currency_id=55)
    bm = cast("BillManager", SimpleNamespace(whoami=lambda su: shown))  # noqa: ARG005 - its name
    added: list[Decimal] = []

    monkeypatch.setattr(added_credit, "_add", adding(added))
    assert result_of(added_credit.credit(Claim(second, ""), bm))
    assert added == [Decimal("7.80")]
    Binding.objects.filter(pk=first.pk).update(state="cancelled")
    monkeypatch.setattr(claims, "note", lambda _claimed, **fields: added.append(fields["credited"]))
    assert result_of(added_credit.credit(Claim(second, ""), bm))
    assert added[1:] == [0]


@pytest.mark.parametrize("outcome", ["done", "unknown"])
def test_what_is_just_being_paid_is_not_paid_again(outcome: str, quick: None) -> None:
    order = intents.new(ORDER, 1)
    order.outcome, order.outcome_at = Outcome(outcome), clock.now()
    assert charges.may_still_be_paid(order, None) is not None
    order.outcome_at = order.settles_at = clock.now() - intents.listed_within()
    assert charges.may_still_be_paid(order, None) is None


@pytest.mark.any_database
def test_a_cashback_is_not_ours(
    provider_with: Callable[..., Provider], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours was never added; the client pays by himself, and is given back just our amount."""
    provider = provider_with("--balance", "1.00")
    provider.sandbox.dials(cashback=50)
    real = Payments.add
    lost: list[Decimal] = []

    def add(self: Payments, su: int, **wish: Any) -> int | None:
        if lost:
            return real(self, su, **wish)
        lost.append(wish["amount"])
        own = {**wish, "amount": wish["amount"] * 2, "randomnumber": "his-own"}
        payment = real(self, su, **own)
        assert payment is not None
        self.set_paid(payment, send_by=wish["send_by"])
        raise OutcomeUnknown("the answer was lost", func="payment.add")

    monkeypatch.setattr(Payments, "add", add)
    run = workers.finish(provider.start(1, payment="credit", paymethod="1"))
    assert run.state == "finished"
    ledger = provider.sound(done=1)
    tied = [row for row in ledger["payments"] if row["tied_to"]]
    assert [Decimal(str(row["amount"])) for row in tied] == lost
    assert only(run=run).credited == 0  # his own money covers it meanwhile


@pytest.mark.any_database
def test_an_initiated_payment_is_seen(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    """Clients are not shown it: absence in their list would have added a second one."""
    provider = provider_with("--balance", "1.00", "--dialect", written(tmp_path, payment__new="8"))
    provider.sandbox.faults(
        {"panel": None, "func": "payment.add", "kind": "reset_after", "times": 1}
    )
    run = workers.finish(provider.start(1, payment="credit", paymethod="1"))
    assert run.state == "finished"
    ledger = provider.sound(done=1)
    assert len(ledger["payments"]) == 1
    binding = only(run=run)
    bm = panel_connections.billmanager()
    assert [p.status for p in step4.payments_since(bm, binding, 0)] == [4]


def test_credit_that_stays_on_the_balance_is_told(db: None) -> None:
    run = factories.run()
    factories.binding("queued", run=run, credited="5.00")
    factories.binding("queued", run=run)
    factories.undecided(run=run)
    factories.done(run=run)
    means = endings.of_cancelling(run)
    assert (means.free, means.credited, means.reserved, means.done) == (1, 1, 1, 1)
    assert [(currency, f"{amount:.2f}") for currency, amount in means.amounts] == [("EUR", "5.00")]
    assert any("5.00 EUR" in text for text in means.sentences())


def promised(monkeypatch: pytest.MonkeyPatch, **of_the_first: Any) -> Decimal:
    """What is added for an account whose client has 12.00, beside another one that was credited."""
    first = factories.binding(**{"state": "waiting", "credited": "9.90", **of_the_first})
    second = factories.binding("waiting", client=first.client)
    shown = SimpleNamespace(balance=Decimal("12.00"), currency_id=55)
    bm = cast("BillManager", SimpleNamespace(whoami=lambda su: shown))  # noqa: ARG005 - its name
    added = [Decimal(0)]
    monkeypatch.setattr(added_credit, "_add", adding(added))
    monkeypatch.setattr(claims, "note", lambda _claimed, **_fields: None)
    assert result_of(added_credit.credit(Claim(second, ""), bm))
    return added[-1]


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"step": 4}, "7.80"),
        ({"step": 6}, "0"),
        ({"state": "cancelled"}, "0"),
        ({"credited": "0"}, "0"),
        ({"credited": None}, "0"),
    ],
)
def test_what_was_credited_is_promised_until_its_charge_is_proven(
    db: None, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], lacking: str
) -> None:
    assert promised(monkeypatch, **fields) == Decimal(lacking)


@pytest.mark.parametrize(("cause", "again"), [("balance", True), ("order_refused", False)])
def test_what_was_credited_and_lacks_again_is_credited_again(
    db: None, monkeypatch: pytest.MonkeyPatch, cause: str, again: bool
) -> None:
    binding = factories.binding("running", credited="9.90")
    refused = intents.new(ORDER, 1, binding=binding)
    refused.outcome, refused.result = Outcome.REFUSED, {"cause": cause}
    shown = SimpleNamespace(balance=Decimal("0.00"), currency_id=55)
    bm = cast("BillManager", SimpleNamespace(whoami=lambda su: shown))  # noqa: ARG005 - its name
    added: list[Decimal] = []
    monkeypatch.setattr(added_credit, "_add", adding(added))
    assert result_of(added_credit.credit(Claim(binding, "", [refused]), bm))
    assert bool(added) == again
