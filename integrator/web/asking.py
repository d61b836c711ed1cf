"""What is said when a panel was asked on a person's word and did not do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _

from integrator.accounts.refusals import Refused
from integrator.accounts.registering import certificate_text
from panels.errors import CertificateRefused

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrator.workflow.refusal import ActionRefused
    from panels.errors import PanelError


def refusal_of(error: Refused | PanelError) -> Refused:
    """One shape for our own refusal and for a panel's error; both are safe to show."""
    if isinstance(error, Refused):
        return error
    lines = certificate_text(error) if isinstance(error, CertificateRefused) else []
    return Refused(_("The panel could not be asked: %s") % error, lines)


def tell(request: HttpRequest, refused: Refused | ActionRefused) -> None:
    """Show a refusal as a message."""
    messages.error(request, "\n".join([refused.text, *refused.lines]))
