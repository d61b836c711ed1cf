"""What the cells of a file name: servers, clients, plans; and what is refused by its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from integrator.core.clock import now
from integrator.core.errors import CsvRefused
from integrator.messages.message import of_json
from integrator.models import ClientUser, Preview
from integrator.previews import preview
from tests.previews.provider_previews import ON, from_csv, only_row, reason_keys, take
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@pytest.mark.parametrize(
    "server", ["isp1", "ISP1", "https://isp1.example:1500/ispmgr", "isp1.example"]
)
def test_a_server_is_named_by_name_or_address(hoster: Hoster, server: str) -> None:
    mirrors.account(hoster.server)
    assert from_csv(hoster, f"{server},alice,,3001,5").summary["ready"] == 1


def test_a_clients_email_also_says_as_whom_to_order(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    ClientUser.objects.create(
        remote_id=90001, client=hoster.client, email="second@mail.example", seen_at=now()
    )
    made = from_csv(hoster, "isp1,alice,,SECOND@mail.example,Start")
    row = made.rows.get()
    assert (row.su, row.client_email) == (90001, "second@mail.example")


def test_a_user_that_is_switched_off_is_not_ordered_as(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    ClientUser.objects.update(active=False)
    assert "client_without_user" in reason_keys(from_csv(hoster, "isp1,alice,,3001,Start"))


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
    hoster: Hoster, row: str, column: str
) -> None:
    mirrors.account(hoster.server)
    mirrors.account(hoster.server, "root", system=True)
    mirrors.account(hoster.server, "left", gone_at=now())
    service = mirrors.service(900, username="bound")
    mirrors.account(hoster.server, "bound", service=service)
    take(hoster, mirrors.account(hoster.server, "taken"))
    mirrors.client(3002, "shared@mail.example")
    mirrors.client(3003, "shared@mail.example")
    mirrors.plan(6, "Twice")
    mirrors.plan(7, "Twice")
    before = Preview.objects.count()
    with pytest.raises(CsvRefused) as refused:
        from_csv(hoster, "isp1,alice,,3001,Start" if "alice" not in row else "", row)
    assert [(error.line, error.column) for error in refused.value.errors] == [(3, column)]
    assert Preview.objects.count() == before


def test_a_plan_is_named_by_id_or_by_name(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    mirrors.plan(6, "5 stars")
    assert only_row(from_csv(hoster, "isp1,alice,,3001,5"))["plan"] == "Start"
    assert only_row(from_csv(hoster, "isp1,alice,,3001,5\u00a0stars"))["plan"] == "5 stars"


def test_a_double_row_is_refused_and_names_the_first(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    with pytest.raises(CsvRefused) as refused:
        from_csv(hoster, "isp1,alice,,3001,Start", "https://isp1.example:1500/ispmgr,alice,,3001,5")
    assert [error.line for error in refused.value.errors] == [3]
    assert "2" in str(refused.value.errors[0].text)


def test_errors_of_reading_and_of_meaning_are_told_together(hoster: Hoster) -> None:
    with pytest.raises(CsvRefused) as refused:
        from_csv(hoster, "isp1,alice,,3001,Start", "isp1,,,3001,Start")
    assert [(error.line, error.column) for error in refused.value.errors] == [
        (2, "username"), (3, "username"),
    ]  # fmt: skip


def test_bad_lines_are_left_out_on_a_persons_word(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    text = hoster.csv("isp1,nobody,,3001,Start", "isp1,alice,,3001,Start", "isp1,alice,,,")
    made = preview.make_from_csv(ON, text, "eva", skip_bad=True)
    assert [row["username"] for row in preview.preview_json(made)["rows"]] == ["alice"]
    skipped = made.summary["skipped"]
    assert [one["line"] for one in skipped] == [2, 4, 4]
    plan = next(one for one in skipped if one["column"] == "plan")
    assert str(of_json(plan["text"])) == "The cell is empty."
    with translation.override("ru"):
        assert str(of_json(skipped[0]["text"])).startswith("На isp1 нет аккаунта «nobody»")
        assert str(of_json(plan["text"])) == "Ячейка пуста."


def test_no_good_line_is_a_refusal_even_when_bad_ones_may_be_skipped(hoster: Hoster) -> None:
    with pytest.raises(CsvRefused):
        preview.make_from_csv(ON, hoster.csv("isp1,nobody,,3001,Start"), "eva", skip_bad=True)
