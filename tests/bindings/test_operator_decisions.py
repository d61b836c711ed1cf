"""What people decide, correct, cancel and undo."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions, undecided_evidence, undo_guide
from integrator.bindings.refusal import ActionRefused
from integrator.core import clock
from integrator.core.errors import Refused
from integrator.models import Account, Binding, Event, Intent, Panel
from integrator.panel_access import panel_connections
from integrator.previews.corrections import Wish, corrected
from integrator.runs import endings, run_start, run_state
from tests import factories
from tests.services.provider import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers


def test_a_done_binding_is_undone_without_harm_to_the_site(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    bm = panel_connections.billmanager()
    with pytest.raises(ActionRefused):
        undo_guide.release(done.pk, "anna")
    manual = undo_guide.to_manual(done.pk, "anna")
    service = bm.services.form(done.service_id or 0)
    assert service.module_id == manual
    assert undo_guide.to_manual(done.pk, "anna") == manual  # again harms nothing
    with pytest.raises(ActionRefused):
        undo_guide.release(done.pk, "anna")

    bm.transport.act("vhost.delete", {"elid": done.service_id or 0}, send_by=time.monotonic() + 5)
    undo_guide.release(done.pk, "anna")
    undone = only(run=run)
    assert (undone.state, undone.reserved) == ("cancelled", False)
    assert undo_guide.state_of(undone).released
    ledger = provider.sandbox.ledger()
    assert ledger["hosting_accounts_deleted"] == []
    assert ledger["hosting_accounts_created"] == []
    assert ledger["limit_pushes"] == []
    assert Event.objects.filter(binding=undone, why__contains="manual module").exists()
    told = actions.retry(Binding.objects.filter(pk=undone.pk), "anna")
    assert told.retried == []

    again = workers.finish(provider.start(rows=provider.csv(provider.accounts[:1])))
    assert only(run=again).state == "done"


def test_a_lost_answer_to_the_module_change_is_read_back(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    provider.sandbox.faults(
        {"panel": None, "func": "vhost.edit", "kind": "reset_before", "when": {"sok": "ok"}}
    )
    with pytest.raises(ActionRefused):
        undo_guide.to_manual(done.pk, "anna")
    assert Intent.objects.get(kind=undo_guide.KIND).outcome == "unknown"
    provider.sandbox.faults()
    with pytest.raises(ActionRefused):  # it may still land
        undo_guide.to_manual(done.pk, "anna")
    Intent.objects.update(settles_at=clock.now() - dt.timedelta(seconds=1))
    undo_guide.to_manual(done.pk, "anna")
    assert set(Intent.objects.filter(kind=undo_guide.KIND).values_list("outcome", flat=True)) == {
        "nothing",
        "done",
    }


def test_before_the_order_all_can_be_corrected_after_it_only_names(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start(rows=provider.csv([account], password="")))
    failed = only(run=run)
    other = next(a for a in provider.accounts if a["client"] != account["client"])
    with pytest.raises(Refused):
        corrected(failed, Wish(client="nobody@nowhere.example"))
    with pytest.raises(Refused):
        corrected(failed, Wish(username="nobody"))
    with pytest.raises(Refused):
        corrected(failed, Wish(domain="other.example"))
    Account.objects.filter(pk=failed.account_id).update(
        domains=[*failed.account.domains, "other.example"]
    )
    wish = Wish(client=other["email"], domain="other.example")
    changes = corrected(failed, wish).fields
    assert changes["client"].remote_id == other["client"]
    assert set(changes) == {"client", "su", "domain"}
    told = actions.retry(
        Binding.objects.filter(pk=failed.pk), "anna", password=account["password"],
        corrected=changes,
    )  # fmt: skip
    assert told.retried == [failed.pk]
    workers.finish(run)
    provider.sound(done=1)
    row = provider.sandbox.ledger()["orders"][0]
    assert (row["client"], row["domain"]) == (other["client"], "other.example")
    assert Event.objects.filter(binding=failed, why__startswith="corrected:").exists()

    Binding.objects.filter(pk=failed.pk).update(state="failed", cause="task_refused")
    late = only(pk=failed.pk)
    with pytest.raises(ActionRefused):
        actions.retry(
            Binding.objects.filter(pk=late.pk), "anna", corrected={"domain": "third.example"}
        )


def test_another_username_of_the_same_server_takes_the_place(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start(rows=provider.csv([account], password="")))
    failed = only(run=run)
    other = next(
        a
        for a in provider.accounts
        if a["server"] == account["server"] and a["username"] != account["username"]
    )
    changes = corrected(failed, Wish(username=other["username"])).fields
    actions.retry(
        Binding.objects.filter(pk=failed.pk), "anna", password=other["password"],
        corrected=changes,
    )  # fmt: skip
    workers.finish(run)
    provider.sound(done=1)
    assert only(run=run).account.username == other["username"]
    assert only(run=run).domain == other["domains"][0]
    left = Account.objects.get(panel__name=account["server"], username=account["username"])
    assert left.binding is None


def test_cancelling_says_what_it_means_before_and_after(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    before = endings.of_cancelling(run)
    assert before.free + before.credited + before.reserved + before.done == 8
    actions.cancel(run.pk, "anna")
    workers.until(
        lambda: not Binding.objects.filter(state__in=["queued", "running", "waiting"]).exists()
    )
    after = endings.of_cancelling(run)
    reserved = Binding.objects.filter(run=run, state="cancelled", reserved=True).count()
    assert after.reserved == reserved
    assert after.done == Binding.objects.filter(run=run, state="done").count()
    assert after.free == 8 - after.reserved - after.done
    assert after.sentences()


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


def test_the_services_that_could_be_it_are_offered(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "toolbar-take")
    run, ours = provider.ordered_twice(workers)
    twin = only(run=run)
    provider.sandbox.act(
        act="order", client=twin.client.remote_id, plan=twin.plan.remote_id, domain="x.example"
    )
    workers.until(lambda: only(run=run).state == "undecided")
    found = {one.id: one for one in undecided_evidence.options(only(run=run))}
    assert found[ours].unfit == ""
    assert len([one for one in found.values() if not one.unfit]) == 2
    assert any("x.example" in one.unfit for one in found.values())
    actions.adopt(twin.pk, ours, "anna")
    workers.finish(run)
    assert only(run=run).service_id == ours


def test_a_payment_that_could_be_two_is_adopted(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0.00")
    panel = Panel.objects.get(pk=provider.panel.pk)
    method = panel.discovery["facts"]["paymethods"][0][0]
    provider.sandbox.faults(
        {"panel": None, "func": "payment.add", "kind": "slow_after", "seconds": 4, "times": 1}
    )
    run = provider.start(1, payment="credit", paymethod=str(method))
    workers.until(lambda: len(provider.sandbox.ledger()["payments"]) == 1)
    ours = provider.sandbox.ledger()["payments"][0]["id"]
    binding = only(run=run)
    bm = panel_connections.billmanager()
    client = bm.whoami(su=binding.su)
    bm.payments.add(
        binding.su, profile_id=bm.clients.profiles(binding.su)[0].id, amount=binding.price,
        currency_id=client.currency_id or 0, method_id=method, randomnumber="twin00000000",
        send_by=time.monotonic() + 5,
    )  # fmt: skip
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "several_payments"
    assert undecided_evidence.is_about_payment(binding)
    options = undecided_evidence.options(binding)
    assert {one.kind for one in options} == {"payment"}
    assert len([one for one in options if not one.unfit]) == 2
    with pytest.raises(ActionRefused):
        actions.adopt_payment(binding.pk, 4711, "anna")
    actions.adopt_payment(binding.pk, ours, "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["payments"]) == 2
    assert [row["id"] for row in ledger["payments"] if row["status"] == 4] == [ours]


def test_the_picked_account_goes_first(provider: Provider, workers: Workers) -> None:
    from integrator.previews import preview
    from integrator.previews.choices import Choices

    accounts = provider.accounts[:5]
    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(accounts), "anna")
    with pytest.raises(ActionRefused):
        run_start.pick_canary(made.pk, "nobody")
    picked = accounts[-1]
    run_start.pick_canary(made.pk, f"{picked['server']}:{picked['username']}")
    run = run_start.start(made.pk, "anna")
    first = Binding.objects.get(run=run, window__isnull=False)
    assert first.account.username == picked["username"]
    workers.finish(run)
    provider.sound(done=5)


@pytest.mark.parametrize(
    ("hours", "at", "may", "begins"),
    [
        ("", "12:00", True, None),
        ("02:00-06:00", "02:00", True, None),
        ("02:00-06:00", "06:00", False, 20.0),
        ("02:00-06:00", "01:59", False, 1 / 60),
        ("22:00-04:00", "23:30", True, None),
        ("22:00-04:00", "00:00", True, None),
        ("22:00-04:00", "03:59", True, None),
        ("22:00-04:00", "04:00", False, 18.0),
        ("22:00-04:00", "21:00", False, 1.0),
    ],
)
def test_hours_may_run_past_midnight(
    db: None, hours: str, at: str, may: bool, begins: float | None
) -> None:
    run = factories.run(preview=factories.preview(hours=hours))
    hour, minute = map(int, at.split(":"))
    now = dt.datetime(2026, 3, 28, hour, minute, tzinfo=dt.UTC)
    assert run_state.may_work(run, now) is may
    next_at = run_state.begins_at(run, now)
    if begins is None:
        assert next_at is None
    else:
        assert next_at is not None
        assert (next_at - now).total_seconds() / 3600 == pytest.approx(begins)
