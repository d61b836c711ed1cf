"""Both rivals and a part of the bench, on a few accounts: they do the job that is measured."""

from __future__ import annotations

import threading

import pytest

from tests.bench.parts import credit
from tests.bench.parts.given import Given
from tests.bench.rivals import chain, script
from tests.bench.rivals.ledger import refuse_violations
from tests.bench.sizes import sizes
from tests.bench.usage import every
from tests.bench.visitor import offered, p95, total
from tests.bench.worlds.installation import Pace, panels

PACE = Pace(latency=0.0, limit=4)


def test_the_script_binds_every_account() -> None:
    found = script.measure(4, pace=PACE, plans=2)
    assert found.rate > 0
    assert found.cpu > 0


def test_the_chain_binds_every_account_in_eight_steps() -> None:
    assert chain.measure(3, pace=PACE, plans=2) > 0


def test_a_rival_that_did_less_is_refused() -> None:
    with (
        panels(3, pace=PACE, plans=1) as sandbox,
        pytest.raises(RuntimeError, match="0 services are active, not 3"),
    ):
        refuse_violations(sandbox, 3)


def test_a_part_measures_a_run_and_says_of_how_much() -> None:
    given = Given("sqlite", sizes(full=False, most=2), rounds=1)
    [measure], record = credit.measure(given)
    assert measure.of == "2 accounts"
    assert measure.reached is None
    assert record["done"] == 2
    assert record["calls"]["v2.vhost.order.param"] >= 2
    assert measure.value == sum(record["calls"].values()) / 2


def test_what_is_raised_while_looking_on_is_raised_at_the_end() -> None:
    looked = threading.Event()

    def look() -> None:
        looked.set()
        raise RuntimeError("no page is shown")

    with pytest.raises(RuntimeError, match="no page is shown"), every(0.01, look):
        assert looked.wait(10)


PAGE = """
<form class="filters" role="search"><select name="state">
  <option value="" selected>All</option><option value="bound">Bound</option></select>
  <select name="plan"><option value="7">Start</option></select></form>
<form class="other"><select name="never"><option value="1">x</option></select></form>
<table><thead><tr><th><a href="/accounts/?sort=domain">Domain</a></th></tr></thead>
<tbody><tr><td><a href="/accounts/?in=a+row">row</a></td></tr></tbody></table>
<input type="checkbox" id="all-matching" data-count="1234">
"""


def test_what_a_page_offers_is_read_from_it() -> None:
    assert list(offered(PAGE)) == ["state=bound", "plan=7", "sort=domain"]
    assert total(PAGE) == 1234
    assert total("<p>nothing</p>") == 0


def test_the_95th_percentile_sees_what_one_in_twenty_waits_for() -> None:
    assert p95([1.0] * 94 + [9.0] * 6) == 9.0
    assert p95([1.0] * 96 + [9.0] * 4) == 1.0
    assert p95([3.0]) == 3.0
