"""Refusals of panels and of the workflow, shown as messages on pages."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.contrib import messages

from integrator.core.errors import ActionRefused, PanelError, Refused
from integrator.panel_setup import advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest


def show_refusal(request: HttpRequest, refused: Refused | ActionRefused) -> None:
    """Show a refusal as a message."""
    messages.error(request, "\n".join([refused.text, *refused.lines]))


@contextmanager
def show_refusals(request: HttpRequest) -> Iterator[None]:
    """Show a refusal of the workflow, or a panel's error, raised inside as a message."""
    try:
        yield
    except ActionRefused as refused:
        show_refusal(request, refused)
    except PanelError as error:
        show_refusal(request, advice.refusal_of(error))
