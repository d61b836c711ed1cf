"""Clients, their users and payer profiles (billmanager.md 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.listing import number
from panels.paging import collect

if TYPE_CHECKING:
    from decimal import Decimal

    from panels.billmanager.context import Context
    from panels.listing import Row

CLIENT_LEVEL = 16
"""Level of a client's user; staff have 28 and above (billmanager.md 1.2)."""


@dataclass(frozen=True, slots=True)
class Client:
    """One row of `account`: who pays.

    `balance` and `currency` are None when the list does not show them; `status` is the raw code
    of `account_status` (or `status`), '' when there is none.
    """

    id: int
    name: str
    balance: Decimal | None
    currency: str | None
    status: str
    project: str


@dataclass(frozen=True, slots=True)
class ClientUser:
    """One row of `user`: who logs in for a client; `su` takes its id, name or e-mail.

    `level` is None when the list does not show it; a user is active unless the list says no.
    `name` is the login, `realname` the person's name, '' where the list does not show it.
    """

    id: int
    client_id: int
    email: str
    name: str
    active: bool
    level: int | None
    realname: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One payer profile; `kind` is '1' for a person, '2' a company, '3' a sole trader."""

    id: int
    name: str
    kind: str


class Clients:
    """Reads clients."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self) -> list[Client]:
        """List all clients that this login sees."""
        return collect(self._context.transport, "account", _client)

    def users(self) -> list[ClientUser]:
        """List the users of all clients; staff are left out."""
        users = collect(self._context.transport, "user", _user)
        return [user for user in users if user is not None]

    def profiles(self, su: str | int) -> list[Profile]:
        """List a client's payer profiles, read as the client."""
        return collect(self._context.transport, "profile", _profile, su=su)


def _client(row: Row) -> Client:
    return Client(
        id=row.int("id"),
        name=row.text("name"),
        balance=row.money_or_none("balance"),
        currency=row.currency("balance", "currency", "currency_iso"),
        status=row.code_or_none("account_status", "status") or "",
        project=row.get("project"),
    )


def _profile(row: Row) -> Profile:
    kind = row.code_or_none("profiletype", "type") or ""
    return Profile(id=row.int("id"), name=row.get("name"), kind=kind)


def _user(row: Row) -> ClientUser | None:
    client_id = ref(row, "account").id
    level = number(row.get("level") or None)
    if client_id is None or (level is not None and level != CLIENT_LEVEL):
        return None
    return ClientUser(
        id=row.int("id"),
        client_id=client_id,
        email=row.text("email"),
        name=row.get("name", "email"),
        active=_active(row),
        level=level,
        realname=row.get("realname"),
    )


def _active(row: Row) -> bool:
    """Whether a user may log in; the column's name was not seen, `active` or `status` will do."""
    code = row.code_or_none("active", "status", "enabled")
    return code is None or code.lower() not in {"off", "no", "0", "disabled", "suspended"}
