"""Compares what an account uses and has with what its plan allows.

A later change in billing may push the plan's limits to the account (ispmanager.md 3.3): whoever
uses more than that then cannot upload, or add a site. What a plan allows of databases and
mailboxes is known, what accounts use of them is in no list that is read: they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrator.accounts.reasons import reason
from integrator.models import Account, Panel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from integrator.accounts.reasons import Reason
    from integrator.models import Plan

DISC, SITES = "disc", "webdomainlimit"  # billmanager.md 3.3


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account uses and may use at present; None: not known, or no limit."""

    disk_used: int | None
    disk_limit: int | None
    sites: int
    site_limit: int | None


class Standings:
    """How these accounts stand, to be compared with any plan."""

    def __init__(self, accounts: Collection[int]) -> None:
        self._presets = {
            panel: facts.get("presets", {})
            for panel, facts in Panel.objects.values_list("id", "discovery__facts")
            if facts
        }
        rows = Account.objects.filter(pk__in=accounts) if len(accounts) <= FEW else Account.objects
        self._found = {
            pk: Standing(used, limit, len(domains), self._site_limit(panel, preset))
            for pk, panel, preset, used, limit, domains in rows.values_list(
                "id", "panel_id", "preset", "disk_used", "disk_limit", "domains"
            ).iterator()
        }

    def _site_limit(self, panel: int, preset: str) -> int | None:
        limit = str(self._presets.get(panel, {}).get(preset, {}).get("limit_webdomains", ""))
        return int(limit) if limit.isascii() and limit.isdecimal() else None

    def compared(self, account: int, plan: Plan) -> list[Reason]:
        """What to know before this account becomes a service of this plan."""
        found = self._found.get(account)
        if found is None:
            return []
        limits: dict[str, Any] = plan.limits
        disk, sites = limits.get(DISC), limits.get(SITES)
        return [
            *_disk(found.disk_used, found.disk_limit, disk, plan),
            *_sites(found.sites, found.site_limit, sites, plan),
        ]


FEW = 500


def _disk(used: int | None, limit: int | None, allowed: int | None, plan: Plan) -> Iterable[Reason]:
    if allowed is None:
        return
    if used is not None and used > allowed:
        yield reason("over_disk", used=used, allowed=allowed, plan=plan.name)
    elif limit is not None and limit > allowed:
        yield reason("less_disk", limit=limit, allowed=allowed, plan=plan.name)


def _sites(used: int, limit: int | None, allowed: int | None, plan: Plan) -> Iterable[Reason]:
    if allowed is None:
        return
    if used > allowed:
        yield reason("over_sites", used=used, allowed=allowed, plan=plan.name)
    elif limit is not None and limit > allowed:
        yield reason("less_sites", limit=limit, allowed=allowed, plan=plan.name)


def over_disk(accounts: Any, plan: Plan) -> int:
    """How many of these accounts (a queryset) use more disk than the plan allows."""
    allowed = plan.limits.get(DISC)
    return 0 if allowed is None else int(accounts.filter(disk_used__gt=allowed).count())
