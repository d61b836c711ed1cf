"""A list counts as whole only when all that the panel announced was seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.whole_lists import all_rows, collect, collect_newer, newest_id
from tests.panels.lists import Canned, Pages


def ids_of(pages: Pages, **options: object) -> list[int]:
    rows = all_rows(Canned({"x": pages}), "x", **options)  # type: ignore[arg-type] # all_rows' own
    return [row.int("id") for row in rows]


def newer(pages: Pages, floor: int, size: int = 3) -> list[int]:
    return collect_newer(
        Canned({"x": pages}), "x", make=lambda row: row.int("id"), floor=floor, size=size
    )


@given(
    count=st.integers(0, 40),
    size=st.integers(1, 50),
    most=st.none() | st.integers(1, 10),
    tells_total=st.booleans(),
    repeat=st.integers(0, 2),
)
def test_all_rows_come_once_in_order(
    count: int, size: int, most: int | None, *, tells_total: bool, repeat: int
) -> None:
    pages = Pages(list(range(1, count + 1)), most, tells_total=tells_total, repeat=repeat)
    if not tells_total and repeat:
        return  # a short page cannot be told from the last one
    assert ids_of(pages, size=size) == list(range(1, count + 1))


def test_the_saved_filter_is_switched_off_unless_a_filter_is_asked_for() -> None:
    pages = Pages([1])
    ids_of(pages)
    assert pages.asked[-1]["filter"] == "off"
    ids_of(pages, params={"filter": "on", "status": 0})
    assert pages.asked[-1]["filter"] == "on"


def test_rows_that_a_filter_let_through_are_dropped() -> None:
    pages = Pages([1, 2, 3])
    assert ids_of(pages, keep=lambda row: row.int("id") != 2) == [1, 3]


def test_a_list_that_shrinks_is_read_once_more() -> None:
    ids = list(range(1, 11))

    def remove(page: int) -> None:
        if page == 2 and 1 in ids:
            ids.remove(1)

    pages = Pages(ids, before_page=remove)
    assert ids_of(pages, size=4) == list(range(2, 11))
    assert [int(asked["p_num"]) for asked in pages.asked] == [1, 2, 1, 2, 3]


def test_a_list_that_keeps_shrinking_is_given_up() -> None:
    ids = list(range(1, 20))
    pages = Pages(ids, before_page=lambda page: ids.pop(0) if page > 1 else None)  # type: ignore[arg-type] # its value is not used
    with pytest.raises(UnexpectedAnswer, match="vanished"):
        ids_of(pages, size=4)


def test_a_list_that_grows_is_read_on() -> None:
    ids = list(range(1, 9))
    pages = Pages(ids, before_page=lambda page: ids.append(ids[-1] + 1) if page < 4 else None)
    assert ids_of(pages, size=4) == list(range(1, 12))


def test_a_total_that_is_never_reached_is_no_whole_list() -> None:
    class Hiding(Pages):
        def __call__(self, call: object) -> str:
            return super().__call__(call).replace("<p_elems>3", "<p_elems>30")  # type: ignore[arg-type] # a Sent

    with pytest.raises(UnexpectedAnswer, match="3 of 30 rows"):
        ids_of(Hiding([1, 2, 3]))


def test_a_panel_without_pages_gives_the_whole_list_at_once() -> None:
    assert ids_of(Pages(list(range(9)), knows_pages=False), size=4) == list(range(9))
    pages = Pages(list(range(9)), knows_pages=False, tells_total=False)
    assert ids_of(pages, size=4) == list(range(9))


@given(
    count=st.integers(0, 30),
    floor=st.integers(0, 35),
    size=st.integers(1, 10),
    sorts=st.booleans(),
    tells_order=st.booleans(),
    tells_total=st.booleans(),
    repeat=st.integers(0, 2),
)
def test_rows_above_a_floor_come_newest_first(
    count: int,
    floor: int,
    size: int,
    *,
    sorts: bool,
    tells_order: bool,
    tells_total: bool,
    repeat: int,
) -> None:
    pages = Pages(
        list(range(1, count + 1)),
        tells_total=tells_total,
        sorts=sorts,
        tells_order=tells_order,
        repeat=repeat if tells_total else 0,
    )
    assert newer(pages, floor, size) == list(range(count, floor, -1))


def test_no_more_pages_are_read_than_needed() -> None:
    pages = Pages(list(range(1, 101)))
    assert newer(pages, 95) == [100, 99, 98, 97, 96]
    assert [asked["p_num"] for asked in pages.asked] == ["1", "2"]
    assert pages.asked[0]["p_col"] == "-id"


def test_new_rows_that_push_old_ones_on_are_no_disorder() -> None:
    ids = list(range(1, 10))
    pages = Pages(ids, before_page=lambda page: ids.append(100 + page) if page == 2 else None)
    assert newer(pages, 3) == [9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize("tells_order", [True, False])
@pytest.mark.parametrize("ids", [[], [7], [7, 9], [9, 7], [3, 9, 4]])
def test_the_newest_id(ids: list[int], *, sorts: bool, tells_order: bool) -> None:
    pages = Pages(ids, sorts=sorts, tells_order=tells_order)
    assert newest_id(Canned({"x": pages}), "x") == max(ids, default=0)


def test_a_row_without_its_key_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="column id is missing"):
        all_rows(Canned({"x": "<elem><name>a</name></elem>"}), "x")


def test_what_is_made_of_a_list_that_restarts_is_made_anew() -> None:
    ids = list(range(1, 8))

    def remove(page: int) -> None:
        if page == 2 and 1 in ids:
            ids.remove(1)

    pages = Pages(ids, before_page=remove)
    made = collect(Canned({"x": pages}), "x", lambda row: row.text("name"), size=3)
    assert made == [f"n{key}" for key in range(2, 8)]
