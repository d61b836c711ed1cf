"""A panel's markup is laid out for reading, whatever it is."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from integrator.web.layout import markup


def test_elements_have_lines_of_their_own_and_texts_stay_with_them() -> None:
    answer = "<?xml version='1.0'?><doc><elem id='1'><name>Start</name><off/></elem>tail</doc>"
    assert markup.indented(answer).splitlines() == [
        "<?xml version='1.0'?>",
        "<doc>",
        "  <elem id='1'>",
        "    <name>Start</name>",
        "    <off/>",
        "  </elem>",
        "  tail",
        "</doc>",
    ]


@given(st.text(alphabet="<>/a '=\n", max_size=60))
def test_nothing_but_white_space_is_changed(text: str) -> None:
    assert "".join(markup.indented(text).split()) == "".join(text.split())


def test_what_was_cut_off_and_what_is_nested_without_end_is_shown_in_linear_time() -> None:
    assert markup.indented("<doc><elem><na").splitlines() == [
        "<doc>",
        "  <elem>",
        "    <",
        "    na",
    ]
    began = time.thread_time()
    laid_out = markup.indented("<a>" * 50_000 + "<" * 50_000)
    assert len(laid_out) < 100_000 * (2 * markup.MAX_DEPTH + 4)
    assert time.thread_time() - began < 5
