"""The page of a guided binding: what it asks, who may answer, and what it says when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.messages.message import verbatim
from integrator.models import Preview, Window
from integrator.models.states import BindingState
from integrator.windows import members
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from integrator.models import Run


@pytest.fixture
def asking(db: None) -> Run:
    """A guided run whose window waits for a word before step 3."""
    factories.billmanager()
    source = factories.preview(rows=1)
    source.guided = True
    source.save()
    row = source.rows.get(number=1)
    run = factories.run(preview=source)
    assert row.plan is not None
    window = factories.window(
        plan=row.plan, guided=True, allowed=2, asks=3, asked_at=now(), manual_modules={"1": 77}
    )
    factories.binding(
        BindingState.WAITING, run=run, account=row.account, client=row.client, plan=row.plan,
        number=1, window=window, waiting_for=members.TURN, due_at=now(),
    )  # fmt: skip
    return run


def test_it_shows_what_is_sent_expected_and_how_long_it_waits(
    operator: Client, asking: Run
) -> None:
    page = operator.get(f"/runs/{asking.pk}/guided/").text
    for told in ("Before step 3", "One new service of client", "data-until", 'id="go-on"',
                 "?step=3#dialect", "Stop and put back"):  # fmt: skip
        assert told in page, told
    for other in (f"/runs/{asking.pk}/", "/accounts/"):
        assert f"/runs/{asking.pk}/guided/" in operator.get(other).text
    assert "waits for a word before step 3" in operator.get("/accounts/").text


def test_a_word_counts_once_and_only_for_what_is_asked(operator: Client, asking: Run) -> None:
    target = f"/runs/{asking.pk}/guided/go-on/"
    for wrong in ("2", "5", "x"):
        page = operator.post(target, {"step": wrong}, follow=True).text
        assert 'role="alert"' in page
    assert Window.objects.get().asks == 3
    operator.post(target, {"step": "3"})
    window = Window.objects.get()
    assert (window.asks, window.allowed) == (None, 3)
    assert 'role="alert"' in operator.post(target, {"step": "3"}, follow=True).text


def test_stopping_closes_the_window_and_cancels_the_run(operator: Client, asking: Run) -> None:
    operator.post(f"/runs/{asking.pk}/guided/stop/")
    asking.refresh_from_db()
    assert asking.state == "cancelled"
    assert Window.objects.get().closing


def test_who_may_only_look_has_no_buttons(signed_in: Callable[[str], Client], asking: Run) -> None:
    page = signed_in("viewer").get(f"/runs/{asking.pk}/guided/").text
    assert "Before step 3" in page
    assert 'id="go-on"' not in page


def test_what_stopped_it_is_told_with_what_to_do(operator: Client, asking: Run) -> None:
    Window.objects.update(asks=None, phase="closed")
    asking.bindings.update(state="failed", cause="task_refused", cause_text=verbatim("too short"))
    type(asking).objects.update(state="finished")
    page = operator.get(f"/runs/{asking.pk}/guided/").text
    assert "The panel refused to close the task" in page
    assert "too short" in page


def test_a_run_that_is_not_guided_has_no_such_page(operator: Client, asking: Run) -> None:
    Preview.objects.update(guided=False)
    assert operator.get(f"/runs/{asking.pk}/guided/").status_code == 404
