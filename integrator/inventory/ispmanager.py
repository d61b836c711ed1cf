"""Discovery of one ispmanager: its accounts, their domains, presets and owners.

The e-mails, a call each, are read apart from the lists (``emails``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.core.clock import now
from integrator.inventory import unreadable_rows
from integrator.inventory.change_log import History
from integrator.inventory.mirror import sync
from integrator.models import Account, Change
from integrator.panel_access import panel_connections
from panels.coremanager.errors import AccessDenied, FunctionMissing

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from integrator.inventory.progress import Progress
    from integrator.models import Panel
    from panels.ispmanager import Account as ListedAccount
    from panels.ispmanager import Domain, IspManager

ORDINARY_LEVEL = 16  # ispmanager.md 1.2
_NEW: tuple[str, list[str], bool] = ("", [], False)
_WATCHED = ("active", "preset", "owner", "domains", "fullname", "system")


def discover(panel: Panel, progress: Progress) -> tuple[dict[str, int], dict[str, Any]]:
    """Update the mirror of the panel's accounts from what it lists; counts and facts.

    Raises PanelError.
    """
    ispmanager = panel_connections.ispmanager(panel)
    progress.phase("administrators")
    admins = ispmanager.administrators()
    administrators = {*admins, ispmanager.whoami().name, "root", ""}
    progress.phase("accounts")
    listed = ispmanager.accounts()
    progress.phase("domains")
    sites = ispmanager.domains()
    domains = by_owner(sites)
    progress.phase("presets")
    presets = _presets(ispmanager)
    progress.phase("storing", len(listed))
    kept = {
        username: (main, names, gone_at is not None)
        for username, main, names, gone_at in Account.objects.filter(panel=panel).values_list(
            "username", "domain", "domains", "gone_at"
        )
    }
    resellers = {row.username for row in listed if _is_reseller(row)}
    found: dict[Hashable, dict[str, Any]] = {
        row.username: _columns(row, domains.get(row.username, []), kept.get(row.username, _NEW)[0])
        | {"system": _is_system(row, administrators, resellers, all_listed=bool(admins))}
        for row in listed
    }
    history, moment = History(panel, Change.Kind.ACCOUNT, _WATCHED), now()
    synced = sync(
        Account.objects.filter(panel=panel),
        found,
        key="username",
        fixed={"panel": panel},
        at=moment,
        progress=progress.done,
        listener=history,
        whole=not listed.lost,
    )
    for old, new in _renamed(kept, found):
        history.renamed(old, new)
    history.write(moment)
    counts = {
        "accounts": synced.listed,
        "new": synced.new,
        "changed": synced.changed,
        "gone": synced.gone,
        "system": sum(1 for columns in found.values() if columns["system"]),
        "domains": sum(map(len, domains.values())),
    }
    facts: dict[str, Any] = {"presets": presets}
    notes = [*listed.unreadable, *sites.unreadable]
    if notes:
        unread = facts[unreadable_rows.KEY] = unreadable_rows.kept(notes)
        counts[unreadable_rows.KEY] = unread["count"]
    return counts, facts


def _renamed(
    kept: Mapping[str, tuple[str, list[str], bool]], found: Mapping[Hashable, Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """(old, new) logins that hold the very same domains, one gone and one new.

    A login cannot be renamed in ispmanager (ispmanager.md 2.3), but an account is given another
    one by moving its sites into a new account.
    """
    left: dict[tuple[str, ...], list[str]] = {}
    for username, (_main, names, was_gone) in kept.items():
        if names and not was_gone and username not in found:
            left.setdefault(tuple(sorted(names)), []).append(username)
    came: dict[tuple[str, ...], list[str]] = {}
    for key, values in found.items():
        if left and key not in kept and values["domains"]:
            came.setdefault(tuple(sorted(values["domains"])), []).append(str(key))
    return [
        (old[0], came[names][0])
        for names, old in left.items()
        if len(old) == 1 and len(came.get(names, ())) == 1
    ]


def _columns(row: ListedAccount, domains: list[str], main: str) -> dict[str, Any]:
    return {
        "fullname": row.fullname[:255],
        "owner": row.owner[:64],
        "preset": row.preset[:128],
        "active": row.active,
        "domain": main_domain(domains, main),
        "domains": domains,
        "disk_used": row.disk_used,
        "disk_limit": row.disk_limit,
    }


def main_domain(domains: Sequence[str], before: str) -> str:
    """The main one of an account's domains; "" when it has none.

    The list has no mark for it: the first one is, and it stays so.
    """
    return before if before in domains else next(iter(domains), "")


def _is_reseller(row: ListedAccount) -> bool:
    return row.level is not None and row.level > ORDINARY_LEVEL


def _is_system(
    row: ListedAccount,
    administrators: Collection[str],
    resellers: Collection[str],
    *,
    all_listed: bool,
) -> bool:
    """Whether the account is no customer's of ours: an administrator, a reseller or a reseller's.

    ``all_listed``: the panel has listed its administrators, so every other owner is a reseller.
    Where it has not (its edition or our rights may lack the function), an owner that we cannot
    place counts as ours.
    """
    foreign = row.owner not in administrators and (all_listed or row.owner in resellers)
    return row.username in administrators or _is_reseller(row) or foreign


def by_owner(domains: Sequence[Domain]) -> dict[str, list[str]]:
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
