"""Advice for people where a panel does not let us in, is elsewhere, or is not trusted yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.core.errors import CertificateRefused, PanelError, Refused
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, say
from integrator.panel_setup import location

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from integrator.models import Panel
    from panels.coremanager.errors import LoginReason
    from panels.coremanager.fault import Fault

_OWN_ADDRESS = re.compile(r"remote_addr: ?\[([0-9a-fA-F.:]{2,45})\]")
"""Where the panel says what address it saw (ispmanager.md 1.7)."""


def updating(panel: Panel) -> Message:
    """Advice for a panel that answers that it is being updated."""
    return say("panel.updating", panel=panel.name)


def other_address(panel: Panel) -> Message:
    """The other address at which the panel answers; empty: at none."""
    url = location.at_other_path(panel)
    return say("panel.elsewhere", url=url) if url else NOTHING


def weak_login(login: str, panel: Panel, level: int) -> Message:
    """Why a login's level is not sufficient."""
    return say("no_login.weak", user=login, panel=panel.name, level=level)


def refused_login(reason: LoginReason, panel: Panel, fault: Fault | None = None) -> Message:
    """Advice for a refused login, with our address as the panel sees it, where it says so."""
    seen = _OWN_ADDRESS.search(fault.value if fault else "")
    address, name = f" ({seen.group(1)})" if seen else "", panel.name
    advice: dict[LoginReason, Message] = {
        "password": say("no_login.password", panel=name),
        "new_password": say("no_login.new_password", panel=name),
        "expired": say("no_login.expired", panel=name),
        "address": say("no_login.address", panel=name, address=address),
        "authinfo": say("no_login.authinfo", panel=name, address=address),
        "two_factor": say("no_login.two_factor", panel=name),
        "captcha": say("no_login.captcha", panel=name, address=address),
        "suspended": say("no_login.suspended", panel=name),
        "other": say("no_login.other", panel=name),
    }
    return advice[reason]


def refusal_of(error: Refused | PanelError) -> Refused:
    """The refusal for our own or a panel's error; its text is safe to show."""
    if isinstance(error, Refused):
        return error
    shown = certificate(error) if isinstance(error, CertificateRefused) else []
    text = _("The panel could not be asked: %s") % panel_errors.of_error(error)
    return Refused(text, [*map(str, shown)])


def certificate(error: CertificateRefused) -> list[Message]:
    """The certificate a panel showed, for a person to compare, and how to trust it."""
    lines = []
    if error.subject:
        lines.append(say("certificate.subject", subject=error.subject))
    if error.not_before and error.not_after:
        begin, end = error.not_before.date(), error.not_after.date()
        lines.append(say("certificate.dates", begin=begin, end=end))
    if error.fingerprint:
        pin = error.fingerprint.replace(":", "").lower()
        lines.append(say("certificate.sha256", pin=error.fingerprint))
        lines.append(say("certificate.trust", pin=pin))
    return lines
