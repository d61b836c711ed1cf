"""A BILLmanager panel: one small file per resource.

`BillManager` gathers them. What is called what on this installation stands in its `Dialect`, found
out by `discover`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels import amounts
from panels.billmanager.clients import Client, Clients, ClientUser, Profile
from panels.billmanager.context import Context, Relearn, Together, in_turn
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.names import Close, Found, Take
from panels.billmanager.discovery.discovery import discover
from panels.billmanager.modules import Module, Modules
from panels.billmanager.orders import CartLine, OrderForm, Orders, Placed
from panels.billmanager.payments import Draft, Expense, Payment, Payments, PayMethod
from panels.billmanager.plans import Compared, LetterForm, Offer, Plan, PlanModule, Plans, Price
from panels.billmanager.services import Service, ServiceForm, Services
from panels.billmanager.tasks.close_forms import Address
from panels.billmanager.tasks.tasks import Task, TaskForm, Tasks
from panels.billmanager.upgrades import Watched
from panels.coremanager.listing import number
from panels.notes import note

if TYPE_CHECKING:
    from decimal import Decimal

    from panels.http.transport import Transport

__all__ = [
    "Address",
    "BillManager",
    "CartLine",
    "Client",
    "ClientUser",
    "Close",
    "Compared",
    "Dialect",
    "Draft",
    "Expense",
    "Found",
    "LetterForm",
    "Module",
    "Offer",
    "OrderForm",
    "PayMethod",
    "Payment",
    "Placed",
    "Plan",
    "PlanModule",
    "Price",
    "Profile",
    "Service",
    "ServiceForm",
    "Take",
    "Task",
    "TaskForm",
    "Whoami",
    "discover",
]


@dataclass(frozen=True, slots=True)
class Whoami:
    """The user that our login is on the panel (billmanager.md 1.2).

    `client_id`, `balance`, `currency` and `currency_id` are those of a client's user, and None
    for staff. `level`: 16 client, 28 department, 29 employee. `version` is '' when absent.
    """

    user_id: int
    name: str
    email: str
    level: int
    client_id: int | None
    balance: Decimal | None
    currency: str | None
    currency_id: int | None
    version: str


class BillManager:
    """The client of one BILLmanager: one attribute for each resource.

    `task_transport` logs in as the staff who may handle tasks; without it the administrator's
    login does that too. `relearn` finds the names again when the panel says that it has no such
    function: then the client goes on with those, see `Context`. `together` makes reads that
    belong together.
    """

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        *,
        task_transport: Transport | None = None,
        relearn: Relearn | None = None,
        together: Together = in_turn,
    ) -> None:
        staff = task_transport or transport
        self._context = Context(transport, staff, dialect, relearn, together)
        if relearn is not None:
            self._context.transport = Watched(transport, lambda: self._context)
            self._context.task_transport = Watched(
                self._context.task_transport, lambda: self._context
            )
        self.transport = transport
        self.task_transport = task_transport or transport
        self.modules = Modules(self._context)
        self.plans = Plans(self._context)
        self.clients = Clients(self._context)
        self.orders = Orders(self._context)
        self.payments = Payments(self._context)
        self.tasks = Tasks(self._context)
        self.services = Services(self._context)

    @property
    def dialect(self) -> Dialect:
        """The names in use; it grows by what task forms show, so store it after a first task."""
        return self._context.dialect

    @property
    def staff_names(self) -> tuple[str, ...]:
        """The names under which the panel may list the login that handles tasks; itself first."""
        return (self.task_transport.username, *self.dialect.staff_names)

    def whoami(self, su: str | int | None = None) -> Whoami:
        """Return the user that our login is, or with `su` the client of that user."""
        answer = self.transport.read("whoami", su=su)
        user = answer.attributes("user")
        user_id, level = number(user.get("id")), number(user.get("level"))
        if user_id is None or level is None:
            raise answer.wrong(note("answer.nobody"))
        return Whoami(
            user_id=user_id,
            name=user.get("name", ""),
            email=user.get("email", ""),
            level=level,
            client_id=number(user.get("account")),
            balance=amounts.exact(user.get("balance", "")),
            currency=amounts.currency(user.get("currency", ""), self._context.currencies),
            currency_id=number(user.get("currency_id")),
            version=answer.version or "",
        )
