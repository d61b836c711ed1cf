"""What leaves as CSV: a file to fill in that comes in again, and a preview with its figures."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING

from integrator.matching import matcher
from integrator.matching.candidates import unbound
from integrator.models import Account
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.csv import writer
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster

ON = Choices(autoprolong=True)


def test_a_template_with_accounts_comes_in_again_as_matching_proposed(hoster: Hoster) -> None:
    mirrors.plan(6, '-Gold; "=best"')
    for name, preset in (("alice", "Start"), ("bob", '-Gold; "=best"')):
        mirrors.account(hoster.server, name, preset=preset, email="client3001@mail.example")
    matcher.match_all()
    text = "\ufeff" + "".join(writer.written(writer.template(unbound())))
    made = preview.make_from_csv(ON, text, "eva")
    rows = made.rows.order_by("number").values_list("account__username", "plan__name", "state")
    assert list(rows) == [("alice", "Start", "ready"), ("bob", '-Gold; "=best"', "ready")]


def test_two_plans_of_one_name_go_out_by_id(hoster: Hoster) -> None:
    mirrors.plan(6, "Start")
    mirrors.account(hoster.server, plan=hoster.plan, client=hoster.client)
    _head, line = writer.template(unbound())
    assert line[:7] == ["isp1", "alice", "alice.example", 3001, "5", "", ""]


def test_an_empty_template_is_the_columns(db: None) -> None:
    assert [*writer.template(Account.objects.none())] == [
        ["server", "username", "domain", "client", "plan", "password", "period", "autoprolong",
         "expires"]
    ]  # fmt: skip


def test_a_preview_as_csv_says_balances_in_the_order_of_charging(hoster: Hoster) -> None:
    hoster.client.balance = Decimal(15)
    hoster.client.name = "=HYPERLINK(1)"
    hoster.client.save()
    for name in ("alice", "bob"):
        mirrors.account(hoster.server, name)
    credit = Choices(autoprolong=False, payment="credit", paymethod="3")
    hoster.billing.discovery = {"facts": {"paymethods": [[3, "Bonus", "EUR"]]}}
    hoster.billing.save()
    text = hoster.csv("isp1,alice,,3001,Start", "isp1,bob,,3001,Start")
    made = preview.make_from_csv(credit, text, "eva")
    lines = csv.DictReader("".join(writer.written(writer.preview(made))).splitlines())
    first, second = lines
    amounts = ("balance_before", "credited", "balance_after", "price")
    assert [first[name] for name in amounts] == ["15.00", "0.00", "5.00", "10.00"]
    assert [second[name] for name in amounts] == ["5.00", "5.00", "0.00", "10.00"]
    assert (first["client_name"], first["autoprolong"]) == ("'=HYPERLINK(1)", "off")
    assert first["suspends_on"] == made.summary["first_suspension"]
    assert (made.summary["charges"], made.summary["calls"]) == (2, made.summary["calls"])
