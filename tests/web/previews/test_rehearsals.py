"""A preview's page while it is rehearsed, and what it shows then."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.messages.reasons import reason
from integrator.models import Event, Preview
from integrator.previews.rehearsal import rehearsal
from tests.web.previews.test_previews import account, bind

if TYPE_CHECKING:
    from django.test import Client

    from integrator.models import Account

__all__ = ["account"]  # the fixture


@pytest.fixture
def preview(operator: Client, account: Account) -> Preview:
    bind(operator, account)
    return Preview.objects.get()


def kept(preview: Preview, **result: object) -> None:
    summary = {**preview.summary, rehearsal.KEY: {"at": now().isoformat(), **result}}
    Preview.objects.filter(pk=preview.pk).update(summary=summary)


def digest(text: str) -> str:
    found = re.search(r'id="digest" value="(\w+)"', text)
    assert found
    return found.group(1)


def test_a_new_preview_asks_for_its_rehearsal_once(operator: Client, preview: Preview) -> None:
    assert preview.summary[rehearsal.KEY]["state"] == rehearsal.WAITING
    page = operator.get(f"/previews/{preview.pk}/").text
    assert "Reading the panels" in page
    shown = digest(page)
    quiet = operator.get(f"/previews/{preview.pk}/live/", {"digest": shown, "pace": "2"})
    assert quiet.status_code == 204
    kept(preview, state="running", done=3, total=9)
    told = operator.get(f"/previews/{preview.pk}/live/", {"digest": shown, "pace": "2"})
    assert "3 of 9" in told.text
    kept(preview, state="failed", error="nobody there")
    ended = operator.get(f"/previews/{preview.pk}/live/", {"digest": digest(told.text)})
    assert ended["HX-Refresh"] == "true"
    assert "nobody there" in operator.get(f"/previews/{preview.pk}/").text


def test_what_was_found_is_shown_and_it_can_be_asked_for_again(
    operator: Client, preview: Preview
) -> None:
    found = {"step": 7, "found": [reason("names_known", names="task_close")],
             "unknown": [reason("learn_close")], "wrong": []}  # fmt: skip
    kept(preview, state="done", forms=1, seconds=0.2, steps=[found], wrong=0)
    page = operator.get(f"/previews/{preview.pk}/").text
    assert "Walked through" in page
    assert "Whether closing a task" in page
    assert "What is sent" in page
    operator.post(f"/previews/{preview.pk}/rehearse/")
    preview.refresh_from_db()
    assert preview.summary[rehearsal.KEY]["state"] == rehearsal.WAITING
    assert Event.objects.filter(subject="preview").exists()


def test_a_rehearsal_that_died_can_be_asked_for_again(operator: Client, preview: Preview) -> None:
    old = (now() - dt.timedelta(minutes=5)).isoformat()
    kept(preview, state="running", at=old, done=1, total=9)
    assert "Rehearse again" in operator.get(f"/previews/{preview.pk}/").text
