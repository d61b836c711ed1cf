"""What real rows do to a run, over HTTP: odd cells, clients by name, dates that open late."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from integrator.bindings.operator import adoption, report, undecided_evidence
from integrator.inventory import unreadable_rows
from integrator.models import Binding, Client, Event, Panel, Service, Step
from integrator.panel_access import panel_connections
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from integrator.steps import step4_pay as step4
from panels.billmanager.payments import Payments
from panels.coremanager.errors import OutcomeUnknown
from panels.sandbox.dialect import FOLDER
from tests import factories
from tests.services.provider import only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


@pytest.fixture
def admin(db: None) -> Browser:
    browser = Browser()
    browser.force_login(factories.person("admin"))
    return browser


def written(folder: Path, **keys: str) -> str:
    """A dialect of its own, as a file: the second generation with these words changed."""
    words = {name.replace("__", "."): {"value": value, "assumed": "a test"}
             for name, value in keys.items()}  # fmt: skip
    path = folder / "odd.json"
    path.write_text(json.dumps({"format": 1, "name": "odd", "extends": "billmanager6",
                                "keys": words}))  # fmt: skip
    return str(path)


# --- one bad cell --------------------------------------------------------------------------------


def test_a_balance_that_cannot_be_read_blocks_that_client_alone(
    provider_with: Callable[..., Provider], workers: Workers, admin: Browser, capsys: Any
) -> None:
    provider = provider_with()
    odd = provider.accounts[0]["client"]
    provider.sandbox.dials(odd_cells={f"account {odd} balance": "1,234 EUR"})
    before = Client.objects.exclude(remote_id=odd).count()
    found = discovery.discover(provider.panel)
    assert found.counts["unreadable"] == 1
    assert Client.objects.get(remote_id=odd).balance is None
    assert Client.objects.exclude(remote_id=odd).exclude(balance=None).count() == before
    assert Client.objects.filter(gone_at=None).count() == before + 1

    mine = [a for a in provider.accounts if a["client"] == odd]
    others = [a for a in provider.accounts if a["client"] != odd][:2]
    rows = provider.csv([*mine, *others])
    made = preview.make_from_csv(Choices(autoprolong=True), rows, "anna")
    for row in made.rows.select_related("client"):
        assert row.client
        blocked = row.client.remote_id == odd
        assert row.state == ("blocked" if blocked else "ready")
        said = " ".join(one["text"] for one in row.reasons)
        assert ("1,234 EUR" in said) == blocked
    run = workers.finish(provider.start(rows=provider.csv(others)))
    assert run.state == "finished"
    provider.sound(done=2)

    page = admin.get(reverse("panel", args=[provider.panel.pk])).content.decode()
    assert "1,234 EUR" in page
    assert str(odd) in page
    call_command("discover", "--json")
    told = json.loads(capsys.readouterr().out)["panels"]["billing"]
    assert told["unreadable_rows"][0]["value"] == "1,234 EUR"

    provider.sandbox.dials(odd_cells={})
    discovery.discover(provider.panel)
    assert unreadable_rows.count(Panel.objects.get(pk=provider.panel.pk)) == 0
    assert preview.make_from_csv(
        Choices(autoprolong=True), provider.csv(mine), "anna"
    ).rows.filter(state="blocked").count() == 0  # fmt: skip


def test_a_client_whose_row_is_lost_is_not_gone(provider: Provider) -> None:
    odd = provider.accounts[0]["client"]
    provider.sandbox.dials(odd_cells={f"account {odd} id": "?"})
    discovery.discover(provider.panel)
    (lost,) = unreadable_rows.of(Panel.objects.get(pk=provider.panel.pk))
    assert (lost.func, lost.key, lost.column) == ("account", "?", "id")
    assert not Client.objects.exclude(gone_at=None).exists()


def test_a_plan_whose_form_is_odd_ends_no_discovery(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from panels.billmanager.plans import Plans
    from panels.coremanager.errors import UnexpectedAnswer

    real, odd = Plans.modules, provider.accounts[0]["plan"]

    def modules(self: Plans, plan_id: int) -> Any:
        if next(p for p in self.all() if p.id == plan_id).name == odd:
            raise UnexpectedAnswer("no column tells what is enabled")
        return real(self, plan_id)

    monkeypatch.setattr(Plans, "modules", modules)
    monkeypatch.setattr(Plans, "compared", modules)
    assert discovery.discover(provider.panel).counts["plans"] == 3
    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(provider.accounts), "anna")
    for row in made.rows.select_related("plan"):
        keys = {one["key"] for one in row.reasons}
        assert row.plan
        assert ("plan_unread" in keys) == (row.plan.name == odd)


def test_a_service_whose_state_is_not_told_is_neither_paid_nor_closed_on_a_guess(
    provider: Provider, workers: Workers
) -> None:
    odd = {"vhost * status": "?", "vhost * real_status": "", "vhost * item_status": "?"}
    provider.sandbox.dials(odd_cells=odd)
    run = provider.start(1)
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "unreadable_service"
    assert "status" in binding.cause_text
    ledger = provider.sandbox.ledger()
    assert len(ledger["orders"]) == 1
    assert ledger["violations"] == []
    (option,) = undecided_evidence.options(binding)
    assert "not known" in option.unfit
    provider.sandbox.dials(odd_cells={})
    adoption.adopt_service(binding, option.id, "anna")
    workers.finish(run)
    provider.sound(done=1)


# --- clients by name -----------------------------------------------------------------------------


def test_namesakes_by_text_alone_are_told_apart(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """All clients bear one name, and no list of services, users or payments shows an id."""
    provider = provider_with("--dialect", "toolbar-take", "--balance", "1.00")
    lists = {"account": "name", "user": "account", "vhost": "account", "expense": "account",
             "payment": "account_name"}  # fmt: skip
    cells = {f"{func} * {column}": "Namesake" for func, column in lists.items()}
    provider.sandbox.dials(odd_cells=cells | {"vhost * account": "As services write it"})
    discovery.discover(provider.panel)
    run = workers.finish(provider.start(4, payment="credit", paymethod="1"))
    assert run.state == "finished"
    provider.sound(done=4)
    discovery.discover(provider.panel)
    for service in Service.objects.filter(gone_at=None):
        assert service.client_id_remote is not None


# --- expiry --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["second-form", "status-field"])
def test_an_expiry_that_is_shut_while_the_opening_runs_is_set_after_the_close(
    dialect: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", dialect)
    provider.sandbox.dials(edit_pushes_limits=False)
    until = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:3], expires=until)))
    assert run.state == "finished"
    ledger = provider.sound(done=3)
    assert {row["expires"] for row in ledger["services"]} == {until}
    assert set(Binding.objects.values_list("expires_set", flat=True)) == {True}
    assert report.run_json(run)["expiry_to_do"] == []
    for step in Step.objects.filter(number=7):
        assert step.state == "done"
        assert "expires_not_set" not in step.evidence


def test_limits_that_a_late_expiry_pushes_are_seen_at_the_canary(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Saving a bound service may push limits (billmanager.md 7.3): only the canary pays for it."""
    provider = provider_with("--dialect", "status-field")
    until = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:3], expires=until)))
    assert run.state == "paused"
    assert len(provider.sandbox.ledger()["orders"]) == 1


def test_an_expiry_that_can_never_be_set_is_still_to_do(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path, admin: Browser
) -> None:
    provider = provider_with("--dialect", written(tmp_path, rows__expiry_opens="never"))
    day = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:2], expires=day)))
    assert run.state == "finished"
    ledger = provider.sound(done=2)
    assert ledger["limit_pushes"] == []
    for binding in Binding.objects.all():
        step = Step.objects.get(binding=binding, number=7)
        assert (step.state, step.evidence["expires_not_set"]) == ("done", day)
        assert Event.objects.filter(binding=binding, why__contains=f"expiry {day}").exists()
        page = admin.get(reverse("binding", args=[binding.pk])).content.decode()
        assert "Expiry not set, still to do" in page
        assert "does not let the date be set" in page
    assert report.run_json(run)["expiry_to_do"] == [str(b) for b in Binding.objects.order_by("pk")]
    page = admin.get(reverse("run", args=[run.pk])).content.decode()
    assert "Expiry not set, still to do" in page


def test_a_refused_expiry_fails_no_binding(provider: Provider, workers: Workers) -> None:
    day = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    provider.sandbox.faults({"panel": None, "func": "vhost.edit", "kind": "refused", "times": 1,
                             "when": {"sok": "ok"}})  # fmt: skip
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:1], expires=day)))
    assert run.state == "finished"
    provider.sound(done=1)
    assert report.run_json(run)["expiry_to_do"] == [str(only(run=run))]


# --- payments ------------------------------------------------------------------------------------


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


def test_every_dialect_names_its_rows() -> None:
    """Several dialects show the shapes of real rows, so that the main job meets them."""
    keys = [json.loads(path.read_text())["keys"] for path in FOLDER.glob("*.json")]
    for name, values in {
        "rows.symbol": {"code", "symbol", "word"}, "rows.decimal": {".", ","},
        "rows.status": {"both", "item", "item_real"}, "rows.client": {"id", "title"},
        "rows.deleted": {"asked", "listed", "hidden"}, "rows.expiry": {"date", "words"},
        "rows.expiry_opens": {"always", "after"}, "rows.account_key": {"id", "elid"},
        "payment.new": {"1", "8"}, "task.item": {"orig", "id", "beside", "title"},
    }.items():  # fmt: skip
        assert {one[name]["value"] for one in keys if name in one} >= values, name
