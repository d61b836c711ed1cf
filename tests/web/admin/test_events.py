"""The journal's page: found by what an event is about, walked from the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import verbatim
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_events_are_found_by_their_thing(operator: Client) -> None:
    binding = factories.failed()
    factories.event(binding=binding, run=binding.run, why=verbatim("the wanted one"))
    factories.event(subject="panel", actor="olga", why=verbatim("another one"))
    page = operator.get(f"/events/?q=b{binding.pk}").text
    assert "the wanted one" in page
    assert "another one" not in page
    assert "the wanted one" not in operator.get("/events/?people=true").text
    assert "another one" in operator.get("/events/?q=olga&subject=panel").text


def test_events_are_walked_by_id(operator: Client) -> None:
    for number in range(130):
        factories.event(why=verbatim(f"event-{number:03d}."))
    first = operator.get("/events/")
    assert "event-129." in first.text
    assert "event-029." not in first.text
    older = operator.get(f"/events/?before={first.context['before']}").text
    assert "event-029." in older
    assert "event-030." not in older
