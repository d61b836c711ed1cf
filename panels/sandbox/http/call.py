"""One call while it is being worked on: who asks, for whom, for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from panels.sandbox.http.refusals import bad_value, missed, no_access
from panels.sandbox.world.records import CLIENT_LEVEL, STAFF_LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from panels.sandbox.dialect import Dialect
    from panels.sandbox.faults import Rule
    from panels.sandbox.world.records import User
    from panels.sandbox.world.world import World


class Actor(NamedTuple):
    """The user that a call acts as. ``real`` is the login itself, ``user`` the one it is (su).

    On an ispmanager ``client`` and ``id`` are 0 and ``login`` alone identifies the user.
    """

    real: str
    login: str
    level: int
    id: int = 0
    client: int = 0
    user: User | None = None


NOBODY = Actor("", "", 0)


@dataclass(slots=True)
class Call:
    """A request that has been let in."""

    world: World
    panel: str
    params: Mapping[str, str] = field(repr=False)
    actor: Actor
    lang: str
    fault: Rule | None = None
    address: str = "127.0.0.1"

    @property
    def func(self) -> str:
        """The function that is called."""
        return self.params.get("func", "")

    @property
    def dialect(self) -> Dialect:
        """The names of this installation."""
        return self.world.dialect

    @property
    def submitted(self) -> bool:
        """Whether the form is sent, not read (ispmanager.md 1.3: any non-empty sok)."""
        return bool(self.params.get("sok"))

    @property
    def devel(self) -> bool:
        """Whether metadata is asked for."""
        return self.params.get("out") == "devel"

    @property
    def button(self) -> str:
        """The button that sends the form."""
        return self.params.get("clicked_button", "")

    def offers(self, func: str) -> bool:
        """Whether a toolbar names this function: it shows what the login may call (1.6)."""
        denied = self.world.dials.denied
        logins = (self.actor.real, f"{self.panel}/{self.actor.real}")
        return not any(func in denied.get(login, ()) for login in logins)

    def get(self, name: str, default: str = "") -> str:
        """Give a parameter as sent."""
        return self.params.get(name, default)

    def need(self, name: str) -> str:
        """Give a parameter; refuse the call when it is absent or empty."""
        value = self.params.get(name, "")
        if not value:
            raise missed(name)
        return value

    def number(self, name: str) -> int:
        """Give a parameter that must be a number; refuse the call otherwise."""
        value = self.need(name)
        try:
            return int(value)
        except ValueError:
            raise bad_value(name, value) from None

    def ids(self) -> list[int]:
        """Give the ids in ``elid``, which are separated by commas."""
        found = []
        for part in self.need("elid").split(","):
            try:
                found.append(int(part))
            except ValueError:
                raise bad_value("elid", part.strip()) from None
        return found

    @property
    def staff(self) -> bool:
        """Whether the call has the rights of staff."""
        return self.actor.level >= STAFF_LEVEL

    def need_client(self) -> int:
        """Give the client that the call acts for; refuse staff that acts for nobody."""
        if not self.actor.client:
            raise no_access(
                self.func, "Function '__object__' is not available for administrator, try su."
            )
        return self.actor.client


class Function(NamedTuple):
    """A function of a panel with the level that it needs; 0 is open to all."""

    work: Callable[[Call], str]
    level: int = CLIENT_LEVEL
