"""What a preview says a run would do, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.core.errors import CsvRefused, Refused
from integrator.matching import plan_map
from integrator.matching.candidates import unbound
from integrator.models import (
    Account,
    Binding,
    Client,
    ClientUser,
    Module,
    Panel,
    Plan,
    Preview,
    Run,
    Step,
)
from integrator.previews import preview, row_totals
from integrator.previews.choices import Choices
from integrator.previews.csv.reader import read
from tests.services import mirrors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services.mirrors import House

ON = Choices(autoprolong=True)
HEADER = "server,username,domain,client,plan"


def from_csv(house: House, *rows: str, choices: Choices = ON, header: str = HEADER) -> Preview:
    return preview.make_from_csv(choices, house.csv(*rows, header=header), "eva")


def only_row(made: Preview) -> Mapping[str, Any]:
    (row,) = preview.preview_json(made)["rows"]
    return dict(row)


def reason_keys(made: Preview) -> list[str]:
    return [reason["key"] for row in made.rows.all() for reason in row.reasons]


def take(house: House, account: Account) -> Binding:
    """A binding that holds the account, as a started run leaves it."""
    frozen = Preview.objects.create(token="t", created_at=now(), created_by="eva", source="csv")
    run = Run.objects.create(preview=frozen, total=1, created_by="eva", started_at=now())
    return Binding.objects.create(
        run=run, account=account, client=house.client, su=30010, plan=house.plan, module_id=21,
        datacenter_id=1, number=1, domain="a.example", period=1, autoprolong=True,
        price=Decimal(10), marker="m", created_at=now(), state_at=now(), step_at=now(),
    )  # fmt: skip


def test_a_ready_row_says_what_would_be_ordered(house: House) -> None:
    mirrors.account(house.server)
    made = from_csv(house, "isp1,alice,,3001,Start")
    assert only_row(made) == {
        "server": "isp1",
        "username": "alice",
        "domain": "alice.example",
        "client": 3001,
        "client_email": "client3001@mail.example",
        "plan": "Start",
        "period": 1,
        "price": "10.00",
        "currency": "EUR",
        "state": "ready",
        "reasons": [made.rows.get().reasons[0]["text"]],
        "candidates": [],
    }
    row = made.rows.get()
    assert (row.su, row.datacenter_id, row.module_id, row.autoprolong) == (30010, 1, 21, True)
    assert reason_keys(made) == ["no_password"]


def test_the_json_has_exactly_the_promised_keys(house: House) -> None:
    mirrors.account(house.server)
    told = preview.preview_json(from_csv(house, "isp1,alice,,3001,Start"))
    assert list(told) == [
        "preview", "ready", "choose", "blocked", "totals", "mails", "windows", "rows",
    ]  # fmt: skip
    assert told["totals"] == [{"currency": "EUR", "amount": "10.00"}]
    assert list(told["windows"][0]) == ["plan", "cohorts", "manual_only_seconds"]
    json.dumps(told)


@pytest.mark.parametrize(
    "server", ["isp1", "ISP1", "https://isp1.example:1500/ispmgr", "isp1.example"]
)
def test_a_server_is_named_by_name_or_address(house: House, server: str) -> None:
    mirrors.account(house.server)
    assert from_csv(house, f"{server},alice,,3001,5").summary["ready"] == 1


def test_a_clients_email_also_says_as_whom_to_order(house: House) -> None:
    mirrors.account(house.server)
    ClientUser.objects.create(
        remote_id=90001, client=house.client, email="second@mail.example", seen_at=now()
    )
    made = from_csv(house, "isp1,alice,,SECOND@mail.example,Start")
    row = made.rows.get()
    assert (row.su, row.client_email) == (90001, "second@mail.example")


def test_a_user_that_is_switched_off_is_not_ordered_as(house: House) -> None:
    mirrors.account(house.server)
    ClientUser.objects.update(active=False)
    assert "client_without_user" in reason_keys(from_csv(house, "isp1,alice,,3001,Start"))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("isp9,alice,,3001,Start", "server"),
        ("billing,alice,,3001,Start", "server"),
        ("isp1,nobody,,3001,Start", "username"),
        ("isp1,root,,3001,Start", "username"),
        ("isp1,left,,3001,Start", "username"),
        ("isp1,bound,,3001,Start", "username"),
        ("isp1,taken,,3001,Start", "username"),
        ("isp1,alice,,99,Start", "client"),
        ("isp1,alice,,none@mail.example,Start", "client"),
        ("isp1,alice,,shared@mail.example,Start", "client"),
        ("isp1,alice,,3001,Nothing", "plan"),
        ("isp1,alice,,3001,Twice", "plan"),
    ],
)
def test_what_names_nothing_or_too_much_is_refused_by_line(
    house: House, row: str, column: str
) -> None:
    mirrors.account(house.server)
    mirrors.account(house.server, "root", system=True)
    mirrors.account(house.server, "left", gone_at=now())
    service = mirrors.service(900, username="bound")
    mirrors.account(house.server, "bound", service=service)
    take(house, mirrors.account(house.server, "taken"))
    mirrors.client(3002, "shared@mail.example")
    mirrors.client(3003, "shared@mail.example")
    mirrors.plan(6, "Twice")
    mirrors.plan(7, "Twice")
    before = Preview.objects.count()
    with pytest.raises(CsvRefused) as refused:
        from_csv(house, "isp1,alice,,3001,Start" if "alice" not in row else "", row)
    assert [(error.line, error.column) for error in refused.value.errors] == [(3, column)]
    assert Preview.objects.count() == before


def test_a_plan_is_named_by_id_or_by_name(house: House) -> None:
    mirrors.account(house.server)
    mirrors.plan(6, "5 stars")
    assert only_row(from_csv(house, "isp1,alice,,3001,5"))["plan"] == "Start"
    assert only_row(from_csv(house, "isp1,alice,,3001,5\u00a0stars"))["plan"] == "5 stars"


def test_a_double_row_is_refused_and_names_the_first(house: House) -> None:
    mirrors.account(house.server)
    with pytest.raises(CsvRefused) as refused:
        from_csv(house, "isp1,alice,,3001,Start", "https://isp1.example:1500/ispmgr,alice,,3001,5")
    assert [error.line for error in refused.value.errors] == [3]
    assert "2" in refused.value.errors[0].text


def test_errors_of_reading_and_of_meaning_are_told_together(house: House) -> None:
    with pytest.raises(CsvRefused) as refused:
        from_csv(house, "isp1,alice,,3001,Start", "isp1,,,3001,Start")
    assert [(error.line, error.column) for error in refused.value.errors] == [
        (2, "username"), (3, "username"),
    ]  # fmt: skip


def test_bad_lines_are_left_out_on_a_persons_word(house: House) -> None:
    mirrors.account(house.server)
    text = house.csv("isp1,nobody,,3001,Start", "isp1,alice,,3001,Start", "isp1,alice,,,")
    made = preview.make_from_csv(ON, text, "eva", skip_bad=True)
    assert [row["username"] for row in preview.preview_json(made)["rows"]] == ["alice"]
    assert [one["line"] for one in made.summary["skipped"]] == [2, 4, 4]


def test_no_good_line_is_a_refusal_even_when_bad_ones_may_be_skipped(house: House) -> None:
    with pytest.raises(CsvRefused):
        preview.make_from_csv(ON, house.csv("isp1,nobody,,3001,Start"), "eva", skip_bad=True)


def test_renewal_has_no_default(house: House) -> None:
    mirrors.account(house.server)
    mirrors.account(house.server, "bob")
    with pytest.raises(Refused, match="autoprolong"):
        from_csv(house, "isp1,alice,,3001,Start", choices=Choices())
    header = f"{HEADER},autoprolong"
    with pytest.raises(CsvRefused) as refused:
        from_csv(
            house, "isp1,alice,,3001,Start,on", "isp1,bob,,3001,Start,",
            choices=Choices(), header=header,
        )  # fmt: skip
    assert [(error.line, error.column) for error in refused.value.errors] == [(3, "autoprolong")]
    made = from_csv(house, "isp1,alice,,3001,Start,off", "isp1,bob,,3001,Start,", header=header)
    assert [row.autoprolong for row in made.rows.all()] == [False, True]


def test_the_expiry_date_lies_ahead(house: House) -> None:
    mirrors.account(house.server)
    with pytest.raises(CsvRefused):
        from_csv(house, "isp1,alice,,3001,Start,2020-01-01", header=f"{HEADER},expires")
    day = (now() + dt.timedelta(days=9)).date()
    made = from_csv(house, f"isp1,alice,,3001,Start,{day}", header=f"{HEADER},expires")
    assert made.rows.get().expires == day
    assert made.summary["first_suspension"] == day.isoformat()


def test_passwords_are_encrypted_and_never_printed(house: House) -> None:
    mirrors.account(house.server)
    made = from_csv(house, "isp1,alice,,3001,Start, hunter2 ", header=f"{HEADER},password")
    assert made.rows.get().password == " hunter2 "
    assert made.rows.get().reasons == []
    assert "hunter2" not in json.dumps(preview.preview_json(made))
    assert "hunter2" not in json.dumps(made.summary)


def test_the_same_form_twice_makes_one_preview(house: House) -> None:
    mirrors.account(house.server)
    lines = read(house.csv("isp1,alice,,3001,Start"))
    first = preview.make(ON, lines, "eva", "token-of-the-form")
    assert preview.make(ON, lines, "eva", "token-of-the-form") == first
    assert Preview.objects.count() == 1


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
def test_what_blocks_a_row(house: House, change: Any, key: str) -> None:
    mirrors.account(house.server)
    change()
    made = from_csv(house, "isp1,alice,,3001,Start")
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
def test_what_a_person_is_told_of_a_ready_row(house: House, change: Any, key: str) -> None:
    mirrors.account(house.server)
    change()
    made = from_csv(house, "isp1,alice,,3001,Start")
    assert made.summary["ready"] == 1
    assert key in reason_keys(made)


def test_a_data_centre_may_be_known_by_name_alone(house: House) -> None:
    mirrors.account(house.server)
    Module.objects.update(datacenter_id=None)
    assert from_csv(house, "isp1,alice,,3001,Start").rows.get().datacenter_id == 1


def test_a_balance_must_cover_all_rows_of_its_client_together(house: House) -> None:
    other = mirrors.client(3002)
    for name in ("a", "b", "c"):
        mirrors.account(house.server, name)
    Client.objects.filter(pk=house.client.pk).update(balance=Decimal(15))
    made = from_csv(
        house, "isp1,a,,3001,Start", "isp1,b,,3001,Start", f"isp1,c,,{other.remote_id},Start"
    )
    assert [row.state for row in made.rows.all()] == ["blocked", "blocked", "ready"]
    assert "20.00" in made.rows.all()[0].reasons[0]["text"]
    assert made.summary["totals"] == [{"currency": "EUR", "amount": "10.00"}]


def test_what_other_runs_still_have_to_pay_counts_as_spent(house: House) -> None:
    Client.objects.update(balance=Decimal(15))
    binding = take(house, mirrors.account(house.server, "taken"))
    for number, state in ((3, "done"), (4, "running")):
        Step.objects.create(binding=binding, number=number, state=state, started_at=now())
    mirrors.account(house.server)
    assert "balance_short" in reason_keys(from_csv(house, "isp1,alice,,3001,Start"))


def test_what_was_charged_after_the_balance_was_read_counts_as_spent(house: House) -> None:
    Client.objects.update(balance=Decimal(15), seen_at=now() - dt.timedelta(hours=1))
    binding = take(house, mirrors.account(house.server, "taken"))
    Binding.objects.update(state="done", step=8)
    Step.objects.create(
        binding=binding, number=4, state="done", started_at=now(), finished_at=now()
    )
    mirrors.account(house.server)
    assert "balance_short" in reason_keys(from_csv(house, "isp1,alice,,3001,Start"))
    Client.objects.update(seen_at=now() + dt.timedelta(seconds=1))
    assert "balance_short" not in reason_keys(from_csv(house, "isp1,alice,,3001,Start"))


def credit(house: House) -> Choices:
    house.billing.discovery = {"facts": {"paymethods": [[7, "Bonus", "EUR"]]}}
    house.billing.save()
    return Choices(autoprolong=True, payment="credit", paymethod="Bonus")


def test_credit_shows_what_each_client_is_given(house: House) -> None:
    Client.objects.update(balance=Decimal(4))
    mirrors.account(house.server, "a")
    mirrors.account(house.server, "b")
    made = from_csv(house, "isp1,a,,3001,Start", "isp1,b,,3001,Start", choices=credit(house))
    assert (made.paymethod_id, made.paymethod_name) == (7, "Bonus")
    assert made.summary["credits"] == [{"currency": "EUR", "amount": "16.00"}]
    assert reason_keys(made).count("credited") == 2


def test_a_debt_is_told_before_credit_is_given(house: House) -> None:
    Client.objects.update(balance=Decimal(-3))
    mirrors.account(house.server)
    made = from_csv(house, "isp1,alice,,3001,Start", choices=credit(house))
    assert "debt" in reason_keys(made)
    assert (made.summary["ready"], made.summary["choose"]) == (0, 1)


def test_free_needs_a_price_of_nothing(house: House) -> None:
    mirrors.account(house.server)
    free = Choices(autoprolong=True, payment="free")
    assert "not_free" in reason_keys(from_csv(house, "isp1,alice,,3001,Start", choices=free))
    Plan.objects.update(periods={"1": {"amount": "0.00", "setup": "0", "currency": "EUR"}})
    made = from_csv(house, "isp1,alice,,3001,Start", choices=free)
    assert made.summary["ready"] == 1


def test_a_set_up_fee_is_part_of_the_price(house: House) -> None:
    mirrors.account(house.server)
    made = from_csv(house, "isp1,alice,,3001,Start,12", header=f"{HEADER},period")
    assert only_row(made)["price"] == "105.00"


def test_opening_letters_are_counted(house: House) -> None:
    house.billing.discovery = {"facts": {"letters": {"5": "welcome"}}}
    house.billing.save()
    mirrors.account(house.server)
    made = from_csv(house, "isp1,alice,,3001,Start")
    assert made.summary["mails"] == 1
    assert made.summary["letters"] == [
        {"plan": "Start", "letter": "welcome", "count": 1, "held": False}
    ]


def test_matched_accounts_have_a_row_each_ready_or_not(house: House) -> None:
    service = mirrors.service(900, username="bound")
    mirrors.account(house.server, "bound", service=service)
    mirrors.account(house.server, "root", system=True)
    take(house, mirrors.account(house.server, "taken"))
    mirrors.account(house.server, "ann", client=house.client, plan=house.plan, match_state="ready")
    mirrors.account(
        house.server, "ben", plan=house.plan, match_state="choose",
        match_candidates=[3001, 3002],
        match_reasons=[{"key": "several_clients", "text": "2 fit", "params": {"count": 2}}],
    )  # fmt: skip
    mirrors.account(house.server, "cleo", plan=house.plan)
    told = preview.preview_json(preview.make(ON, unbound(), "eva", origin="matched"))
    states = {row["username"]: row["state"] for row in told["rows"]}
    assert states == {"ann": "ready", "ben": "choose", "cleo": "blocked"}
    assert told["rows"][1]["candidates"] == [3001, 3002]
    assert (told["ready"], told["choose"], told["blocked"]) == (1, 1, 1)


def test_nothing_to_bind(house: House) -> None:
    with pytest.raises(Refused):
        preview.make(ON, unbound(), "eva")
    made = preview.make(ON, unbound(), "eva", origin=preview.MATCHED)
    assert preview.preview_json(made)["rows"] == []


def test_the_plan_map_says_for_how_long_unless_the_run_does(house: House) -> None:
    plan_map.set_plan("Start", house.plan, period=12)
    mirrors.account(house.server, client=house.client, plan=house.plan)
    assert preview.make(ON, unbound(), "eva").rows.get().period == 12
    asked = Choices(autoprolong=True, period=1)
    assert preview.make(asked, unbound(), "eva").rows.get().period == 1


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2031-01-31", 1, "2031-02-28"),
        ("2031-12-15", 1, "2032-01-15"),
        ("2031-03-31", 12, "2032-03-31"),
        ("2028-02-29", 12, "2029-02-28"),
    ],
)
def test_a_period_ends_by_the_calendar(start: str, period: int, end: str) -> None:
    day = row_totals.first_suspension(None, period, dt.date.fromisoformat(start))
    assert day.isoformat() == end
