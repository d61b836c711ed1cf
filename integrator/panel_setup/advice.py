"""Advice for people where a panel does not let us in, is elsewhere, or is not trusted yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.panel_setup import location

if TYPE_CHECKING:
    from integrator.models import Panel
    from panels.coremanager.errors import CertificateRefused, LoginReason
    from panels.coremanager.fault import Fault

_OWN_ADDRESS = re.compile(r"remote_addr: ?\[([0-9a-fA-F.:]{2,45})\]")
"""Where the panel says what address it saw (ispmanager.md 1.7)."""


def updating_text(panel: Panel) -> str:
    """Advice for a panel that answers that it is being updated."""
    return _("%(name)s says that it is being updated. Wait until that is over, then ask again.") % {
        "name": panel.name
    }


def other_address_text(panel: Panel) -> list[str]:
    """A sentence with the other address at which the panel answers; empty: at none."""
    url = location.at_other_path(panel)
    if not url:
        return []
    return [_("A panel answers at %(url)s: register it with that address.") % {"url": url}]


def level_text(login: str, panel: Panel, level: int) -> str:
    """Why a login's level is not sufficient."""
    return _("%(user)s is no administrator on %(name)s (level %(level)d, needed: 29).") % {
        "user": login,
        "name": panel.name,
        "level": level,
    }


def login_text(reason: LoginReason, panel: Panel, fault: Fault | None = None) -> str:
    """Advice for a refused login, with our address as the panel sees it, where it says so."""
    texts = {
        "password": _("%(name)s does not accept this username and password."),
        "new_password": _(
            "On %(name)s this login's password has expired: set another one there, with a browser,"
            " and give it here."
        ),
        "expired": _("%(name)s ends our session as soon as it has begun."),
        "address": _(
            "%(name)s does not let this login in from our address%(address)s: either its list of"
            " allowed addresses lacks it, or too many wrong passwords had it blocked for a while."
        ),
        "authinfo": _(
            "%(name)s limits logins of programs to listed addresses (Settings → Authorization"
            " settings, RestrictAuthinfo); add ours%(address)s there."
        ),
        "two_factor": _("%(name)s asks this login for a second factor; switch that off for it."),
        "captcha": _(
            "%(name)s asks for a captcha at login; switch it off under Provider → Settings, or"
            " enter our address%(address)s among those that are exempt from it."
        ),
        "suspended": _("On %(name)s this login is suspended; switch it on again there."),
        "other": _("%(name)s does not let this login in."),
    }
    seen = _OWN_ADDRESS.search(fault.value if fault else "")
    address = f" ({seen.group(1)})" if seen else ""
    return texts[reason] % {"name": panel.name, "address": address}


def certificate_text(error: CertificateRefused) -> list[str]:
    """The certificate a panel showed, for a person to compare, and how to trust it."""
    lines = []
    if error.subject:
        lines.append(_("It was issued to: %(subject)s") % {"subject": error.subject})
    if error.not_before and error.not_after:
        begin, end = error.not_before, error.not_after
        lines.append(
            _("It is valid from %(begin)s to %(end)s")
            % {"begin": begin.date().isoformat(), "end": end.date().isoformat()}
        )
    if error.fingerprint:
        lines += [
            _("Its SHA-256 is: %(pin)s") % {"pin": error.fingerprint},
            _("If that is the panel's own certificate, trust it with --pin %(pin)s")
            % {"pin": error.fingerprint.replace(":", "").lower()},
        ]
    return lines
