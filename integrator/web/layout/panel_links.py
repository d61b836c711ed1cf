"""Links into BILLmanager, for pages that name many things of it: its row is read once a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models import Panel
from integrator.panel_access import deep_links

if TYPE_CHECKING:
    from django.http import HttpRequest

FORMS = {
    "service": deep_links.service,
    "task": deep_links.task,
    "client": deep_links.client,
}


def address(request: HttpRequest, kind: str, number: int | None) -> str:
    """The address of the form of this service, task or client; "" where there is none."""
    if not number:
        return ""
    if not hasattr(request, "_billing"):
        request._billing = Panel.objects.billmanager()  # type: ignore[attr-defined]  # noqa: SLF001 - lives as long as the request
    billing: Panel | None = request._billing  # type: ignore[attr-defined]  # noqa: SLF001 - the same
    return FORMS[kind](number, billing) if billing else ""
