"""Compares what an account uses and has with what its plan allows.

A later change in billing may push the plan's limits to the account (ispmanager.md 3.3): whoever
uses more than that then cannot upload, or add a site. How many databases and mailboxes an account
uses is in no list that is read; of them, what its preset allows is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrator.accounts.reasons import reason
from integrator.models import Account, Panel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from integrator.accounts.reasons import Reason
    from integrator.models import Plan

DISC, SITES = "disc", "webdomainlimit"  # billmanager.md 3.3
ALLOWED_ONLY = (
    ("less_databases", "limit_db", "databaselimit"),
    ("less_mailboxes", "limit_emails", "emaillimit"),
    ("less_mail_domains", "limit_emaildomains", "maildomainlimit"),
    ("less_domains", "limit_domains", "domainlimit"),
)
"""Reason, a preset's limit (ispmanager.md 2.3) and a plan's resource (billmanager.md 3.3)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account uses and may use at present; None: not known, or no limit."""

    disk_used: int | None
    disk_limit: int | None
    sites: int
    preset: Mapping[str, str]
    """The limits of its preset, as ispmanager shows them; empty where they are not known."""


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
            pk: Standing(used, limit, len(domains), self._presets.get(panel, {}).get(preset, {}))
            for pk, panel, preset, used, limit, domains in rows.values_list(
                "id", "panel_id", "preset", "disk_used", "disk_limit", "domains"
            ).iterator()
        }

    def compared(self, account: int, plan: Plan) -> list[Reason]:
        """What to know before this account becomes a service of this plan."""
        found = self._found.get(account)
        if found is None:
            return []
        limits: dict[str, Any] = plan.limits
        return [
            *_disk(found.disk_used, found.disk_limit, limits.get(DISC), plan),
            *_sites(found.sites, _limit(found.preset, "limit_webdomains"), limits.get(SITES), plan),
            *(
                reason(key, limit=limit, allowed=allowed, plan=plan.name)
                for key, limit_name, resource in ALLOWED_ONLY
                if (limit := _limit(found.preset, limit_name)) is not None
                and (allowed := limits.get(resource)) is not None
                and limit > allowed
            ),
        ]


FEW = 500


def _limit(preset: Mapping[str, str], name: str) -> int | None:
    limit = str(preset.get(name, ""))
    return int(limit) if limit.isascii() and limit.isdecimal() else None


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
