"""Clients, their users and payer profiles (billmanager.md 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from panels.amounts import unit_of
from panels.billmanager.context import ref
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import UNSET, money, number
from panels.coremanager.partial_lists import Cells, Gathered, gather
from panels.coremanager.whole_lists import collect
from panels.normal_forms import email_spellings, stored_email
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.billmanager.context import Context, Params
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row
    from panels.coremanager.partial_lists import Unreadable

_EDIT = "account.edit"
CLIENT_LEVEL = 16
"""Level of a client's user; staff have 28 and above (billmanager.md 1.2)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The credit terms of a client: the balance may go below zero without end, or down to a limit.

    By default clients pay in advance; an account is *post-paid* (no limit) or has a *credit
    limit*, never both (billmanager.md 5.2). What the columns and fields are called was not
    found: they are known by names that speak of it, so `source` says which one it was.
    `limit` is None when there is none. Neither: it is shown that there are no such terms.
    """

    postpaid: bool
    limit: Decimal | None
    source: str


@dataclass(frozen=True, slots=True)
class Client:
    """One row of `account`: who pays.

    `balance` and `currency` are None when the list does not show them, or they cannot be read,
    which `troubles` distinguishes; `status` is the raw code of `account_status` (or `status`), ''
    when there is none. `terms` is None when no column of the list speaks of them.
    """

    id: int
    name: str
    balance: Decimal | None
    currency: str | None
    status: str
    project: str
    terms: Terms | None = None
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientUser:
    """One row of `user`: who logs in for a client; `su` takes its id, name or e-mail.

    `client_id` is None where the list names the client by text alone, `client_name` then. `level`
    is None when the list does not show it; a user is active unless the list says no. `name` is
    the login, `realname` the person's name, '' where the list does not show it.
    """

    id: int
    client_id: int | None
    email: str
    name: str
    active: bool
    level: int | None
    realname: str = ""
    client_name: str = ""
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One payer profile; `kind` is '1' for a person, '2' a company, '3' a sole trader."""

    id: int
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ClientForm:
    """The choices of the form for a new client: (key, label) of its countries and providers."""

    countries: tuple[tuple[str, str], ...]
    projects: tuple[tuple[str, str], ...]


class Clients:
    """Reads clients, and creates those that do not exist."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self) -> Gathered[Client]:
        """List all clients that this login sees."""
        return gather(self._context.transport, "account", self._client)

    def users(self) -> Gathered[ClientUser]:
        """List the users of all clients; staff are left out."""
        return gather(self._context.transport, "user", _user, keep=_of_a_client)

    def with_email(self, email: str) -> list[ClientUser]:
        """List the users with this very e-mail, in whatever spelling; staff are left out.

        The filter's reach is not relied on: each row is compared. A panel may hold the domain in
        Unicode or in punycode and filter by the text, so it is asked for both. Where rows name the
        client by text alone, the panel is asked for whom each user acts.
        """
        wanted = stored_email(email)
        found: dict[int, ClientUser] = {}
        for spelling in email_spellings(email):
            params: Params = {"filter": "on", "email": spelling}
            for user in gather(
                self._context.transport,
                "user",
                _user,
                params,
                keep=lambda row: stored_email(row.get("email")) == wanted and _of_a_client(row),
            ).whole():
                found.setdefault(user.id, user)
        owned = [
            user if user.client_id is not None else replace(user, client_id=self.owner(user.id))
            for user in found.values()
        ]
        return [user for user in owned if user.client_id is not None]

    def owner(self, user_id: int) -> int | None:
        """Give the client that a user acts for (`whoami`, billmanager.md 1.2); None for staff."""
        answer = self._context.transport.read("whoami", su=user_id)
        user = answer.attributes("user")
        if number(user.get("id")) != user_id:
            raise answer.wrong(note("answer.other_user", user=user_id))
        return number(user.get("account"))

    def one(self, client_id: int) -> Client | None:
        """Give one client; None when it is not listed."""
        params: Params = {"filter": "on", "id": client_id}
        found = gather(
            self._context.transport,
            "account",
            self._client,
            params,
            keep=lambda row: number(row.get("id", "elid")) == client_id,
        )
        return next(iter(found.whole()), None)

    def terms(self, client_id: int) -> Terms | None:
        """Read a client's credit terms from its own form; None when it has none."""
        form = self._context.transport.read(_EDIT, {"elid": client_id}, devel=True).form()
        return read_terms(((name, item.value) for name, item in form.fields.items()), _EDIT)

    def new_form(self) -> ClientForm:
        """Read which countries and providers a new client can have."""
        form = self._new_form()
        return ClientForm(_choices(form, "country"), _choices(form, "project"))

    def create(
        self, email: str, name: str, password: str, country: str, project: str, *, send_by: float
    ) -> int | None:
        """Create a client with one user, without a notice to him; return its id, None when absent.

        `notify=off` holds back the letter of registration (billmanager.md 8, 10). `country` and
        `project` are keys of the form, '' where it asks for none. Raises `FormLacks` when the
        form cannot hold the letter back, or needs what is not given; nothing was sent then.
        """
        form = self._new_form()
        values = {
            "email": email, "realname": name, "passwd": password, "confirm": password,
            "country": country, "project": project, "notify": "off", "recovery": "off",
        }  # fmt: skip
        sent = {key: value for key, value in values.items() if key in form.fields and value}
        lacking = tuple(key for key in ("email", "passwd", "notify") if key not in form.fields)
        if missing := lacking + form.unfilled(sent):
            raise FormLacks(missing, form=form, func=_EDIT)
        params: Params = {**sent, "clicked_button": "ok", "sok": "ok"}
        return number(self._context.transport.act(_EDIT, params, send_by=send_by).id)

    def _client(self, row: Row) -> Client:
        cells = Cells(row)
        balance = cells.read(lambda: row.money_or_none("balance"), None)
        iso = row.currency("balance", "currency", "currency_iso", known=self._context.currencies)
        if iso is None and balance is not None and unit_of(row.get("balance")):
            cells.note("balance", note("cell.no_currency"))
        return Client(
            id=row.int("id") if row.has("id") else row.int("elid"),
            name=row.get("name"),
            balance=balance,
            currency=iso,
            status=row.code_or_none("account_status", "status") or "",
            project=row.get("project"),
            terms=read_terms(((name, row.code(name)) for name in row), "account"),
            troubles=cells.troubles,
        )

    def _new_form(self) -> Form:
        return self._context.transport.read(_EDIT, devel=True).form()

    def profiles(self, su: str | int) -> list[Profile]:
        """List a client's payer profiles, read as the client."""
        return collect(self._context.transport, "profile", _profile, su=su)


def _choices(form: Form, name: str) -> tuple[tuple[str, str], ...]:
    field = form.fields.get(name)
    options = field.options or () if field is not None else ()
    return tuple((option.key, option.label) for option in options)


def read_terms(cells: Iterable[tuple[str, str]], func: str) -> Terms | None:
    """The credit terms in these columns or fields; None when there are none.

    Where one says *post-paid* and another has a limit, which no client can have both, their names
    mean something else, and nothing is known.
    """
    said: list[Terms] = []
    for name, value in cells:
        source, code = f"{func}: {name}", value.strip().lower()
        plain = re.sub(r"[^a-z]", "", name.lower())
        if "pay" in plain and code in _POSTPAID:
            said.append(Terms(postpaid=True, limit=None, source=source))
        elif "postpaid" in plain and not plain.startswith("allow") and code in _ON | _OFF:
            said.append(Terms(postpaid=code in _ON, limit=None, source=source))
        elif "creditlimit" in plain or "limitcredit" in plain:
            amount = ZERO if code in UNSET else money(value)
            if amount is not None and amount >= 0:
                said.append(Terms(postpaid=False, limit=amount or None, source=source))
    positive = [one for one in said if one.postpaid or one.limit]
    if len({(one.postpaid, one.limit) for one in positive}) > 1:
        return None
    return next(iter(positive), said[0] if said else None)


_POSTPAID = frozenset({"postpaid", "post_paid", "post-paid"})
_ON = frozenset({"on", "yes", "true", "1"})
_OFF = frozenset({"off", "no", "false", "0", "", "null"})
ZERO = Decimal(0)


def _profile(row: Row) -> Profile:
    kind = row.code_or_none("profiletype", "type") or ""
    return Profile(id=row.int("id"), name=row.get("name"), kind=kind)


def _of_a_client(row: Row) -> bool:
    """Whether a user's row is one of a client's; staff have no client or a higher level."""
    client = ref(row, "account")
    level = number(row.get("level") or None)
    return (client.id is not None or bool(client.title)) and level in {None, CLIENT_LEVEL}


def _user(row: Row) -> ClientUser:
    client = ref(row, "account")
    return ClientUser(
        id=row.int("id"),
        client_id=client.id,
        email=row.get("email"),
        name=row.get("name", "email"),
        active=_active(row),
        level=number(row.get("level") or None),
        realname=row.get("realname"),
        client_name=client.title,
    )


def _active(row: Row) -> bool:
    """Whether a user may log in; the column's name was not seen, `active` or `status` will do."""
    code = row.code_or_none("active", "status", "enabled")
    return code is None or code.lower() not in {"off", "no", "0", "disabled", "suspended"}
