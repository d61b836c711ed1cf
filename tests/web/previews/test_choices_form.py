"""The form of a run's choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_without_a_billmanager_the_choices_say_so(operator: Client) -> None:
    binding = factories.binding(state="undecided", cause="order_unknown")
    assert "No BILLmanager is registered" in operator.get(f"/bindings/{binding.pk}/options/").text
