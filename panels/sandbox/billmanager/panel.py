"""BILLmanager: its logins, and the table of its functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import (
    charges,
    clients,
    modules,
    order_forms,
    payments,
    plans,
    services,
    system,
    tasks,
)
from panels.sandbox.http.access import Known
from panels.sandbox.http.call import Actor
from panels.sandbox.world.records import STAFF_LEVEL
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from panels.sandbox.http.call import Call, Function
    from panels.sandbox.world.records import User
    from panels.sandbox.world.world import World


class BillManager:
    """The one BILLmanager of a world."""

    name = BILLMANAGER
    binary = "/billmgr"

    def __init__(self, world: World) -> None:
        """Gather the functions under the names of the world's dialect."""
        self._world = world
        self.language = world.dialect["language"]
        self._gather()

    def _gather(self) -> None:
        self._named_by = self._world.dialect
        self._functions: dict[str, Function] = {}
        for part in (
            system,
            modules,
            plans,
            clients,
            order_forms,
            payments,
            charges,
            services,
            tasks,
        ):
            self._functions.update(part.functions(self._named_by))

    def known(self, login: str) -> Known | None:
        """Give a user by login, or None."""
        user = self._world.users.first("login", login)
        if user is None:
            return None
        return Known(user.login, user.password, user.level, active=user.active)

    def actor(self, login: str, su: str) -> Actor | None:
        """Give who a login acts as; staff may name a user by name, e-mail or id in ``su``."""
        user = self._world.users.first("login", login)
        if user is None:
            return None
        if su and user.level >= STAFF_LEVEL:
            target = self._find(su)
            if target is None:
                return None
            return Actor(login, target.login, target.level, target.id, target.client, target)
        return Actor(login, user.login, user.level, user.id, user.client, user)

    def function(self, call: Call) -> Function | None:
        """Give the function that a call names, or None."""
        if self._named_by is not self._world.dialect:
            self._gather()  # upgraded meanwhile
        return self._functions.get(call.func)

    def allows(self, call: Call) -> bool:
        """Whether the login's rights cover the call; ``su`` needs the right of that name."""
        denied = self._world.dials.denied.get(call.actor.real, ())
        if call.func in denied or ("su" in denied and call.get("su")):
            return False
        real = self._world.users.first("login", call.actor.real)
        return real is None or real.rights == "all" or _is_task_work(call.func)

    def _find(self, su: str) -> User | None:
        users = self._world.users
        by_id = users.get(int(su)) if su.isascii() and su.isdigit() else None
        return users.first("login", su) or users.first("email", su.lower()) or by_id


def _is_task_work(func: str) -> bool:
    """Whether a function belongs to the rights that handling tasks needs."""
    head = func.partition(".")[0]
    return head in {"task", "whoami", "session", "department", "vhost", "dashboard"}
