"""The message about an invisible character in what a person has typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import say
from panels import normal_forms

if TYPE_CHECKING:
    from integrator.messages.message import Message


def named(text: str, sign: str) -> Message:
    """The message that names the invisible character in a text, and where it is."""
    before = text.partition(sign)[0]
    return say("csv.unseen_sign", sign=normal_forms.name_of_sign(sign), before=before)
