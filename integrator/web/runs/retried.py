"""What a retry has come to, told on the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from integrator.bindings.operator.retries import RetryReport
    from integrator.web.layout.access import Request


def show_retried(request: Request, done: RetryReport) -> None:
    """Show how many are retried, and for each other why not."""
    if done.retried:
        number = len(done.retried)
        said = ngettext("%d binding is tried again.", "%d bindings are tried again.", number)
        messages.success(request, said % number)
    if done.refused:
        lines = [f"b{number}: {text}" for number, text in done.refused[:5]]
        more = len(done.refused) - len(lines)
        messages.error(request, "\n".join(lines + ([_("and %d more") % more] if more else [])))
    if not done.retried and not done.refused:
        messages.warning(request, _("Nothing is left to retry here."))
