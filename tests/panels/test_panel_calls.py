"""docs/panel-calls.md is complete: every call and parameter has its row, and no row is stale."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from panels.billmanager import BillManager
from panels.ispmanager import IspManager
from tests.panels.every_call import RESOURCES, SENDS_NOTHING, Tour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.billmanager import Dialect

PAGE = BASE_DIR / "docs" / "panel-calls.md"
ADVICE = "give it a row (or a place in one) in docs/panel-calls.md"
EVERY_CALL = {"su", "filter", "p_cnt", "p_num", "p_col"}
"""Parameters of the page's first table; those that the journal leaves out are not seen here."""
MARKS = ("doc", "code", "inferred", "unknown")
FROM_FORM = "{form}"
TOKEN = re.compile(r"`([^`]+)`")
SENDERS = {
    *("read", "act", "collect", "collect_newer", "all_rows", "newest_id"),
    *("read_optional", "read_optional_form", "list", "form", "row_form", "button", "ask"),
}
"""Functions and methods that are handed the name of a panel's function."""
FUNC = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9_]+)*")


@dataclass
class Row:
    """One line of a table: a call, its parameters, and what the last two cells say."""

    params: set[str]
    known_from: str
    otherwise: str


@dataclass
class Page:
    """The tables of one panel."""

    rows: dict[str, Row] = field(default_factory=dict)


def read_page() -> dict[str, Page]:
    pages: dict[str, Page] = defaultdict(Page)
    panel = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            panel = line[3:].strip().lower()
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if panel in {"billmanager", "ispmanager"} and line.startswith("| `"):
            call, params, _what, known_from, otherwise = cells
            (func,) = TOKEN.findall(call)
            assert func not in pages[panel].rows, f"{func} stands there twice"
            row = Row(set(TOKEN.findall(params)), known_from, otherwise)
            pages[panel].rows[func] = row
    return pages


def entries(dialect: Dialect) -> dict[str, str]:
    """Name on this installation → the dialect's entry, written as the page does."""
    found = {}
    for name in (
        *("plan_modules_list", "plan_modules_enable", "plan_modules_disable"),
        *("client_filter", "task_module", "task_username", "task_password"),
    ):
        value = getattr(dialect, name)
        if value is not None:
            found[value.value] = f"{{{name}}}"
    return found


def named(tour: Tour) -> Iterator[tuple[str, str, set[str]]]:
    """(panel, call, parameters) as the page writes them."""
    known = entries(tour.bm.dialect)
    parent = tour.bm.dialect.need("plan_modules_parent")
    for (panel, func), params in tour.sent().items():
        call = known.get(func, func)
        if func.startswith("task.work"):  # where the second dialect's taking leads to
            call = "{second form}"
        # What is an entry of the dialect in one call may be a plain name in another.
        fields = {"task.edit": "{task_", "{second form}": "{task_", "vhost": "{client_"}
        own = {n: e for n, e in known.items() if call in fields and e.startswith(fields[call])}
        shown = {own.get(name, name) for name in params}
        if call == "{plan_modules_list}":
            shown = {"{plan_modules_parent}" if name == parent else name for name in shown}
        yield panel, call, shown - EVERY_CALL


@pytest.fixture(scope="module")
def tours() -> list[Tour]:
    found = [Tour("billmanager6"), Tour("billmanager5")]
    for tour in found:
        tour.go()
    return found


def test_every_call_and_parameter_has_its_place(tours: list[Tour]) -> None:
    pages = read_page()
    for tour in tours:
        for panel, call, params in named(tour):
            assert call in pages[panel].rows, f"{panel} {call}: {ADVICE}"
            told = pages[panel].rows[call].params
            if FROM_FORM not in told:
                assert params <= told, f"{panel} {call} {sorted(params - told)}: {ADVICE}"


def test_no_row_and_no_parameter_is_stale(tours: list[Tour]) -> None:
    made: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tour in tours:
        for panel, call, params in named(tour):
            made[panel, call] |= params
    # Sent only in cases that a tour of one person with money does not meet.
    made["billmanager", "basket"] |= {"id", "clicked_button", "sok"}
    made["billmanager", "account.edit"] |= {"recovery"}
    made["billmanager", "session.delete"] |= made["ispmanager", "session.delete"]
    for panel, page in read_page().items():
        for call, row in page.rows.items():
            assert (panel, call) in made, f"{panel} {call} is not called any more"
            stale = row.params - made[panel, call] - {FROM_FORM}
            assert not stale, f"{panel} {call} does not send {sorted(stale)}"


def test_every_row_says_where_from_and_what_else() -> None:
    for panel, page in read_page().items():
        for call, row in page.rows.items():
            assert any(mark in row.known_from for mark in MARKS), f"{panel} {call}"
            assert row.otherwise, f"{panel} {call}"


def test_the_tour_calls_every_method_of_the_clients(tours: list[Tour]) -> None:
    """A method that it does not call could send what nobody has seen: call it in tour.py."""
    tour = tours[0]
    plain = BillManager(tour.bm.transport, tour.bm.dialect)
    for name in RESOURCES:
        methods = {m for m in dir(getattr(plain, name)) if not m.startswith("_")}
        missing = methods - tour.called[name] - SENDS_NOTHING.get(name, set())
        assert not missing, f"tests/panels/every_call.py does not call {name}: {sorted(missing)}"
    methods = {m for m in vars(IspManager) if not m.startswith("_")}
    assert methods - tour.called["ispmanager"] == set()


def literal_funcs() -> Iterator[tuple[str, str]]:
    """Names of panel functions that are written out where something is sent."""
    files = [
        *(p for p in (BASE_DIR / "panels").rglob("*.py") if "sandbox" not in p.parts),
        *(BASE_DIR / "integrator").rglob("*.py"),
    ]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name not in SENDERS:
                continue
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    value = argument.value
                    if "." in value and FUNC.fullmatch(value):
                        yield str(path.relative_to(BASE_DIR)), value


def test_every_function_that_is_written_out_has_its_row() -> None:
    rows = {call for page in read_page().values() for call in page.rows}
    found = list(literal_funcs())
    assert len(found) > 20
    for path, func in found:
        assert func in rows, f"{path} calls {func}: {ADVICE}"
