"""What is read takes time as it is long, whatever stands in it: nobody can keep a worker busy.

Time is the thread's own, and only compared with itself: four times the size may take eight times
as long, where a quadratic reading takes sixteen.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from re import _parser as parser  # type: ignore[attr-defined] # how a pattern is understood
from typing import TYPE_CHECKING, Any

import pytest

import integrator
import panels
from integrator.core import logs
from integrator.previews.csv import reader
from panels.coremanager.documents import is_html, parse
from panels.coremanager.errors import PanelError
from panels.coremanager.redaction import Redactor, redact_markup
from panels.coremanager.web_pages import says_updating
from panels.http.row_stream import RowStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTICEABLE = 0.02
"""Seconds below which growth cannot be told from noise; nothing is slow then either."""
GROWTH = 8.0


def spent(work: Callable[[], object]) -> float:
    """Seconds that the best of three tries takes of this thread."""
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        work()
        best = min(best, time.thread_time() - began)
    return best


def grows_linearly(work: Callable[[str], object], make: Callable[[int], str], size: int) -> bool:
    few, many = make(size), make(4 * size)
    long = spent(lambda: work(many))
    return long < NOTICEABLE or long < GROWTH * max(spent(lambda: work(few)), NOTICEABLE / GROWTH)


def read(text: str) -> None:
    """Do all that is done with an answer, whole and streamed, for the journal too."""
    body = text.encode()
    redactor = Redactor(["Tr0ub4dor&3"])
    is_html(body)
    says_updating(body)
    redactor.answer(body)
    redactor.short(text, 4000)
    try:
        document = parse(body, redactor=redactor)
        document.listing()
        document.form().unfilled({})
    except PanelError:
        pass
    ids: list[str] = []
    stream = RowStream(lambda row: ids.append(row.get("id")), panel="p", func="f")
    for place in range(0, len(body), 65_536):
        stream.feed(body[place : place + 65_536])
    try:
        stream.is_html()
        stream.document(redactor)
    except PanelError:
        pass


SHAPES: dict[str, Callable[[int], str]] = {
    "blanks": lambda n: " " * n,
    "blanks before a stranger": lambda n: " " * n + "<x/>",
    "blanks before the root": lambda n: "\n" * n + "<doc/>",
    "blanks in a doctype": lambda n: "<!doctype" + " " * n,
    "comments": lambda n: "<!-- -->" * (n // 8) + "<x/>",
    "a comment without end": lambda n: "<!--" + "- " * (n // 2),
    "comments without end": lambda n: "<!--" * (n // 4),
    "declarations": lambda n: "<?xml " * (n // 6),
    "a declaration without end": lambda n: "<?xml" + " " * n,
    "elements": lambda n: "<doc>" + "<x/>" * (n // 4) + "</doc>",
    "rows": lambda n: "<doc>" + "<elem/>" * min(n // 7, 5_000) + "</doc>",
    "nesting": lambda n: "<doc>" * (n // 5),
    "attributes": lambda n: "<doc " + " ".join(f"a{i}='1'" for i in range(n // 9)) + "/>",
    "one attribute again and again": lambda n: "<doc " + "a='1' " * (n // 6) + "/>",
    "name spaces": lambda n: "<doc " + " ".join(f"xmlns:a{i}='u'" for i in range(n // 15)) + "/>",
    "entities": lambda n: "<doc>" + "&amp;" * (n // 5) + "</doc>",
    "cdata": lambda n: "<doc><ok>" + "<![CDATA[x]]>" * (n // 13) + "</ok></doc>",
    "texts between comments": lambda n: "<doc><ok>" + "x<!---->" * (n // 8) + "</ok></doc>",
    "cells": lambda n: "<doc><elem>" + "<id>1</id>" * (n // 10) + "</elem></doc>",
    "buttons": lambda n: (
        "<doc><metadata type='form'><form>"
        + "<input name='a'/><button name='b'/>" * (n // 36) + "</form></metadata></doc>"
    ),
    "a fault with many parameters": lambda n: (
        "<doc><error type='x'>" + "<param name='a'>b</param>" * (n // 25) + "</error></doc>"
    ),
    "a fault that names one long parameter": lambda n: (
        f"<doc><error type='x'><param name='a'>{'b' * (n // 2)}</param>"
        f"<msg>{'__a__' * (n // 10)}</msg></error></doc>"
    ),
    "a fault of underscores": lambda n: f"<doc><error><msg>{'_' * n}</msg></error></doc>",
    "a fault that half restricts": lambda n: (
        f"<doc><error type='auth'><msg>{'authinfo ' * (n // 9)}</msg></error></doc>"
    ),
    "secret elements": lambda n: "<password> " * (n // 11),
    "tags without end": lambda n: "<a name='auth' " * (n // 15),
    "a page of scripts": lambda n: "<html>" + "<script" * (n // 7),
    "a page of tags": lambda n: "<html>" + "<p>updat</p>" * (n // 12),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_of_any_shape(shape: str) -> None:
    assert grows_linearly(read, SHAPES[shape], 20_000)
    assert grows_linearly(redact_markup, SHAPES[shape], 20_000)


def read_csv(text: str) -> None:
    reader.read_all(text)


HEADER = "server,username,domain,client,plan\n"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: "," * n, id="an empty header"),
        pytest.param(lambda n: ",".join(f"c{i}" for i in range(n // 6)), id="unknown columns"),
        pytest.param(lambda n: HEADER + "," * n, id="a line of empty cells"),
        pytest.param(lambda n: HEADER + "\n" * n, id="empty lines"),
        pytest.param(lambda n: HEADER + "a,b,c,d,e\n" * (n // 10), id="lines"),
        pytest.param(lambda n: HEADER + '"' * n, id="quotation marks"),
    ],
)
def test_a_csv_of_any_shape(make: Callable[[int], str]) -> None:
    assert grows_linearly(read_csv, make, 20_000)


def test_a_log_of_any_shape() -> None:
    def log(text: str) -> None:
        logs.redact(None, "info", {"event": text})

    for piece in ("://", "a:b@", "://a:b", "token=", " "):
        assert grows_linearly(log, piece.__mul__, 8_000), piece


# --- every regular expression of the product -----------------------------------------------------

PIECES = (" ", "\t", "\n", "a", "A", "1", "я", "_", "-", ".", ":", "/", "<", "<a ", ">", '"', "'",
          "=", "@", ",", "“", "”", "__")  # fmt: skip
SEARCHING = ("search", "sub", "finditer", "findall", "split")


def modules() -> Iterator[Any]:
    for package in (panels, integrator):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            told = (".sandbox", ".migrations", ".wsgi", "gunicorn_config", "__main__")
            if not any(part in info.name for part in told):
                yield importlib.import_module(info.name)


def patterns() -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """Each pattern, named, and whether it is searched for anywhere in a text."""
    for module in modules():
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            searched = any(f"{name}.{how}(" in source for how in SEARCHING)
            inside = value if isinstance(value, tuple | list | frozenset) else (value,)
            for item in inside:
                for found in item if isinstance(item, tuple) else (item,):
                    if isinstance(found, re.Pattern):
                        nested = found is not value and "pattern.search(" in source
                        yield f"{module.__name__}.{name}", found, searched or nested


def literals(tree: Any) -> Iterator[str]:
    """The runs of plain characters that a pattern is made of."""
    run = ""
    for kind, value in tree:
        if str(kind) == "LITERAL":
            run += chr(value)
            continue
        if run:
            yield run
            run = ""
        for part in value if isinstance(value, tuple | list) else ():
            if isinstance(part, parser.SubPattern):
                yield from literals(part)
            elif isinstance(part, list):
                for one in part:
                    if isinstance(one, parser.SubPattern):
                        yield from literals(one)
    if run:
        yield run


ALL = list(patterns())


def test_the_patterns_are_found() -> None:
    names = {name for name, _pattern, _searched in ALL}
    assert {
        "panels.coremanager.error_nodes._PLACEHOLDER",
        "panels.coremanager.redaction._ATTRIBUTE",
    } <= names
    assert len(ALL) > 90


def tries(pattern: re.Pattern[Any], *, searched: bool) -> Iterator[Callable[[str], object]]:
    """The ways in which the product uses a pattern."""
    ways = [pattern.fullmatch, pattern.match, *[pattern.search] * searched]
    if isinstance(pattern.pattern, bytes):
        yield from (lambda text, way=way: way(text.encode()) for way in ways)
    else:
        yield from ways


def repeating(before: str, piece: str) -> Callable[[int], str]:
    """Texts of any length: a beginning, one piece again and again, and what fits nothing."""
    return lambda n: before + piece * (n // len(piece)) + "\0"


@pytest.mark.parametrize("name", sorted({name for name, _pattern, _searched in ALL}))
def test_no_text_makes_a_pattern_slow(name: str) -> None:
    for pattern, searched in {(p, s) for n, p, s in ALL if n == name}:
        own = list(dict.fromkeys(literals(parser.parse(pattern.pattern, pattern.flags))))
        for way in tries(pattern, searched=searched):
            for piece in (*PIECES, *own):
                for before in ("", *own[:4]):
                    slow = not grows_linearly(way, repeating(before, piece), 4_000)
                    assert not slow, (pattern.pattern, before, piece)
