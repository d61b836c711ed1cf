"""What people type into forms, as they meant it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels import normal_forms

if TYPE_CHECKING:
    from django.http import QueryDict


def typed(form: QueryDict, name: str) -> str:
    """The text of a field without blanks and unseen signs at its ends; '' when it was not sent."""
    return cleaned(form.get(name, ""))


def cleaned(text: str) -> str:
    """The text without what nobody sees at its ends; a blank of whatever kind is a plain one."""
    return normal_forms.clean(text)
