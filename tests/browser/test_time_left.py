"""The time left changes its words in its place: nothing beside or below it moves."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from integrator.core.clock import now
from integrator.models import Window
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from integrator.models import Run

PLACES = """
() => [...document.querySelectorAll(
    '.run-line .state, #run-progress .funnel, #overview-runs progress, #overview-runs h2')]
  .map(one => one.getBoundingClientRect()).map(box => [box.x, box.y, box.width].map(Math.round))
"""


def cohort_of(run: Run, size: int) -> Window:
    plan = run.bindings.select_related("plan")[0].plan
    window = factories.window("closed", plan=plan, cohort=size)
    factories.binding("done", 8, run=run, plan=plan, window=window)
    return window


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("at", ["run", "overview"])
def test_nothing_moves_when_the_words_change(
    sign_in: Callable[..., Page], at: str, language: str, width: int
) -> None:
    words = {
        "en": ["estimating", "about 1 min left", "about 7–14 h left", "about 1–2.5 days left"],
        "ru": ["оцениваем", "осталось около 1 мин", "осталось около 7–14 ч",
               "осталось около 1–2,5 дн."],
    }[language]  # fmt: skip
    factories.billmanager()
    run = factories.run(total=62)
    factories.binding("waiting", run=run, plan=factories.plan(), prepared=True)
    cohort_of(run, 1)
    page = sign_in("operator", "/")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": page.url}])
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(page.url.rstrip("/") + {"run": f"/runs/{run.pk}/", "overview": "/"}[at])
    told = page.locator(".run-line .time-left")
    expect(told).to_have_text(words[0])
    before = page.evaluate(PLACES)
    assert len(before) >= 2
    window = cohort_of(run, 10)
    factories.event(run=run)
    expect(told).to_have_text(words[1])
    assert page.evaluate(PLACES) == before
    for hours, expected in ((10, words[2]), (40, words[3])):
        began = now() - dt.timedelta(hours=hours)
        Window.objects.filter(pk=window.pk).update(created_at=began, closed_at=now())
        factories.event(run=run)  # as each change has one: by that a poll sees that it must look
        expect(told).to_have_text(expected)
        assert page.evaluate(PLACES) == before
