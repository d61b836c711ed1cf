"""An ispmanager panel: its accounts, their domains, and whether a password is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from panels.coremanager.errors import AccessDenied, FunctionMissing, LoginRefused, UnexpectedAnswer
from panels.coremanager.listing import MISSING, number
from panels.coremanager.partial_lists import Cells, Gathered, gather
from panels.coremanager.whole_lists import collect
from panels.http.endpoint import Login
from panels.notes import note

if TYPE_CHECKING:
    from panels.coremanager.listing import Row
    from panels.coremanager.partial_lists import Unreadable
    from panels.http.transport import Transport


@dataclass(frozen=True, slots=True)
class Whoami:
    """The user that our login is. `level` is 16 for accounts, 29 or 30 for administrators."""

    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Account:
    """One hosting account (a row of `user`, ispmanager.md 2.2).

    `active` is False where it cannot be read. `level` is None when absent; `disk_used` and
    `disk_limit` are MiB, None when absent (a limit that is missing means that no quota is set,
    or that quotas are off).
    """

    username: str
    fullname: str
    owner: str
    level: int | None
    preset: str
    active: bool
    disk_used: int | None
    disk_limit: int | None
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """One site (a row of `webdomain`, ispmanager.md 2.5); `owner` is the account's login."""

    name: str
    owner: str
    active: bool
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """One account template with its `limit_*` values (ispmanager.md 2.6)."""

    name: str
    limits: dict[str, str]


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The result of trying a password: equal to `RIGHT`, `WRONG` or `BLOCKED`.

    BLOCKED: the panel refused for another reason, so that nothing is known of the password;
    `reason` says which ('address', 'two_factor', 'captcha', 'expired' or 'other', for instance
    a suspended account). `reason` takes no part in comparisons.
    """

    verdict: Literal["right", "wrong", "blocked"]
    reason: str = field(default="", compare=False)

    RIGHT: ClassVar[PasswordCheck]
    WRONG: ClassVar[PasswordCheck]
    BLOCKED: ClassVar[PasswordCheck]


PasswordCheck.RIGHT = PasswordCheck("right")
PasswordCheck.WRONG = PasswordCheck("wrong")
PasswordCheck.BLOCKED = PasswordCheck("blocked")


class IspManager:
    """Speaks to one ispmanager as an administrator."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def whoami(self) -> Whoami:
        """Return the user that our login is; the cheapest test of a login (ispmanager.md 1.5)."""
        answer = self.transport.read("whoami")
        user = answer.attributes("user")
        level = number(user.get("level"))
        if not user.get("name") or level is None:
            raise answer.wrong(note("answer.nobody"))
        return Whoami(user["name"], level)

    def accounts(self) -> Gathered[Account]:
        """List the accounts that this login sees: all for an administrator.

        Raises `UnexpectedAnswer` where no row shows whether it is active: it is another list then.
        """
        found = gather(self.transport, "user", _account, key="name|name")
        silent = [one.troubles[0] for one in found if one.troubles]
        if silent and len(silent) == len(found) and all(one.what == MISSING for one in silent):
            why = note("list.no_column", column=silent[0].column)
            raise UnexpectedAnswer(why, func="user")
        return found

    def account(self, username: str) -> Account | None:
        """Give one account; None when the panel has none of this name."""
        return next((one for one in self.accounts().whole() if one.username == username), None)

    def domains(self) -> Gathered[Domain]:
        """List the sites with their owners; the column exists for resellers and above.

        Raises `UnexpectedAnswer` where no row has it.
        """
        found = gather(self.transport, "webdomain", _domain, key="name|name")
        if not found:
            found.whole()
        return found

    def presets(self) -> list[Preset]:
        """List the account templates; one more call each for the limits."""
        names = collect(self.transport, "preset", _name, key="name")
        return [Preset(name, self._limits("preset.edit", name)) for name in names]

    def limits(self, username: str) -> dict[str, str]:
        """Give an account's `limit_*` values, for a comparison before and after."""
        return self._limits("user.edit", username)

    def email(self, username: str) -> str:
        """Give an account's address for notices; '' when it has none, which is common.

        It is a setting of the account (`usrparam` with `su`). The field's name was not found in
        public (ispmanager.md 7.5), so any field whose name says mail will do.
        """
        form = self.transport.read("usrparam", {"elid": username}, su=username).form()
        named = [item for item in form.fields.values() if "mail" in item.name.lower()]
        named.sort(key=lambda item: item.name != "email")
        return next((item.value for item in named if "@" in item.value), "")

    def administrators(self) -> set[str]:
        """Give the administrators' logins; empty where the panel has no such function."""
        try:
            return set(collect(self.transport, "admin", _name, key="name"))
        except (FunctionMissing, AccessDenied):
            # A function that the edition lacks answers either way (ispmanager.md 1.7, 2.1).
            return set()

    def password_is_right(self, username: str, password: str) -> PasswordCheck:
        """Try an account's password by opening a session, which is ended at once.

        It lands in the panel's access log, and wrong tries may get our address banned
        (ispmanager.md 1.2): few at a time, and none after a BLOCKED.
        """
        try:
            self.transport.try_login(Login(username, password))
        except LoginRefused as refusal:
            if refusal.reason == "password":
                return PasswordCheck.WRONG
            return PasswordCheck("blocked", refusal.reason)
        return PasswordCheck.RIGHT

    def set_password(self, username: str, password: str, *, send_by: float) -> None:
        """Give an account a new password (`user.edit`, ispmanager.md 2.4)."""
        params = {"elid": username, "passwd": password, "confirm": password, "sok": "ok"}
        self.transport.act("user.edit", params, send_by=send_by)

    def _limits(self, func: str, elid: str) -> dict[str, str]:
        form = self.transport.read(func, {"elid": elid}).form()
        return {name: item.value for name, item in form.fields.items() if name.startswith("limit_")}


def _account(row: Row) -> Account:
    cells = Cells(row)
    return Account(
        username=row.text("name"),
        fullname=row.get("fullname"),
        owner=row.get("owner"),
        level=number(row.get("level") or None),
        preset=row.get("preset"),
        active=cells.read(lambda: _active(row), otherwise=False),
        disk_used=_mib(row.get("quota_used")),
        disk_limit=_mib(row.get("quota_total")),
        troubles=cells.troubles,
    )


def _domain(row: Row) -> Domain:
    cells = Cells(row)
    active = cells.read(lambda: _active(row), otherwise=False)
    return Domain(row.text("name"), row.text("owner"), active, cells.troubles)


def _name(row: Row) -> str:
    return row.text("name")


def _active(row: Row) -> bool:
    """Read the toggle `active`; a row without it is no row of this list."""
    row.text("active")
    return row.flag("active")


def _mib(text: str) -> int | None:
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return None
