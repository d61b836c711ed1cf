"""The rehearsal against the stand-in panels: what it sees, and that it never has an effect."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import translation

from integrator.inventory import unreadable_rows
from integrator.matching.candidates import unbound
from integrator.messages.message import of_json
from integrator.models import Account, Call, Client, Panel, Preview, PreviewRow
from integrator.panel_access import panel_connections
from integrator.previews import comparison, confirmations
from integrator.previews import preview as previews
from integrator.previews.choices import Choices
from integrator.previews.rehearsal import rehearsal
from integrator.refresh import discovery
from integrator.steps import step1_add_manual_module as step1
from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.partial_lists import Unreadable
from panels.notes import note

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox

pytestmark = pytest.mark.any_database


def made(**choices: Any) -> Preview:
    wanted = Choices(autoprolong=True, **choices)
    return previews.make(wanted, unbound(), "olga", origin=previews.MATCHED)


def rehearsed(**choices: Any) -> tuple[Preview, dict[str, Any]]:
    preview = made(**choices)
    result = rehearsal.rehearse(preview)
    assert result["state"] == rehearsal.DONE, result
    return Preview.objects.get(pk=preview.pk), result


def effects(sandbox: Sandbox) -> dict[str, Any]:
    return {name: value for name, value in sandbox.ledger().items() if name != "calls"}


def keys(row: PreviewRow) -> set[str]:
    return {one["key"] for one in row.reasons}


def first_row(preview: Preview) -> PreviewRow:
    row = preview.rows.select_related("client", "plan").order_by("number").first()
    assert row is not None
    assert row.client is not None
    return row


def test_all_steps_are_walked_by_reads_alone(discovered: Sandbox) -> None:
    before, calls = effects(discovered), Call.objects.count()
    preview, result = rehearsed()
    assert preview.summary["ready"] == 12
    assert [step["step"] for step in result["steps"]] == list(range(1, 9))
    assert all(step["found"] for step in result["steps"])
    assert not [step["wrong"] for step in result["steps"] if step["wrong"]]
    # What nobody can know before the canary is named.
    assert [step["step"] for step in result["steps"] if step["unknown"]] == [3, 7]
    groups = preview.rows.values("su", "plan_id", "datacenter_id", "period").distinct().count()
    assert result["forms"] == groups
    asked = Call.objects.all()[calls:]
    assert sum(call.func == "v2.vhost.order.param" for call in asked) == groups
    assert all(call.params["su"] for call in asked if call.func == "v2.vhost.order.param")
    assert not [call.func for call in asked if call.effect or "sok" in call.params]
    assert effects(discovered) == before


def test_each_account_says_what_would_be_sent(discovered: Sandbox) -> None:
    preview, _ = rehearsed(payment="credit", paymethod="1")
    told = rehearsal.json_of(preview)
    world = {one["username"]: one for one in discovered.world()["accounts"]}
    for row in told["rows"]:
        sent = {one["func"]: one for one in row["sends"]}
        order = sent["v2.vhost.order.param"]
        assert order["params"]["domain"] == row["domain"]
        assert order["params"]["skipbasket"] == "on"
        closing = row["sends"][-1]
        assert (closing["step"], closing["func"], closing["as"]) == (7, "task.edit", "tasks")
        assert row["username"] in closing["params"].values()
        assert world[row["username"]]["password"] not in str(row["sends"])
    assert told["rehearsal"]["steps"][6]["unknown"]


@pytest.mark.parametrize("shape", ["refuse", "form"])
def test_a_missing_payer_profile_shows(discovered: Sandbox, shape: str) -> None:
    client = first_row(made()).client
    assert client
    discovered.dials(order_profile=shape)
    discovered.act(act="drop_profiles", client=client.remote_id)
    preview, _ = rehearsed()
    for row in preview.rows.all():
        assert (row.state == "blocked") == (row.client_id == client.pk)
        assert ("profile_missing" in keys(row)) == (row.client_id == client.pk)
    blocked = preview.rows.filter(state="blocked").count()
    assert preview.summary["blocked"] == blocked
    assert preview.summary["ready"] == 12 - blocked


def test_a_client_that_may_not_order_is_blocked(discovered: Sandbox) -> None:
    client = first_row(made()).client
    assert client
    discovered.dials(order_closed_to=[client.remote_id])
    preview, _ = rehearsed()
    assert {keys(row) >= {"blocked_group"} for row in preview.rows.filter(client=client)} == {True}
    assert preview.rows.exclude(client=client).filter(state="ready").exists()


def test_what_nobody_fills_blocks_and_what_is_offered_is_told(discovered: Sandbox) -> None:
    discovered.dials(order_addons=True, licence_agreement=True)
    preview, _ = rehearsed()
    assert preview.summary["ready"] == 12
    assert keys(first_row(preview)) >= {"addons", "terms"}
    discovered.dials(order_required=["tax_number"])
    preview, _ = rehearsed()
    assert preview.summary["ready"] == 0
    (needs,) = [one for one in first_row(preview).reasons if one["key"] == "order_needs"]
    assert "tax_number" in str(of_json(needs))


def test_a_discount_changes_what_is_expected_to_be_charged(discovered: Sandbox) -> None:
    before = Decimal(made().summary["totals"][0]["amount"])
    discovered.dials(order_discount=50)
    preview, _ = rehearsed()
    row = first_row(preview)
    assert (row.state, preview.summary["ready"]) == ("choose", 0)
    assert keys(row) >= {"discount", "other_price"}
    (told,) = [str(of_json(one)) for one in row.reasons if one["key"] == "other_price"]
    assert f"{row.price:.2f}" in told
    assert f"{(row.price or 0) * 2:.2f}" in told
    assert preview.summary["asks"] == {"price": 12}
    assert confirmations.confirm_all(preview, "price", "anna") == 12
    assert preview.summary["ready"] == 12
    assert Decimal(preview.summary["totals"][0]["amount"]) == before / 2
    assert keys(first_row(preview)) >= {"other_price", "confirmed"}
    (word,) = [one for one in first_row(preview).reasons if one["key"] == "confirmed"]
    with translation.override("ru"):
        assert "anna: Для этого клиента форма заказа показывает" in str(of_json(word))
    comparison.compare(preview)  # the price list says what it said
    rehearsal.rehearse(preview)  # what is accepted is not asked again
    assert preview.summary["ready"] == 12


def test_balances_are_those_of_now(discovered: Sandbox) -> None:
    row = first_row(made())
    client = row.client
    assert client
    discovered.act(act="set_balance", client=client.remote_id, balance=0)
    preview, _ = rehearsed()
    assert "balance_short" in keys(first_row(preview))
    discovered.act(act="set_balance", client=client.remote_id, balance=-500)
    preview, _ = rehearsed(payment="credit", paymethod="1")
    assert keys(first_row(preview)) >= {"debt", "credited"}


def test_an_account_that_is_gone_meanwhile_is_blocked(discovered: Sandbox) -> None:
    preview = made()
    row = first_row(preview)
    Account.objects.filter(pk=row.account_id).update(username="renamed")
    rehearsal.rehearse(preview)
    assert keys(first_row(preview)) >= {"gone_now"}


def test_an_entry_that_is_not_known_is_wrong_and_no_row_is_touched(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="billing")
    panel.dialect = {**panel.dialect, "order": None}
    panel.save()
    preview, result = rehearsed()
    assert result["wrong"] == 1
    assert result["steps"][2]["wrong"][0]["key"] == "order_unknown"
    assert preview.summary["ready"] == 12


def test_a_panel_that_is_away_leaves_the_preview_as_it_was(discovered: Sandbox) -> None:
    preview = made()
    discovered.stop()
    result = rehearsal.rehearse(preview)
    discovered.start()
    assert result["state"] == rehearsal.FAILED
    preview.refresh_from_db()
    with translation.override("ru"):
        told = rehearsal.in_words(preview)
    assert told
    assert told["error"].startswith("billing ")
    assert "нет соединения: " in told["error"]
    assert preview.summary["ready"] == 12
    assert preview.rows.filter(state="ready").count() == 12


def test_what_is_wrong_is_read_in_the_readers_language(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="billing")
    bm = panel_connections.billmanager(panel)
    centre = min(row.datacenter_id for row in made().rows.all() if row.datacenter_id)
    name, send_by = step1.name_for(centre), time.monotonic() + 60
    department, _name = bm.dialect.task_departments[0]
    bm.modules.create_manual(name, centre, department, 1, send_by=send_by)
    discovered.faults({"func": "user", "kind": "truncated", "probability": 1.0, "times": None})
    preview, result = rehearsed()
    discovered.faults()
    assert result["wrong"] == 1 + preview.rows.values("account__panel").distinct().count()
    with translation.override("ru"):
        told = rehearsal.in_words(preview)
    assert told
    (module,) = told["steps"][0]["wrong"]
    assert "попадали бы заказы клиентов" in module
    for server in told["steps"][6]["wrong"]:
        assert server.endswith(" user: повреждённый XML")


def test_a_plan_that_could_not_be_read_says_why_in_the_readers_language(
    discovered: Sandbox,
) -> None:
    panel = Panel.objects.get(name="billing")
    plan = first_row(made()).plan
    assert plan
    lacks = UnexpectedAnswer(note("answer.is_form"), panel=panel.name)
    odd = Unreadable(unreadable_rows.PLAN_MODULES, str(plan.remote_id), "", "", "", lacks.message)
    unreadable_rows.renew(panel, odd.func, [odd])
    assert unreadable_rows.of(Panel.objects.get(pk=panel.pk)) == [odd]
    blocked = [row for row in made().rows.all() if "plan_unread" in keys(row)]
    assert {row.plan_id for row in blocked} == {plan.pk}
    (why,) = [one for one in blocked[0].reasons if one["key"] == "plan_unread"]
    assert str(of_json(why)).endswith("cannot be read: the answer is a form, not a list")
    with translation.override("ru"):
        assert str(of_json(why)).endswith("в ответе форма, а не список")


def test_a_preview_that_was_started_meanwhile_stays_as_it_was(discovered: Sandbox) -> None:
    preview = made()
    Preview.objects.filter(pk=preview.pk).update(started_at=preview.created_at)
    discovered.dials(order_required=["tax_number"])
    rehearsal.rehearse(preview)
    assert preview.rows.filter(state="ready").count() == 12
    assert rehearsal.KEY not in Preview.objects.get(pk=preview.pk).summary


@pytest.mark.parametrize(("dial", "key"), [("payment_least", "below"), ("payment_most", "above")])
def test_a_credit_that_the_method_does_not_take_is_blocked(
    discovered: Sandbox, dial: str, key: str
) -> None:
    poor = first_row(made()).client
    assert poor
    discovered.act(act="set_balance", client=poor.remote_id, balance=0)
    Client.objects.filter(pk=poor.pk).update(balance=0)
    discovered.dials(**{dial: 5_000_00 if dial == "payment_least" else 2})
    preview, _ = rehearsed(payment="credit", paymethod="1")
    rows = list(preview.rows.filter(client=poor))
    assert rows
    for row in rows:
        assert row.state == "blocked"
        (told,) = [str(of_json(one)) for one in row.reasons if one["key"] == f"credit_{key}"]
        assert ("5000.00" if key == "below" else "0.02") in told
    assert preview.rows.exclude(client=poor).filter(state="ready").exists()
    assert all(Decimal(one["amount"]) == 0 for one in preview.summary["credits"])


def test_a_preview_knows_the_limits_from_the_discovery(discovered: Sandbox) -> None:
    discovered.dials(payment_least=5_000_00)
    panel = Panel.objects.get(name="billing")
    discovery.discover(panel)
    Client.objects.update(balance=0)
    preview = made(payment="credit", paymethod="1")
    assert preview.summary["ready"] == 0
    assert {"credit_below"} == set.intersection(*(keys(row) & {"credit_below"}
                                                 for row in preview.rows.all()))  # fmt: skip
