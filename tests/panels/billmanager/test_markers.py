"""What is on for a plan is inferred from the list of plans, never from a column's name."""

from __future__ import annotations

import pytest

from panels.billmanager import Dialect
from panels.billmanager.dialect.markers import GRAMMAR, Inferred, Sample, attached, infer, parse
from panels.coremanager.documents import parse as read_answer
from panels.coremanager.errors import UnexpectedAnswer
from tests.panels.lists import elem

ALL = {11: "web-1", 12: "web-2", 13: "By hand"}


def rows(*elems: str) -> tuple[object, ...]:
    return read_answer(f"<doc>{''.join(elems)}</doc>".encode()).listing().rows


def sample(plan: int, on: set[int], **columns: tuple[object, object]) -> Sample:
    """A plan with these modules on; a column's pair is what it says of on and of off.

    None: no cell. A callable says it of the module.
    """
    elems = []
    for key, name in ALL.items():
        cells = {"id": key, "name": name}
        for column, (yes, no) in columns.items():
            value = yes if key in on else no
            if value is not None:
                cells[column] = value(key) if callable(value) else value
        elems.append(elem(**cells))
    told = ", ".join(ALL[key] for key in sorted(on))
    found = rows(*elems)
    names = attached(list(ALL.values()), told)
    assert names is not None
    return Sample(str(plan), found, names)  # type: ignore[arg-type] # rows of a list


OWN = ("on", "on")
"""A module's own switch, on for all of them."""


def text(found: Inferred) -> str:
    return str(found.marker) if found.marker is not None else ""


@pytest.mark.parametrize(
    ("columns", "marker"),
    [
        ({"active": ("on", "off")}, "active"),
        ({"active": OWN, "status": ("enabled", "disabled")}, "status"),
        ({"active": OWN, "status": (("2", "Works"), ("3", "Idle"))}, "status=2/3"),
        ({"status": OWN, "sold": ("", None)}, "sold"),
        ({"enabled": OWN, "blocked": (None, "")}, "blocked=-/+"),
        ({"active": ("off", "on"), "status": OWN}, "active=off/on"),
    ],
)
def test_the_marker_is_what_agrees(columns: dict[str, tuple[object, object]], marker: str) -> None:
    found = infer([sample(n, on, **columns) for n, on in ((1, {11}), (2, {11, 12}), (3, {12}))])
    assert text(found) == marker
    assert found.sure
    assert parse(marker) == found.marker


def test_a_plan_without_modules_says_what_off_looks_like() -> None:
    columns = {"active": OWN, "status": (("1", "On"), ("2", "Off"))}
    found = infer([sample(1, {11, 12}, **columns), sample(2, set(), **columns)])
    assert text(found) == "status=1/2"


def test_one_odd_plan_does_not_stop_the_others() -> None:
    good = [sample(n, on, status=("1", "2")) for n, on in ((1, {11}), (2, {12}), (3, {11, 13}))]
    odd = sample(4, {11}, status=("2", "1"))
    assert text(infer([*good, odd])) == "status=1/2"
    # Two that contradict each other are no evidence of either.
    assert infer([good[0], odd]).marker is None


def test_nothing_that_agrees_is_said_with_what_was_seen() -> None:
    found = infer([sample(n, {11}, active=OWN, status=("x", "x")) for n in (1, 2)])
    assert found.marker is None
    assert "active (on: on; off: on)" in found.why


def test_columns_that_agree_and_contradict_each_other_elsewhere_are_asked_about() -> None:
    """Two modules of one title: the list of plans tells nothing of them, the columns disagree."""
    same = rows(
        elem(id=11, name="A", one="on", other="on"),
        elem(id=12, name="B", one="off", other="off"),
        elem(id=13, name="C", one="on", other="off"),
        elem(id=14, name="C", one="off", other="on"),
    )
    told = attached(["A", "B", "C", "C"], "A, C")
    assert told == [True, False, None, None]
    found = infer([Sample("1", same, told)])  # type: ignore[arg-type] # rows of a list
    assert found.marker is None
    assert found.why.endswith("which of these is it? one, other")


def test_what_only_describes_the_module_gives_way_to_what_changes_with_the_plan() -> None:
    kind = (lambda key: f"k{key}",) * 2
    plans = [sample(n, on, kind=kind, sold=("1", "2")) for n, on in ((1, {11}), (2, {12}))]
    assert text(infer(plans)) == "sold=1/2"


def test_where_all_is_on_nothing_is_sure() -> None:
    found = infer([sample(1, set(ALL), active=OWN), sample(2, set(ALL), active=OWN)])
    assert (text(found), found.sure) == ("active", False)
    only_attached = [
        Sample("1", rows(elem(id=11, name="A", state=7)), [True]),  # type: ignore[arg-type] # rows
        Sample("2", rows(elem(id=12, name="B", state=7)), [True]),  # type: ignore[arg-type] # rows
    ]
    assert text(infer(only_attached)) == "listed"


@pytest.mark.parametrize(
    ("titles", "told", "found"),
    [
        (["A", "B"], "B", [False, True]),
        (["A", "A, B", "B"], "A, B", [False, True, False]),
        (["A", "B"], "", [False, False]),
        (["A", "B"], "A\nB", [True, True]),
        (["A", "B"], "A, Gone", None),
        (["web", "web-1"], "web-1", [False, True]),
    ],
)
def test_titles_are_found_whole(titles: list[str], told: str, found: list[bool] | None) -> None:
    assert attached(titles, told) == found


@pytest.mark.parametrize(
    "marker", ["status=1,2/3", "status=on", "active", "blocked=-/+", "listed", "real_status=4"]
)
def test_a_marker_is_read_as_it_is_written(marker: str) -> None:
    assert str(parse(marker)) == marker
    dialect = Dialect().with_overrides({"plan_modules_marker": f" {marker} "})
    assert dialect.need("plan_modules_marker") == marker
    assert Dialect.from_json(dialect.to_json()) == dialect


@pytest.mark.parametrize(
    "marker", ["", "=", "status=", "status=1/1", "1status", "status=1/", "a b"]
)
def test_what_is_no_marker_is_refused_with_the_grammar(marker: str) -> None:
    with pytest.raises(ValueError, match="plan_modules_marker is COLUMN"):
        parse(marker)
    assert "COLUMN=ON/OFF" in GRAMMAR


def test_codes() -> None:
    on, off, odd, none = rows(
        elem(id=1, status=("1", "x")), elem(id=2, status=("2", "x")),
        elem(id=3, status=("9", "x")), elem(id=4),
    )  # fmt: skip
    marker = parse("status=1/2")
    assert marker.is_on(on)  # type: ignore[arg-type] # rows of a list
    assert not marker.is_on(off)  # type: ignore[arg-type] # rows of a list
    for row in (odd, none):
        with pytest.raises(UnexpectedAnswer, match="neither on nor off"):
            marker.is_on(row)  # type: ignore[arg-type] # rows of a list
    assert [parse("status=1").is_on(r) for r in (on, off, odd, none)] == [True, False, False, False]  # type: ignore[arg-type] # rows
