"""A binding's page tells what happened, when, and how long it took."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import report
from integrator.core.clock import now
from integrator.messages.message import say
from integrator.models import Binding, Step
from integrator.web.runs import story, time_bars
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def bound(db: None) -> Binding:
    """Bound in ten seconds: ordered for two, then eight of waiting and closing."""
    window = factories.window("closed")
    made = factories.done(window=window)
    begin = now() - dt.timedelta(seconds=60)
    ends = {3: 2.0, 4: 2.0, 6: 6.0, 7: 10.0}
    for number, seconds in ends.items():
        at = begin + dt.timedelta(seconds=seconds)
        Step.objects.filter(binding=made, number=number).update(started_at=at, finished_at=at)
    factories.call(made, 3, at=begin, func="v2.vhost.order.param")
    factories.call(made, 6, at=begin + dt.timedelta(seconds=5), func="task", effect=False)
    factories.call(made, 7, at=begin + dt.timedelta(seconds=6))
    return made


def test_bars_are_to_scale_from_the_first_call_of_a_step(bound: Binding) -> None:
    bars = time_bars.of(bound, report.timeline(bound))
    assert sorted(bars) == [3, 4, 6, 7]
    assert (bars[3].at, bars[3].width, bars[3].seconds, bars[3].waited) == (0.0, 200.0, 2.0, 0.0)
    assert (bars[6].at, bars[6].width, bars[6].seconds, bars[6].waited) == (500.0, 100.0, 1.0, 3.0)
    assert (bars[7].at, bars[7].width, bars[7].seconds, bars[7].waited) == (600.0, 400.0, 4.0, 0.0)
    assert bars[4].width == time_bars.MIN_WIDTH
    assert all(bar.at + bar.width <= time_bars.SCALE for bar in bars.values())


def test_a_step_under_way_lasts_until_now(db: None) -> None:
    made = factories.binding("running", 3)
    Step.objects.create(binding=made, number=3, started_at=now() - dt.timedelta(seconds=30))
    (bar,) = time_bars.of(made, report.timeline(made)).values()
    assert not bar.is_over
    assert 30 <= bar.seconds < 60
    assert (bar.at, bar.width) == (0.0, 1000.0)
    untouched = factories.binding("queued", 0)
    assert time_bars.of(untouched, report.timeline(untouched)) == {}


def test_the_story_is_told_in_sentences_and_leaves_out_that_it_waited(bound: Binding) -> None:
    for state, why in (
        ("waiting", say("binding.waits", what="")),
        ("running", say("binding.claimed")),
    ):
        factories.event(binding=bound, from_state="queued", to_state=state, why=why)
    factories.event(binding=bound, from_state="running", to_state="failed", why=say("order.none"))
    factories.event(binding=bound, actor="anna", to_state="queued", why=say("binding.retried"))
    lines = story.of(report.timeline(bound), bound.events.all())
    said = [(line.actor, line.text) for line in lines]
    assert ("", f"ordered as service {bound.service_id}") in said
    assert ("", "tied to its account") in said
    assert ("anna", "queued again") in said
    assert any(text.startswith("Failed: ") for _actor, text in said)
    assert not any("waits" in text or "taken up" in text for _actor, text in said)
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


def test_calls_say_what_they_did_and_how_long_it_took(operator: Client, bound: Binding) -> None:
    factories.call(bound, 7, seconds=1.2345, answer="<doc><elem><id>7</id></elem></doc>")
    page = operator.get(f"/bindings/{bound.pk}/").text
    assert "1,234 ms" in page or "1,235 ms" in page
    assert "  &lt;elem&gt;\n    &lt;id&gt;7&lt;/id&gt;\n" in page
    assert "changes something" in page
    assert "reads" in page
    assert "took 2.0 s" in page
    assert "after 3.0 s of waiting" in page


def test_what_the_page_names_leads_to_the_panels(operator: Client, bound: Binding) -> None:
    factories.panel("billing", "billmanager", url="https://billing.example/billmgr")
    Binding.objects.filter(pk=bound.pk).update(task_id=901)
    page = operator.get(f"/bindings/{bound.pk}/").text
    billing = "https://billing.example/billmgr?startform="
    for func, elid in (
        ("vhost.edit", bound.service_id), ("task.edit", 901),
        ("account.edit", bound.client.remote_id),
    ):  # fmt: skip
        link = f'href="{billing}{func}&amp;elid={elid}" target="_blank" rel="noreferrer noopener"'
        assert link in page
    user = f"{bound.account.panel.url}?startform=user.edit&amp;elid={bound.account.username}"
    assert f'href="{user}"' in page
    assert f'data-copy="{bound.marker}"' in page
