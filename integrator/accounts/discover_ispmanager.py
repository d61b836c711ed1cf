"""Discovery of one ispmanager: its accounts, their domains, presets and owners."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import connection

from integrator.accounts.mirroring import portions, sync, update_rows
from integrator.clock import now
from integrator.models import Account
from integrator.panel_access import connect, journal
from panels.errors import AccessDenied, FunctionMissing, Refused, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from integrator.accounts.progress import Progress
    from integrator.models import Panel
    from panels.ispmanager import Account as ListedAccount
    from panels.ispmanager import Domain, IspManager

ORDINARY_LEVEL = 16  # ispmanager.md 1.2
EMAIL_SECONDS = 60.0
"""E-mails cost a call each; what cannot be read within this time is read by the next discovery."""


def discover(panel: Panel, progress: Progress) -> tuple[dict[str, int], dict[str, Any]]:
    """Bring the panel's accounts in line with what it lists; counts and facts.

    Raises panels.errors.PanelError.
    """
    ispmanager = connect.ispmanager(panel)
    progress.phase("administrators")
    told = ispmanager.administrators()
    administrators = {*told, ispmanager.whoami().name, "root", ""}
    progress.phase("accounts")
    listed = ispmanager.accounts()
    progress.phase("domains")
    domains = _by_owner(ispmanager.domains())
    progress.phase("presets")
    presets = _presets(ispmanager)
    progress.phase("storing", len(listed))
    kept = dict(Account.objects.filter(panel=panel).values_list("username", "domain"))
    resellers = {row.username for row in listed if _is_reseller(row)}
    found: dict[Hashable, dict[str, Any]] = {
        row.username: _columns(row, domains.get(row.username, []), kept.get(row.username, ""))
        | {"system": _is_system(row, administrators, resellers, all_told=bool(told))}
        for row in listed
    }
    synced = sync(
        Account.objects.filter(panel=panel), found,
        key="username", fixed={"panel": panel}, at=now(), progress=progress.done,
    )  # fmt: skip
    counts = {
        "accounts": synced.listed,
        "new": synced.new,
        "changed": synced.changed,
        "gone": synced.gone,
        "system": sum(1 for columns in found.values() if columns["system"]),
        "domains": sum(map(len, domains.values())),
    }
    counts |= read_emails(panel, ispmanager, progress)
    return counts, {"presets": presets, "emails_asked_to": counts.pop("emails_asked_to")}


def _columns(row: ListedAccount, domains: list[str], main: str) -> dict[str, Any]:
    return {
        "fullname": row.fullname[:255],
        "owner": row.owner[:64],
        "preset": row.preset[:128],
        "active": row.active,
        # The list has no mark for a main domain: the first one is, and it stays so.
        "domain": main if main in domains else next(iter(domains), ""),
        "domains": domains,
        "disk_used": row.disk_used,
        "disk_limit": row.disk_limit,
    }


def _is_reseller(row: ListedAccount) -> bool:
    return row.level is not None and row.level > ORDINARY_LEVEL


def _is_system(
    row: ListedAccount,
    administrators: Collection[str],
    resellers: Collection[str],
    *,
    all_told: bool,
) -> bool:
    """Whether the account is no customer's of ours: an administrator, a reseller or a reseller's.

    ``all_told``: the panel has told its administrators, so every other owner is a reseller.
    Where it has not (its edition or our rights may lack the function), an owner that we cannot
    place counts as ours.
    """
    foreign = row.owner not in administrators and (all_told or row.owner in resellers)
    return row.username in administrators or _is_reseller(row) or foreign


def _by_owner(domains: Sequence[Domain]) -> dict[str, list[str]]:
    """The domains of each account, the active ones first, else as listed."""
    owned: dict[str, list[str]] = {}
    for domain in sorted(domains, key=lambda domain: not domain.active):
        owned.setdefault(domain.owner, []).append(domain.name)
    return owned


def _presets(ispmanager: IspManager) -> dict[str, dict[str, str]]:
    """Preset → its limits; empty where the panel does not show them to our login."""
    try:
        return {preset.name: preset.limits for preset in ispmanager.presets()}
    except (AccessDenied, FunctionMissing):
        return {}


def read_emails(
    panel: Panel, ispmanager: IspManager, progress: Progress, *, seconds: float = EMAIL_SECONDS
) -> dict[str, int]:
    """Read the e-mails of accounts that could be bound and have none yet; counts.

    There is no list of them (ispmanager.md 2.4), so they are asked for one by one, in parallel.
    The next discovery goes on after the last account that was asked (``emails_asked_to``), round
    and round, so that accounts which have no e-mail keep none of the others from their turn.
    """
    begin = panel.discovery.get("facts", {}).get("emails_asked_to", 0)
    unknown = Account.objects.filter(
        panel=panel, gone_at=None, system=False, service=None, email=""
    ).values_list("id", "username")
    wanted = [
        *unknown.filter(id__gt=begin).order_by("id"),
        *unknown.filter(id__lte=begin).order_by("id"),
    ]
    progress.phase("emails", len(wanted))
    until = time.monotonic() + seconds
    read = 0

    def one_portion(portion: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
        try:
            with journal.about():
                return [
                    (pk, [_email(ispmanager, username)])
                    for pk, username in portion
                    if time.monotonic() < until
                ]
        finally:
            connection.close()

    with ThreadPoolExecutor(max(1, panel.max_parallel)) as pool:
        for rows in pool.map(one_portion, portions(wanted, 20)):
            update_rows(Account, ["email"], [row for row in rows if row[1][0]])
            read += len(rows)
            progress.done(read)
    last = wanted[read - 1][0] if read else begin
    return {"emails_asked": read, "emails_left": len(wanted) - read, "emails_asked_to": last}


def _email(ispmanager: IspManager, username: str) -> str:
    """The account's e-mail in lower case; "" where it has none or it cannot be read now."""
    try:
        return ispmanager.email(username).strip().lower()[:254]
    except (Refused, UnexpectedAnswer):
        return ""
