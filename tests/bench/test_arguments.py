"""What can be asked of `make bench`, and of how much it measures then."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from integrator.core.env import BASE_DIR
from tests.bench import arguments
from tests.bench.sizes import FULL, QUICK
from tests.bench.targets import LISTED, TARGETS

PARTS = ("slow", "fast", "pages")


def read(*words: str) -> arguments.Asked:
    return arguments.read(words, PARTS, "about")


def test_without_words_less_of_everything_on_sqlite() -> None:
    asked = read()
    assert [(one.database, one.sizes, one.rounds) for one in asked.given] == [("sqlite", QUICK, 1)]
    assert asked.parts == list(PARTS)
    assert not asked.publish


def test_full_is_all_of_it_on_both_databases() -> None:
    given = read("--full").given
    assert [one.database for one in given] == ["sqlite", "postgres"]
    assert {(one.sizes, one.rounds, one.full) for one in given} == {(FULL, 3, True)}


def test_databases_and_parts_can_be_named_and_count_once() -> None:
    words = ("--database", "postgres", "--database", "sqlite", "--database", "postgres")
    asked = read(*words, "--only", "pages", "--only", "slow", "--only", "pages", "--rounds", "2")
    assert [(one.database, one.rounds) for one in asked.given] == [("postgres", 2), ("sqlite", 2)]
    assert asked.parts == ["pages", "slow"]


def test_a_trial_has_nothing_larger_than_it_may() -> None:
    [given] = read("--accounts", "60").given
    assert given.sizes.busy == (60,)
    assert given.sizes.memory == (30, 60)
    assert {value for value in given.sizes if isinstance(value, int)} == {60}
    [given] = read("--accounts", "500").given
    assert (given.sizes.runs, given.sizes.busy) == (300, (340,))


@pytest.mark.parametrize(
    "words",
    [
        ("--publish", "--only", "slow"),
        ("--only", "walking"),
        ("--accounts", "0"),
        ("--rounds", "-1"),
        ("--database", "oracle"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        read(*words)
    assert refused.value.code == 2
    assert "error" in capsys.readouterr().err


def test_full_is_as_much_as_each_target_asks_for() -> None:
    most = max(FULL.busy), max(FULL.memory), *(one for one in FULL if isinstance(one, int))
    assert {target.size for target in TARGETS.values()} <= {*most, *FULL.busy}


def test_the_targets_are_those_of_the_design() -> None:
    text = (BASE_DIR / "docs" / "design.md").read_text(encoding="utf-8").partition("## 10. ")[2]
    listed = [line.split("|")[-2] for line in text.splitlines() if line.startswith("|")]
    written = [
        (sign, float(number))
        for cell in listed
        for sign, number in re.findall(r"([≥≤]) ([\d.]+)", cell)
    ]
    ours = [
        ("≥" if one.least else "≤", float(one.bound)) for one in map(TARGETS.get, LISTED) if one
    ]
    # The Accounts page is one target there and three lines here.
    assert written == [bound for bound, _ in groupby(ours)]
