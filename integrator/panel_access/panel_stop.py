"""Stops a panel that must not be called any more, until a person has checked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integrator.messages import panel_errors
from integrator.messages.panel_errors import NotSentBecause
from integrator.models import Panel
from panels.coremanager.errors import CertificateRefused, LoginRefused

if TYPE_CHECKING:
    from panels.coremanager.errors import PanelError

log = structlog.get_logger(__name__)


class PanelStoppedError(NotSentBecause):
    """No call is made to this panel until a person has checked it.

    Its login was refused again and again, or its certificate changed; going on would lock the
    account out or talk to a stranger.
    """


def stop(error: PanelError) -> Panel | None:
    """Stop the panel that refuses our login or shows another certificate; None: this stops none.

    Going on would lock the login out or talk to a stranger. A fresh session that had expired at
    once says nothing about the login. A refused staff login stops only what needs it: an open plan
    can still be restored.
    """
    if not isinstance(error, LoginRefused | CertificateRefused):
        return None
    if isinstance(error, LoginRefused) and error.reason == "expired":
        return None
    panel = Panel.objects.filter(name=error.panel, stopped="").first()
    if panel is None:
        return None
    why = panel_errors.of_error(error)
    if isinstance(error, CertificateRefused):
        why = panel_errors.of_certificate(error)
    login = error.login if isinstance(error, LoginRefused) else ""
    of_staff = bool(login) and login == panel.task_username != panel.username
    panel.stopped, panel.stopped_login = why, login if of_staff else ""
    panel.save(update_fields=["stopped", "stopped_login"])
    log.error("panel.stopped", panel=panel.name, why=why.english)
    return panel
