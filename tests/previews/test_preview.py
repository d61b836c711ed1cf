"""What a preview says a run would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import CsvRefused, Refused
from integrator.matching import plan_map
from integrator.matching.candidates import unbound
from integrator.messages.message import of_json
from integrator.messages.reasons import reason
from integrator.models import Preview
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.csv.reader import read
from tests.previews.provider_previews import HEADER, ON, from_csv, only_row, reason_keys, take
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def test_a_ready_row_says_what_would_be_ordered(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start")
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
        "reasons": [str(of_json(made.rows.get().reasons[0]))],
        "candidates": [],
    }
    row = made.rows.get()
    assert (row.su, row.datacenter_id, row.module_id, row.autoprolong) == (30010, 1, 21, True)
    assert reason_keys(made) == ["no_password"]


def test_the_json_has_exactly_the_promised_keys(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    told = preview.preview_json(from_csv(hoster, "isp1,alice,,3001,Start"))
    assert list(told) == [
        "preview", "ready", "choose", "blocked", "totals", "mails", "windows", "rows",
    ]  # fmt: skip
    assert told["totals"] == [{"currency": "EUR", "amount": "10.00"}]
    assert list(told["windows"][0]) == ["plan", "cohorts", "manual_only_seconds"]
    json.dumps(told)


def test_renewal_has_no_default(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    mirrors.account(hoster.server, "bob")
    with pytest.raises(Refused, match="autoprolong"):
        from_csv(hoster, "isp1,alice,,3001,Start", choices=Choices())
    header = f"{HEADER},autoprolong"
    with pytest.raises(CsvRefused) as refused:
        from_csv(
            hoster, "isp1,alice,,3001,Start,on", "isp1,bob,,3001,Start,",
            choices=Choices(), header=header,
        )  # fmt: skip
    assert [(error.line, error.column) for error in refused.value.errors] == [(3, "autoprolong")]
    made = from_csv(hoster, "isp1,alice,,3001,Start,off", "isp1,bob,,3001,Start,", header=header)
    assert [row.autoprolong for row in made.rows.all()] == [False, True]


def test_the_same_form_twice_makes_one_preview(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    lines = read(hoster.csv("isp1,alice,,3001,Start"))
    first = preview.make(ON, lines, "eva", "token-of-the-form")
    assert preview.make(ON, lines, "eva", "token-of-the-form") == first
    assert Preview.objects.count() == 1


def test_a_set_up_fee_is_part_of_the_price(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start,12", header=f"{HEADER},period")
    assert only_row(made)["price"] == "105.00"


def test_opening_letters_are_counted(hoster: Hoster) -> None:
    hoster.billing.discovery = {"facts": {"letters": {"5": "welcome"}}}
    hoster.billing.save()
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start")
    assert made.summary["mails"] == 1
    assert made.summary["letters"] == [
        {"plan": "Start", "letter": "welcome", "count": 1, "held": False}
    ]


def test_matched_accounts_have_a_row_each_ready_or_not(hoster: Hoster) -> None:
    service = mirrors.service(900, username="bound")
    mirrors.account(hoster.server, "bound", service=service)
    mirrors.account(hoster.server, "root", system=True)
    take(hoster, mirrors.account(hoster.server, "taken"))
    mirrors.account(
        hoster.server, "ann", client=hoster.client, plan=hoster.plan, match_state="ready"
    )
    mirrors.account(
        hoster.server, "ben", plan=hoster.plan, match_state="choose",
        match_candidates=[3001, 3002],
        match_reasons=[reason("several_clients", count=2)],
    )  # fmt: skip
    mirrors.account(hoster.server, "cleo", plan=hoster.plan)
    told = preview.preview_json(preview.make(ON, unbound(), "eva", origin="matched"))
    states = {row["username"]: row["state"] for row in told["rows"]}
    assert states == {"ann": "ready", "ben": "choose", "cleo": "blocked"}
    assert told["rows"][1]["candidates"] == [3001, 3002]
    assert (told["ready"], told["choose"], told["blocked"]) == (1, 1, 1)


def test_nothing_to_bind(hoster: Hoster) -> None:
    with pytest.raises(Refused):
        preview.make(ON, unbound(), "eva")
    made = preview.make(ON, unbound(), "eva", origin=preview.MATCHED)
    assert preview.preview_json(made)["rows"] == []


def test_the_plan_map_says_for_how_long_unless_the_run_does(hoster: Hoster) -> None:
    plan_map.set_plan("Start", hoster.plan, period=12)
    mirrors.account(hoster.server, client=hoster.client, plan=hoster.plan)
    assert preview.make(ON, unbound(), "eva").rows.get().period == 12
    asked = Choices(autoprolong=True, period=1)
    assert preview.make(asked, unbound(), "eva").rows.get().period == 1
