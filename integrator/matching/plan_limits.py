"""Compares what an account uses and has with what its plan allows.

A later change in billing may push the plan's limits to the account (ispmanager.md 3.3): whoever
uses more than that then cannot upload, or add a site. How many databases and mailboxes an account
uses is in no list that is read; of them, what its preset allows is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from integrator.inventory.mirror import portions
from integrator.messages.reasons import reason
from integrator.models import Account, Panel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from integrator.messages.reasons import Reason
    from integrator.models import Plan

DISC, SITES = "disc", "webdomainlimit"


class Resource(NamedTuple):
    """One comparison: a plan's resource (billmanager.md 3.3) with a preset's limit.

    ``preset`` '': the account's own limit is known (ispmanager.md 2.2; presets: 2.3). ``over`` '':
    what an account uses of it is not.
    """

    plan: str
    preset: str
    less: str
    over: str = ""


RESOURCES = (
    Resource(DISC, "", "less_disk", "over_disk"),
    Resource(SITES, "limit_webdomains", "less_sites", "over_sites"),
    Resource("databaselimit", "limit_db", "less_databases"),
    Resource("emaillimit", "limit_emails", "less_mailboxes"),
    Resource("maildomainlimit", "limit_emaildomains", "less_mail_domains"),
    Resource("domainlimit", "limit_domains", "less_domains"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """The present usage and limits of an account; None: not known, or no limit."""

    disk_used: int | None
    disk_limit: int | None
    sites: int
    preset: Mapping[str, str]
    """The limits of its preset, as ispmanager shows them; empty where they are not known."""

    def used(self, resource: Resource) -> int | None:
        """The amount of this resource that is used."""
        return {DISC: self.disk_used, SITES: self.sites}.get(resource.plan)

    def limit(self, resource: Resource) -> int | None:
        """The present limit of this resource."""
        if not resource.preset:
            return self.disk_limit
        limit = str(self.preset.get(resource.preset, ""))
        return int(limit) if limit.isascii() and limit.isdecimal() else None


class Usages:
    """The usage and limits of these accounts, to be compared with any plan."""

    def __init__(self, accounts: Collection[int]) -> None:
        self._presets = {
            panel: facts.get("presets", {})
            for panel, facts in Panel.objects.values_list("id", "discovery__facts")
            if facts
        }
        columns = ("id", "panel_id", "preset", "disk_used", "disk_limit", "domains")
        self._found = {
            pk: Usage(used, limit, len(domains), self._presets.get(panel, {}).get(preset, {}))
            for asked in portions(accounts, KEYS_ASKED)
            for pk, panel, preset, used, limit, domains in Account.objects.filter(
                pk__in=asked
            ).values_list(*columns)
        }

    def compared(self, account: int, plan: Plan) -> list[Reason]:
        """The differences that matter when this account becomes a service of this plan."""
        found = self._found.get(account)
        if found is None:
            return []
        compared = (_compared(one, found, plan) for one in RESOURCES)
        return [said for said in compared if said is not None]

    def differs(self, account: int, plan: Plan) -> bool:
        """Whether some limit of this account is known to be another than the plan's.

        Should the plan's limits be pushed to it, that would show.
        """
        found = self._found.get(account)
        if found is None:
            return False
        limits = ((found.limit(one), plan.limits.get(one.plan)) for one in RESOURCES)
        return any(None not in (own, allowed) and own != allowed for own, allowed in limits)


KEYS_ASKED = 2000
"""So many accounts are asked for by id at once."""


def _compared(one: Resource, found: Usage, plan: Plan) -> Reason | None:
    allowed = plan.limits.get(one.plan)
    if allowed is None:
        return None
    used, limit = found.used(one), found.limit(one)
    if used is not None and used > allowed:
        return reason(one.over, used=used, allowed=allowed, plan=plan.name)
    if limit is not None and limit > allowed:
        return reason(one.less, limit=limit, allowed=allowed, plan=plan.name)
    return None


def over_disk(accounts: Any, plan: Plan) -> int:
    """The number of these accounts (a queryset) that use more disk than the plan allows."""
    allowed = plan.limits.get(DISC)
    return 0 if allowed is None else int(accounts.filter(disk_used__gt=allowed).count())
