"""Checks a panel's logins by asking the panel who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.messages import panel_errors
from integrator.models import Panel
from integrator.panel_access import call_log, stored_dialect, transports
from integrator.panel_setup import advice
from panels.billmanager import BillManager
from panels.coremanager import errors
from panels.ispmanager import IspManager

if TYPE_CHECKING:
    from typing import Protocol

    class HasLevel(Protocol):
        """The part of `whoami` that both panels answer; ``level`` None: absent."""

        @property
        def level(self) -> int | None:
            """The access level."""


STAFF_LEVEL = 29  # billmanager.md 1.2, ispmanager.md 1.2


def check_login(panel: Panel) -> None:
    """Check each of the panel's logins by asking the panel (`whoami`).

    Raises Refused when a login is wrong or too weak, or when there is no such panel at the
    address; Unreachable (with CertificateRefused) when it cannot be asked.
    """
    roles = [False, True] if panel.task_username else [False]
    for as_task_staff in roles:
        with call_log.about():
            try:
                level = whoami(panel, as_task_staff=as_task_staff).level
            except errors.LoginRefused as error:
                raise Refused(
                    str(advice.refused_login(error.reason, panel, error.fault)),
                    [_said(error)],
                ) from error
            except errors.PanelUpdating as error:
                raise Refused(str(advice.updating(panel)), [_said(error)]) from error
            except errors.Busy:
                raise
            except (errors.Refused, errors.UnexpectedAnswer) as error:
                raise Refused(
                    _("What answers at %(url)s does not speak like %(kind)s.")
                    % {"url": panel.url, "kind": Panel.Kind(panel.kind).label},
                    [_said(error), *map(str, advice.other_address(panel).parts)],
                ) from error
        if level is not None and level < STAFF_LEVEL:
            name = panel.task_username if as_task_staff else panel.username
            raise Refused(str(advice.weak_login(name, panel, level)))


def whoami(panel: Panel, *, as_task_staff: bool) -> HasLevel:
    """The user that one of our logins is on the panel. Raises PanelError."""
    transport = transports.transport(panel, as_task_staff=as_task_staff, even_stopped=True)
    if panel.kind == Panel.Kind.BILLMANAGER:
        return BillManager(transport, stored_dialect.found_for(panel)).whoami()
    return IspManager(transport).whoami()


def _said(error: errors.PanelError) -> str:
    """The panel's words, or the error of the connection."""
    return str(panel_errors.of_words(error.message))
