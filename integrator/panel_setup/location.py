"""Locates a panel at an address as people write it, and shows its certificate to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.models import Panel
from integrator.panel_access import transports
from integrator.panel_access.panel_url import AddressError, alias, candidates
from panels.coremanager.errors import Unreachable
from panels.http.first_contact import probe

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """A panel that was found.

    ``url``: the address to keep. ``subject``, ``begins``, ``ends`` and ``sha256`` are the
    certificate's, None for plain http. ``distrust``: why it is not trusted as it is, "" when it
    is. ``speaks``: what answers there speaks like a panel. ``updating``: it says that it is being
    updated.
    """

    url: str
    subject: str | None
    begins: datetime | None
    ends: datetime | None
    sha256: str | None
    distrust: str
    speaks: bool
    updating: bool = False


def find(kind: str, url: str, ca_pem: str = "") -> Sight:
    """Look where the panel answers: at the usual port and paths, as far as the URL leaves it open.

    The first address that speaks like a panel, or that says that it is being updated; else the
    first that can be connected to.
    Raises Refused for what is no address, and Unreachable when nobody answers.
    """
    if kind not in Panel.Kind.values:
        raise Refused(_("A panel is a billmanager or an ispmanager."))
    try:
        places = candidates(url, kind)
    except AddressError as error:
        raise Refused(str(error)) from error
    allowed = [one for one in places if one.startswith("https:") or settings.ALLOW_INSECURE_PANELS]
    seen: list[Sight] = []
    failure: Unreachable | None = None
    for place in allowed or places:
        try:
            sight = look_at(Panel(name=place, kind=kind, url=place, ca_pem=ca_pem))
        except Unreachable as error:
            failure = failure or error
            continue
        if sight.speaks or sight.updating:
            return sight
        seen.append(sight)
    if seen:
        return seen[0]
    raise failure or Unreachable(url)


def look_at(panel: Panel) -> Sight:
    """The answer of the panel's address now. Raises Unreachable."""
    found = probe(transports.endpoint(panel))
    shown = found.certificate
    return Sight(
        url=panel.url,
        subject=shown.subject if shown else None,
        begins=shown.not_before if shown else None,
        ends=shown.not_after if shown else None,
        sha256=shown.fingerprint if shown else None,
        distrust=found.distrust,
        speaks=found.speaks,
        updating=found.updating,
    )


def at_other_path(panel: Panel) -> str:
    """The panel's other usual address, where it speaks like a panel there; "" where it does not.

    Panels answer at /billmgr, some at /manager/billmgr alone (billmanager.md 1.1).
    """
    other = alias(panel.url)
    if not other:
        return ""
    try:
        there = look_at(Panel(name=panel.name, kind=panel.kind, url=other, ca_pem=panel.ca_pem))
    except Unreachable:
        return ""
    return other if there.speaks else ""
