"""The rows of the sandbox's world. Immutable: a change is a new row put into its table.

Money is in minor units (cents), times are epoch seconds, 0 or "" stand for *none*. The first
field is the key unless ``key`` in :mod:`panels.sandbox.world.world` says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

ORDERED, ACTIVE, SUSPENDED, DELETED, IN_PROGRESS = 1, 2, 3, 4, 5
"""Service statuses (billmanager.md 7.1)."""

TASK_OPEN, TASK_IN_WORK, TASK_CLOSED = 0, 1, 2
"""Task statuses (billmanager.md 6.1)."""

WORK_OFFSET = 50_000
"""The id of a performer's own form is the task's id and so much."""

PAYMENT_NEW, PAYMENT_CREDITED, PAYMENT_INITIATED = 1, 4, 8
"""The payment statuses that the sandbox sets (billmanager.md 5)."""

CLIENT_LEVEL, STAFF_LEVEL, ROOT_LEVEL = 16, 29, 30
"""Access levels (billmanager.md 1.2)."""


class Department(NamedTuple):
    """A staff department; tasks belong to one."""

    id: int
    name: str


class Datacenter(NamedTuple):
    """A data centre of BILLmanager."""

    id: int
    name: str


class Client(NamedTuple):
    """A client: a BILLmanager account, which pays.

    In advance, unless it is ``postpaid`` (no limit) or has a ``credit_limit`` in minor units,
    never both (billmanager.md 5.2).
    """

    id: int
    name: str
    project: int
    balance: int
    status: str
    registered: float
    postpaid: bool = False
    credit_limit: int = 0

    def affords(self, price: int) -> bool:
        """Whether this client may be charged so much now."""
        return not price or self.postpaid or price <= self.balance + self.credit_limit


class User(NamedTuple):
    """A login of BILLmanager: of a client, or of staff where ``client`` is 0.

    ``rights`` of staff are *all*, or *tasks*: what handling tasks needs.
    """

    id: int
    client: int
    login: str
    email: str
    realname: str
    password: str
    level: int
    active: bool = True
    departments: tuple[int, ...] = ()
    rights: str = "all"

    def __repr__(self) -> str:
        """Name the user without the password."""
        return f"User({self.id}, {self.login!r})"


class Module(NamedTuple):
    """A processing module; ``server`` names the ispmanager it drives, or is empty."""

    id: int
    name: str
    intname: str
    itemtype: str
    datacenter: int
    department: int
    orderpriority: int
    enabled: bool
    server: str = ""


class Plan(NamedTuple):
    """A tariff plan. ``prices`` pairs months with minor units, ``modules`` are the enabled ids.

    ``limits`` pairs resources (billmanager.md 3.3) with what is included; disc is in MiB.
    """

    id: int
    name: str
    intname: str
    itemtype: str
    project: int
    enabled: bool
    prices: tuple[tuple[int, int], ...]
    modules: tuple[int, ...]
    opennotify: str
    orderpriority: int
    preset: str
    template: str
    limits: tuple[tuple[str, int], ...] = ()


class Service(NamedTuple):
    """A service of a client. ``item_status`` is the status with its reason, as in 5_open."""

    id: int
    plan: int
    client: int
    datacenter: int
    period: int
    domain: str
    status: int
    item_status: str
    price: int
    created: float
    remoteid: str = ""
    autoprolong: str = "null"
    username: str = ""
    password: str = ""
    module: int = 0
    paid: bool = False
    expires: str = ""
    opened: float = 0.0
    note: str = ""
    failed: bool = False
    origin: str = "order"

    def __repr__(self) -> str:
        """Name the service without the password."""
        return f"Service({self.id}, {self.domain!r}, {self.item_status!r})"


class Line(NamedTuple):
    """An unpaid line of a cart or basket; ``service`` is 0 until a service exists for it."""

    id: int
    client: int
    plan: int
    datacenter: int
    period: int
    domain: str
    cost: int
    remoteid: str
    autoprolong: str
    service: int
    billorder: int


class Task(NamedTuple):
    """A task of staff about a service. ``work`` is the id of the performer's own form."""

    id: int
    type: str
    service: int
    department: int
    status: int
    performer: int
    operation: int
    opened: float
    work: int = 0
    closes: int = 0
    refused_closes: int = 0


class Payment(NamedTuple):
    """Money on its way from a client. ``billorder`` is the order it pays, or 0.

    ``tied_to`` is the payment whose cashback it is, or 0.
    """

    id: int
    client: int
    profile: int
    method: int
    amount: int
    status: int
    randomnumber: str
    created: float
    billorder: int = 0
    paid_at: float = 0.0
    tied_to: int = 0


class Expense(NamedTuple):
    """A charge for a service, its order or a renewal. Staff may lower ``amount`` later."""

    id: int
    client: int
    service: int
    amount: int
    text: str
    created: float
    kind: str = "order"


class Profile(NamedTuple):
    """A payer profile; kind 1 person, 2 company, 3 sole trader."""

    id: int
    client: int
    name: str
    kind: int


class PayMethod(NamedTuple):
    """A way to pay."""

    id: int
    name: str
    module: str
    minamount: int


class HostingUser(NamedTuple):
    """An account on an ispmanager. ``key`` is server/name; addresses restrict its logins.

    ``payer`` and ``story`` are the truth of :mod:`.field`: the client who pays (0:
    whoever has its e-mail) and how it came to be.
    """

    key: str
    server: str
    name: str
    fullname: str
    owner: str
    preset: str
    password: str
    email: str
    active: bool
    quota_total: int
    quota_used: int
    created: float
    level: int = CLIENT_LEVEL
    service: int = 0
    two_factor: bool = False
    addresses: tuple[str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    payer: int = 0
    story: str = ""

    def __repr__(self) -> str:
        """Name the account without the password."""
        return f"HostingUser({self.key!r})"


class WebDomain(NamedTuple):
    """A site on an ispmanager; ``owner`` is the account's login."""

    key: str
    server: str
    id: int
    name: str
    owner: str
    active: bool


class Preset(NamedTuple):
    """An account template of an ispmanager."""

    key: str
    server: str
    name: str
    limits: tuple[tuple[str, str], ...]


class Session(NamedTuple):
    """A login's session on one panel, bound to an address."""

    id: str
    panel: str
    login: str
    address: str

    def __repr__(self) -> str:
        """Name the session's owner without its id."""
        return f"Session({self.panel!r}, {self.login!r})"


class Job(NamedTuple):
    """Work that a panel does by itself when it is due."""

    id: int
    due: float
    kind: str
    target: int
    args: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the job without its arguments, which may hold a password."""
        return f"Job({self.id}, {self.kind!r}, {self.target})"


class SavedFilter(NamedTuple):
    """A filter that a login has saved for a list; ``key`` is panel/login/function."""

    key: str
    values: tuple[tuple[str, str], ...]


class Event(NamedTuple):
    """One effect, for the ledger. ``data`` is JSON."""

    id: int
    at: float
    kind: str
    data: dict[str, object]
