"""The dialect report: all the names, and nothing of people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from panels.billmanager import BillManager, Dialect, discover
from panels.billmanager.dialect import shapes
from panels.billmanager.discovery.report import fault_of, report
from panels.coremanager.documents import parse
from panels.coremanager.errors import AccessDenied, Unreachable
from panels.coremanager.fault import Fault
from tests.panels.billmanager.test_discovery import FULL, form, toolbar
from tests.panels.lists import Canned, elem

if TYPE_CHECKING:
    from panels.http.transport import Transport

ROWS = elem(id=3001, name="Anna Adler", email="anna@mail.example", status=("2", "Active"))
PERSONAL = FULL | {
    "account": toolbar(("edit", "account.edit"), rows=ROWS),
    "vhost": toolbar(rows=elem(id=5, domain="anna.example", pricelist="Start", remoteid="")),
    "vhost.edit": form(performer={"anna": "Anna", "3001": "Anna Adler"}, status={"2": "Active"}),
}  # fmt: skip


def taken(canned: Canned, **options: object) -> dict[str, object]:
    transport = cast("Transport", canned)
    bm = BillManager(transport, discover(transport))
    return report(bm, **options)  # type: ignore[arg-type] # handed through


def test_names_are_told_and_people_are_not() -> None:
    text = json.dumps(taken(Canned(PERSONAL)))
    for name in ("account.edit", "pricelist.processingmodules.enable", "performer", "remoteid"):
        assert name in text
    for secret in ("Anna", "anna", "3001", "mail.example", "Start", "Support"):
        assert secret not in text


def test_it_only_reads() -> None:
    canned = Canned(PERSONAL)
    taken(canned)
    assert canned.effects == []
    assert all("sok" not in call.params for call in canned.sent)
    acting = (".resume", ".suspend", ".enable", ".disable", ".delete", ".setpaid", ".start")
    assert not [call.func for call in canned.sent if call.func.endswith(acting)]


def test_a_refused_function_is_a_fault_and_an_outage_an_error() -> None:
    denied = '<error type="access" object="payment"><msg>Anna may not</msg></error>'
    faults = taken(Canned(PERSONAL | {"payment": denied}))["faults"]
    told = {"func": "payment", "type": "access", "object": "payment", "code": ""}
    assert isinstance(faults, list)
    assert told in faults

    class Down(Canned):
        def read(self, func: str, *args: object, **kwargs: object) -> object:  # type: ignore[override] # never answers
            if func == "expense":
                raise Unreachable("down")
            return super().read(func, *args, **kwargs)  # type: ignore[arg-type] # handed through

    with pytest.raises(Unreachable):
        taken(Down(PERSONAL))


def test_what_was_seen_earlier_is_in_it() -> None:
    earlier = {"task.edit": {"fields": [{"name": "odd", "kind": "input"}], "buttons": []}}
    forms = taken(Canned(PERSONAL), forms=earlier)["forms"]
    assert isinstance(forms, dict)
    assert forms["task.edit"] == earlier["task.edit"]


def test_an_administrators_words_lose_addresses_and_values() -> None:
    words = {"task_fields": "note=call anna@mail.example", "manual_module": "a@b.example"}
    bm = BillManager(cast("Transport", Canned(PERSONAL)), Dialect().with_overrides(words))
    text = json.dumps(report(bm))
    assert "note" in text
    assert "example" not in text


@pytest.mark.parametrize("told", ["Anna Adler", "anna@mail.example", "3001", "", "a" * 65, "x y"])
def test_what_is_no_internal_name(told: str) -> None:
    assert not shapes.is_name(told)
    fault = Fault(type="access", object=told, message="Anna", value="Anna")
    assert fault_of("x", AccessDenied(fault))["object"] == ""


def test_a_form_by_its_shape() -> None:
    page = (
        '<doc func="f"><metadata type="form"><form><input name="passwd" type="password"'
        ' required="yes"/><select name="status"/><select name="client"/><input name="a b"/>'
        '<button name="ok" type="ok"/></form></metadata><passwd>s3cret</passwd>'
        '<slist name="status"><val key="1">x</val><val key="12345">y</val></slist>'
        '<slist name="client"><val key="7">Anna</val><val key="8">Boris</val></slist></doc>'
    )
    assert shapes.of_form(parse(page.encode()).form()) == {
        "fields": [
            {"name": "passwd", "kind": "input", "required": True, "filled": True},
            {"name": "status", "kind": "select", "options": ["1"]},
            {"name": "client", "kind": "select", "choices": 2},
        ],
        "buttons": [{"name": "ok", "kind": "ok"}],
    }
