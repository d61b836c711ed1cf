"""Files that were taken wrongly once, each with the answer that is right.

The files are in ``cases``. The world is made like the demo's, with what the files speak of.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.errors import CsvRefused
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.csv import reader
from integrator.refresh import discovery
from tests.services import mirrors

if TYPE_CHECKING:
    from integrator.models import Preview, PreviewRow

CASES = Path(__file__).parent / "cases"
ON = Choices(autoprolong=True)
ACCOUNTS = {
    "isp1": ("linencrafts1", "mistyflorist13", "hollowtools15"),
    "isp2": ("granitetravel14", "opalradio16"),
    "web-1": ("linenwine2", "oakplumbing3"),
}
CLIENTS = {
    3013: "client13@mail.example", 3014: "client14@mail.example", 3015: "client15@mail.example",
    3016: "client16@mail.example", 3002: "client2@mail.example", 3003: "client3@mail.example",
    3001: "client1@mail.example",
}  # fmt: skip
MODULES = {"isp1": 21, "isp2": 22, "web-1": 23}
SOLD = 900


@pytest.fixture
def world(db: None) -> None:
    """One account, linencrafts1, is sold already; nothing else is."""
    mirrors.billmanager()
    modules = [
        {"id": number, "name": f"ISP {number}", "enabled": True, "orderpriority": 1}
        for number in MODULES.values()
    ]
    for number, name in enumerate(("Start", "Business", "Pro"), start=5):
        mirrors.plan(number, name, modules=modules)
    for number, email in CLIENTS.items():
        mirrors.client(number, email)
    for name, number in MODULES.items():
        mirrors.module(number)
        server = mirrors.server(name, number)
        for username in ACCOUNTS[name]:
            mirrors.account(server, username)
    mirrors.service(SOLD, username="linencrafts1", module_id_remote=21, client_id_remote=3001,
                    domain="linencrafts1.example")  # fmt: skip
    discovery.compare()


def taken(name: str) -> Preview:
    return preview.make_from_csv(ON, (CASES / name).read_bytes(), "eva")


def rows(name: str) -> list[PreviewRow]:
    return list(taken(name).rows.select_related("account", "client"))


def refused(name: str) -> CsvRefused:
    with pytest.raises(CsvRefused) as found:
        taken(name)
    return found.value


def about(row: PreviewRow, key: str) -> dict[str, Any]:
    (found,) = [one["params"] for one in row.reasons if one["key"] == key]
    return dict(found)


def keys(row: PreviewRow) -> list[str]:
    return [one["key"] for one in row.reasons if one["key"] != "no_password"]


def test_the_hint_of_excel_is_used_and_skipped(world: None) -> None:
    made = rows("c01-sep-hint.csv")
    assert [(row.number, row.account.username, row.state) for row in made] == [
        (3, "mistyflorist13", "ready"), (4, "granitetravel14", "ready"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["c02-utf16-unicode-text.txt", "c07-cp1251.csv"])
def test_another_encoding_is_refused_in_words(world: None, name: str) -> None:
    (line,) = refused(name).lines
    assert "UTF-8" in line


@pytest.mark.parametrize(
    "name",
    [
        "c03-zwsp-client.csv", "c03c-bom-inside-domain.csv", "c03d-zwsp-domain.csv",
        "c03e-zwsp-header.csv",
    ],
)  # fmt: skip
def test_what_nobody_sees_at_the_end_of_a_cell_is_left_out(world: None, name: str) -> None:
    first, second = rows(name)
    assert (first.state, second.state) == ("ready", "ready")
    assert first.domain == "mistyflorist13.example"
    assert first.client
    assert first.client.remote_id == 3013
    assert first.client_email == "client13@mail.example"


def test_an_apostrophe_before_an_email_is_named_and_nobody_is_created(world: None) -> None:
    error = refused("c16-apostrophe-client.csv")
    assert [(one.line, one.column) for one in error.errors] == [(2, "client")]
    assert "begins with “'”" in str(error.errors[0].text)
    assert error.unknown_emails == []


def test_a_domain_of_nobody_asks(world: None) -> None:
    (row,) = rows("d1-foreign-domain.csv")
    assert (row.state, keys(row)) == ("choose", ["domain_not_own"])
    assert about(row, "domain_not_own") == {
        "domain": "other.example", "username": "hollowtools15", "server": "isp1",
        "own": "hollowtools15.example",
    }  # fmt: skip


def test_swapped_domains_are_blocked_and_both_are_named(world: None) -> None:
    first, second = rows("e1-swapped-domains.csv")
    assert (first.state, second.state) == ("blocked", "blocked")
    assert about(first, "domain_of_other")["other"] == "opalradio16"
    assert about(first, "domain_of_other")["username"] == "hollowtools15"
    assert about(second, "domain_of_other")["other"] == "hollowtools15"
    assert about(second, "domain_of_other")["username"] == "opalradio16"


def test_a_domain_twice_in_a_file_is_blocked_by_line(world: None) -> None:
    first, second = rows("e2-same-domain-twice.csv")
    assert (first.state, second.state) == ("blocked", "blocked")
    assert about(first, "domain_twice")["lines"] == "3"
    assert about(second, "domain_twice")["lines"] == "2"


def test_a_domain_that_is_sold_is_blocked_by_service(world: None) -> None:
    (row,) = rows("e3-domain-already-sold.csv")
    assert row.state == "blocked"
    assert about(row, "domain_sold")["service"] == SOLD
    assert about(row, "domain_sold")["client"] == 3001


def test_a_domain_that_is_sold_and_named_twice_is_blocked_by_both(world: None) -> None:
    first, second = rows("e4-one-domain-thrice.csv")
    assert (first.state, second.state) == ("blocked", "blocked")
    for row, other in ((first, "3"), (second, "2")):
        assert about(row, "domain_sold")["service"] == SOLD
        assert about(row, "domain_twice")["lines"] == other


@pytest.mark.parametrize("domain", ["linenwine2.example", "another.example"])
def test_a_service_with_the_login_in_capitals_is_the_account(world: None, domain: str) -> None:
    mirrors.service(901, username="LINENWINE2", module_id_remote=23, client_id_remote=3002,
                    domain=domain)  # fmt: skip
    discovery.compare()
    (error,) = refused("g1-case-bound.csv").errors
    assert (error.line, error.column) == (2, "username")
    assert "service 901" in str(error.text)


def test_a_word_that_is_one_plans_id_and_anothers_name_means_neither(world: None) -> None:
    mirrors.plan(21, "Gold", modules=[])
    mirrors.plan(35, "21", modules=[])
    (error,) = refused("g2-plan-named-21.csv").errors
    assert (error.line, error.column) == (2, "plan")
    assert "“Gold”" in str(error.text)
    assert "35" in str(error.text)


def test_every_case_is_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    names = [path.name for path in CASES.iterdir()]
    assert len(names) == 15
    assert [name for name in names if f'"{name}"' not in text] == []


@pytest.mark.parametrize(
    ("hint", "mark"), [("sep=;", ";"), ("SEP=\t", "\t"), ('"sep=,"', ","), ("sep=|", "|")]
)
def test_whatever_the_hint_says_separates(hint: str, mark: str) -> None:
    text = "\r\n".join(
        [hint, mark.join(reader.REQUIRED), mark.join(["isp1", "alice", "", "7", "A;B,C"])]
    )
    if mark in "A;B,C":
        text = text.replace("A;B,C", "Start")
    (line,) = reader.read("\ufeff" + text)
    assert (line.number, line.username, line.client) == (3, "alice", "7")
    wrong = reader.read_all(text.replace("alice", ""))
    assert [(error.line, error.column) for error in wrong.errors] == [(3, "username")]


@pytest.mark.parametrize("column", ["server", "username", "client", "plan"])
@pytest.mark.parametrize(
    ("sign", "name"),
    [
        ("\u200b", "ZERO WIDTH SPACE"), ("\ufeff", "ZERO WIDTH NO-BREAK SPACE"),
        ("\u00ad", "SOFT HYPHEN"), ("\u202e", "RIGHT-TO-LEFT OVERRIDE"), ("\x07", "U+0007"),
    ],
)  # fmt: skip
def test_a_sign_inside_a_cell_is_refused_by_name(column: str, sign: str, name: str) -> None:
    cells = {"server": "isp1", "username": "alice", "domain": "", "client": "7", "plan": "Start"}
    cells[column] = f"ab{sign}cd"
    text = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    (error,) = reader.read_all(text).errors
    assert (error.line, error.column) == (2, column)
    assert name in str(error.text)
    assert "“ab”" in str(error.text)


@pytest.mark.parametrize("sign", ["\u200b", "\u00ad", "\u2060", "\x07"])
def test_a_sign_inside_a_domain_or_a_header_is_refused_by_name(sign: str) -> None:
    head = "server,username,domain,client,plan"
    (error,) = reader.read_all(f"{head}\nisp1,alice,ali{sign}ce.example,7,Start\n").errors
    assert (error.line, error.column) == (2, "domain")
    assert f"U+{ord(sign):04X}" in str(error.text)
    errors = reader.read_all(head.replace("client", f"cli{sign}ent")).errors
    assert any(f"U+{ord(sign):04X}" in str(one.text) for one in errors)


def test_a_joiner_that_its_script_needs_is_part_of_a_domain() -> None:
    head = "server,username,domain,client,plan"
    (line,) = reader.read(f"{head}\nisp1,alice,نامه\u200cای.example,7,Start\n")
    assert line.domain == "نامه\u200cای.example"
