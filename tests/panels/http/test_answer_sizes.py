"""How big an answer may be, what is said of one that is bigger, and what it costs of memory."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from panels.coremanager.documents import parse
from panels.coremanager.errors import AnswerTooLarge, OutcomeUnknown, UnexpectedAnswer
from panels.coremanager.listing import MAX_ROWS
from panels.coremanager.whole_lists import PAGE, collect
from panels.http import answer_limits
from tests.panels.fakepanel import Bench, Reply, bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = 60
"""A public row of a service has about fifty (billmanager.md 7.4)."""


def row(key: int) -> str:
    """A row as wide as they come, with Russian texts, which take two bytes a letter."""
    cells = "".join(
        f'<column_number_{n} color="green" orig="{key}_{n}">Значение {key}</column_number_{n}>'
        for n in range(COLUMNS - 1)
    )
    return f"<elem><id>{key}</id>{cells}</elem>"


def page(rows: int) -> bytes:
    """A page with all of its metadata."""
    buttons = "".join(
        f'<toolbtn func="vhost.f{n}" name="f{n}" type="group" img="t-f{n}" level="user">'
        f'<hide name="status" value="{n}"/></toolbtn>'
        for n in range(40)
    )
    columns = "".join(
        f'<col name="column_number_{n}" type="data" sort="alpha" sorted="no" convert="punycode"/>'
        f'<msg name="column_number_{n}">Название столбца {n}</msg><msg name="hint_{n}">'
        f"{'Подсказка к столбцу. ' * 10}</msg>"
        for n in range(COLUMNS)
    )
    return (
        f'<doc func="vhost"><metadata name="vhost" type="list" key="id"><toolbar>{buttons}'
        f"</toolbar><coldata>{columns}</coldata></metadata>"
        f"{''.join(map(row, range(1, rows + 1)))}"
        f"<p_cnt>{rows}</p_cnt><p_num>1</p_num><p_elems>{rows}</p_elems></doc>"
    ).encode()


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(body: bytes, *headers: str, **options: object) -> Bench:
        made.append(bench(lambda _: Reply(body, headers=headers), **options))  # type: ignore[arg-type] # bench's own
        return made[-1]

    yield make
    for each in made:
        each.close()


def deadline() -> float:
    return time.monotonic() + 5


def test_the_widest_page_of_500_rows_has_room_to_spare() -> None:
    body = page(PAGE)
    assert len(body) < answer_limits.MAX_BYTES / 2
    assert body.count(b"<") < answer_limits.MAX_TAGS / 2
    assert body.count(b"=") < answer_limits.MAX_ATTRIBUTES / 2
    assert len(parse(body).listing().rows) == PAGE


BIG = {
    "bytes": (
        b"<doc>" + b"x" * answer_limits.MAX_BYTES + b"</doc>",
        "bytes, and may have 8388608",
    ),
    "tags": (b"<doc>" + b"<elem/>" * 400_000 + b"</doc>", "more than 200000 tags in"),
    "attributes": (
        b"<doc " + b" ".join(b"a%d='1'" % n for n in range(250_000)) + b"/>",
        "more than 200000 attributes in",
    ),
    "levels": (b"<doc>" + b"<a>" * 300 + b"</a>" * 300 + b"</doc>", "nested too deeply"),
}


@pytest.mark.parametrize("of", BIG)
def test_too_much_is_said_to_be(make_bench: Callable[..., Bench], of: str) -> None:
    body, words = BIG[of]
    b = make_bench(body)
    with pytest.raises(AnswerTooLarge, match=words) as caught:
        b.transport.read("vhost")
    assert not caught.value.transient
    assert str(caught.value).startswith("bill vhost: ")
    assert b.notes.last.error == caught.value.message
    with pytest.raises(OutcomeUnknown, match=words) as unknown:
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())
    assert str(unknown.value).startswith("bill order: ")
    assert len(b.panel.sent("order")) == 1


def test_a_page_may_have_more_rows_than_asked_for_but_not_any_number(
    make_bench: Callable[..., Bench],
) -> None:
    def rows(count: int) -> bytes:
        return (
            b"<doc>" + b"".join(b"<elem><id>%d</id></elem>" % n for n in range(count)) + b"</doc>"
        )

    b = make_bench(page(PAGE * 4), read_timeout=60.0)  # 9 MB: a panel that knows no pages
    assert len(collect(b.transport, "vhost", lambda row: row.int("id"))) == PAGE * 4
    b = make_bench(rows(MAX_ROWS), read_timeout=60.0)
    assert len(collect(b.transport, "vhost", lambda row: row.int("id"))) == MAX_ROWS
    assert len(b.transport.read("vhost").listing().rows) == MAX_ROWS
    b = make_bench(rows(MAX_ROWS + 1), read_timeout=60.0)
    with pytest.raises(AnswerTooLarge, match="more than 6000 rows"):
        collect(b.transport, "vhost", lambda row: row.int("id"))
    with pytest.raises(AnswerTooLarge, match="more than 6000 rows"):
        b.transport.read("vhost").listing()


@pytest.mark.parametrize("length", ["9" * 5000, "²", "-1", "1e9", " "])
def test_a_strange_length_is_no_crash(make_bench: Callable[..., Bench], length: str) -> None:
    b = make_bench(b"<doc/>", f"Content-Length: {length}")
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())


def test_rows_are_made_while_the_answer_arrives(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(page(300))
    ids = collect(b.transport, "vhost", lambda row: (row.int("id"), row.code("column_number_7")))
    assert ids == [(key, f"{key}_7") for key in range(1, 301)]
    assert b.notes.last.size == len(page(300))
    assert b.notes.last.answer.startswith('<doc func="vhost"><metadata')


def test_a_row_that_cannot_be_read_is_told_after_the_answer(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(page(3))
    with pytest.raises(UnexpectedAnswer, match="column nothing is missing"):
        collect(b.transport, "vhost", lambda row: row.text("nothing"))
    assert b.notes.last.outcome == "done"
    cut = make_bench(page(3)[:-40])
    with pytest.raises(UnexpectedAnswer, match="broken XML") as caught:
        collect(cut.transport, "vhost", lambda row: row.text("nothing"))
    assert caught.value.transient


def test_rows_of_a_list_inside_a_row_are_not_its_own(make_bench: Callable[..., Bench]) -> None:
    inner = b"<list><elem><id>7</id></elem></list>"
    b = make_bench(b"<doc><elem><id>1</id>" + inner + b"</elem><elem><id>2</id></elem></doc>")
    assert collect(b.transport, "x", lambda row: row.int("id")) == [1, 2]


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 4096])
def test_where_the_pieces_end_does_not_matter(piece: int) -> None:
    from panels.coremanager.redaction import Redactor
    from panels.http.row_stream import RowStream

    body = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- > -->\n" + page(4).replace(
        b"</elem>", b"</elem>\n "
    )
    ids: list[str] = []
    stream = RowStream(lambda row: ids.append(row.text("id")), panel="p", func="f")
    for place in range(0, len(body), piece):
        stream.feed(body[place : place + piece])
    listing = stream.document(Redactor()).listing()
    assert ids == ["1", "2", "3", "4"]
    assert (listing.total, listing.page_size, listing.rows) == (4, 4, ())


def memory_of(kind: str, size: int) -> tuple[int, str]:
    """The bytes by which a process grows at most while it reads, and the outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.panels.memory_probe", kind, str(size)],
        cwd=BASE_DIR, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    grown, outcome = done.stdout.split()
    return int(grown), outcome


def test_memory_holds_what_is_made_and_not_the_page() -> None:
    few, many = memory_of("streamed", 300), memory_of("streamed", 1200)
    tree = memory_of("tree", 1200)
    assert {few[1], many[1], tree[1]} == {"read"}
    assert many[0] < tree[0] / 4
    assert many[0] < max(2 * few[0], len(page(300)))


@pytest.mark.parametrize("size", [7, 49])
@pytest.mark.parametrize("kind", ["elements streamed", "elements", "packed"])
def test_no_answer_costs_more_than_one_at_the_limit(kind: str, size: int) -> None:
    grown, outcome = memory_of(kind, size)
    if kind == "packed" and size == 7:  # one text: it fits, and is kept
        assert outcome in {"UnexpectedAnswer", "read"}
        return
    assert outcome == "AnswerTooLarge"
    assert grown < 3 * answer_limits.MAX_BYTES
