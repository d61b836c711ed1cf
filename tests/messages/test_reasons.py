"""Reasons are messages as JSON: stored with their particulars, read in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from integrator.messages.message import NOTHING, of_json, say, several, verbatim
from integrator.messages.panel_errors import of_error
from integrator.messages.reasons import reason
from panels import notes
from panels.coremanager.errors import UnexpectedAnswer


def test_a_reason_is_read_in_the_present_language_with_the_messages_in_it() -> None:
    late = UnexpectedAnswer(notes.note("answer.late"), panel="billing", func="task")
    stored = reason("tasks_unread", login="eva", said=of_error(late))
    assert stored.keys() == {"key", "params"}
    assert str(of_json(stored)) == (
        "The tasks cannot be read as “eva”: billing task: no answer in time"
    )
    with translation.override("ru"):
        assert str(of_json(stored)).endswith("billing task: ответ не пришёл вовремя")
    assert of_json({**stored, "asks": True}) == of_json(stored)


@pytest.mark.parametrize(
    "stored",
    [
        {"key": "of old", "text": "It was so."},
        {"key": "of old", "text": "It was so.", "params": {}},
        {"key": "bound", "text": "It was so."},
        {"key": "bound", "text": "It was so.", "params": {"other": 7}},
    ],
)
def test_a_reason_of_another_version_is_shown_as_it_was_stored(stored: dict[str, object]) -> None:
    assert str(of_json(stored)) == "It was so."


def test_a_reason_with_the_text_of_an_older_version_is_read_by_its_key() -> None:
    old = {"key": "bound", "text": "Bound, it said.", "params": {"service": 7}}
    assert str(of_json(old)) == "The account already is service 7."
    with translation.override("ru"):
        assert "7" in str(of_json(old))
        assert "service" not in str(of_json(old))


def test_a_reason_with_what_its_text_cannot_show_breaks_no_page() -> None:
    odd = {"key": "several_clients", "params": {"count": "many"}}
    assert str(of_json(odd)) == "several_clients (count: many)"


def test_a_panels_full_stop_is_not_doubled_in_a_reason() -> None:
    stored = reason("blocked_captcha", said="Enter the code.")
    assert ": Enter the code. Switch it off" in str(of_json(stored))
    own = reason("blocked_captcha", said=say("order.captcha"))
    assert "has a field for it. Switch it off" in str(of_json(own))
    assert several([of_json(own), verbatim(""), NOTHING]) == of_json(own)
