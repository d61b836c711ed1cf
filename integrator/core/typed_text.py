"""Text that people type into forms, without invisible characters around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.normal_forms import clean

if TYPE_CHECKING:
    from django.http import QueryDict


def typed(form: QueryDict, name: str) -> str:
    """The text of a field without blanks and invisible characters at its ends; '' if not sent."""
    return clean(form.get(name, ""))
