"""The dials: what can be turned while the sandbox runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


class DialError(ValueError):
    """A dial that does not exist, or a value that it does not take."""


@dataclass(slots=True)
class Dials:
    """Every dial with its rest position. Times are seconds, latency is milliseconds."""

    latency: float = 0.0
    """How long a panel takes to answer a request."""
    latency_jitter: float = 0.0
    """Up to so much is added to the latency, evenly drawn."""
    clock_ahead: float = 0.0
    """By how many seconds the panels' clock goes ahead in the date of their answers."""
    parallel: int = 0
    """How many requests a panel works on at once; 0 for no limit."""
    parallel_over: str = "queue"
    """What happens to a request over the limit: ``queue`` waits, ``refuse`` answers HTTP 503."""
    task_delay: float = 0.3
    """From payment to the opening, which makes the task or opens the service by itself."""
    close_delay: float = 0.2
    """From closing a task to the service being active."""
    open_retry: float = 300.0
    """How long an opening waits when no module takes it (billmanager.md 10)."""
    open_tries: int = 3
    """After so many failed openings people get a task (billmanager.md 6.1)."""
    broken_plans: list[int] = field(default_factory=list)
    """Plans whose modules cannot be listed."""
    broken_servers: list[str] = field(default_factory=list)
    """Servers that their module cannot reach when it opens a service."""
    strangers_every: float = 0.0
    """Seconds between orders of strangers; 0 for none."""
    session_seconds: float = 3600.0
    """Life of a session after its last use (billmanager.md 1.2)."""
    session_address: bool = True
    """Whether a session is bound to the address that opened it."""
    dead_session_html: bool = False
    """A dead session is answered with the HTML login page (ispmanager.md 1.4)."""
    lock_after: int = 0
    """So many wrong passwords lock an address out of a panel; 0 for never."""
    lock_seconds: float = 300.0
    """How long such a lock lasts."""
    authinfo: bool = True
    """Whether ``authinfo`` is accepted."""
    two_factor: list[str] = field(default_factory=list)
    """Logins that need a second factor, as panel/login."""
    address_bound: list[str] = field(default_factory=list)
    """Logins that may not come from here, as panel/login."""
    denied: dict[str, list[str]] = field(default_factory=dict)
    """Functions that a staff login may not use, by login."""
    password_min: int = 0
    """Shortest password that BILLmanager takes in a task or a service."""
    password_classes: int = 0
    """How many of lower, upper, digit, other such a password must have."""
    payment_least: int = 0
    """Each pay method takes no payment below so many minor units; 0 for its own limit."""
    payment_most: int = 0
    """Each pay method takes no payment above so many minor units; 0 for no limit."""
    cashback: int = 0
    """Per cent of each payment that a promotion gives back (billmanager.md 5.2)."""
    randomnumber_unique: bool = True
    """A second payment with a used randomnumber is refused (billmanager.md 5)."""
    profile_required: bool = True
    """A payment needs a payer profile (billmanager.md 5)."""
    licence_agreement: bool = False
    """An order needs licence_agreement=on (billmanager.md 4.1)."""
    order_profile: str = ""
    """A client without a payer profile cannot order: ``refuse`` says so, ``form`` shows the form
    of a profile instead (billmanager.md 5, assumed for orders)."""
    order_discount: int = 0
    """Per cent off each order, which the order form alone shows."""
    order_addons: bool = False
    """The order form offers an add-on (billmanager.md 4.1)."""
    order_required: list[str] = field(default_factory=list)
    """Further fields that an order needs."""
    order_closed_to: list[int] = field(default_factory=list)
    """Clients that may not order (billmanager.md 3.1, ``access``; assumed)."""
    plan_rules: dict[str, dict[str, str]] = field(default_factory=dict)
    """Plan id to columns of its form that keep it from being ordered (billmanager.md 3.4; that
    the form has them, and what their values mean, is assumed): ``archived``, ``endoflifedate``,
    ``price_on_request``, ``minperiodtype``, ``minperiodlen``, ``itemmax``, ``pricelist_group``,
    ``access``, ``requery_phone``, ``orderreference``, ``quickorder``."""
    plan_groups: dict[str, int] = field(default_factory=dict)
    """Group of plans to the most services of it that a client may order."""
    client_groups: dict[str, list[int]] = field(default_factory=dict)
    """Group of clients (a plan's ``access``) to those who are in it."""
    unverified_phones: list[int] = field(default_factory=list)
    """Clients whose phone is not verified (billmanager.md 4.4)."""
    captcha: list[str] = field(default_factory=list)
    """Forms that ask for a captcha: ``auth``, ``order`` (billmanager.md 1.7)."""
    cash_registers: dict[str, bool] = field(default_factory=dict)
    """Cash registers, and whether each prints for charges too (billmanager.md 5.3)."""
    client_terms: str = "form"
    """Where BILLmanager shows that a client pays later: ``form``, ``list``, or ``nowhere``
    (billmanager.md 5.2; the names of field and column are assumed)."""
    refused_leaves: str = ""
    """What an order without money leaves: service, line, nothing; empty asks the dialect."""
    close_checks_username: bool = False
    """Closing a task refuses a username that the server does not have."""
    close_opens: bool = False
    """Closing a task lets the module create a hosting user, as an opening does."""
    close_sets_password: bool = False
    """Closing a task lets the module set the hosting user's password."""
    close_pushes_limits: bool = False
    """Closing a task pushes the plan's limits to the hosting user."""
    closed_task: str = "refuse"
    """A second close of a task: ``refuse``, or ``accept`` and act again."""
    edit_pushes_limits: bool = True
    """Saving an active service pushes the plan's limits (billmanager.md 7.3)."""
    lists_behind: float = 0.0
    """By how many seconds lists of services, tasks, payments and charges lag behind what was done;
    forms never do (BILLmanager works asynchronously; that its lists lag is assumed)."""
    upgrade: dict[str, str] = field(default_factory=dict)
    """Keys of the dialect that are otherwise since an upgrade of BILLmanager; empty for none."""
    odd_cells: dict[str, str] = field(default_factory=dict)
    """What a cell shows instead of what it should: "FUNCTION KEY COLUMN" to a text, for each
    row where KEY is *; an empty text leaves the cell out."""
    default_rows: int = 1000
    """Rows of a list's page when p_cnt is not sent."""
    max_rows: int = 0
    """Rows of a page at most, whatever p_cnt says; 0 for no cap."""
    list_cut: int = 0
    """How many rows a list shows at most, on all of its pages together; 0 for all. The real ones
    end in LIMIT 5001 (billmanager.md 1.6)."""
    list_cut_tells_all: bool = False
    """``p_elems`` of a list that is cut gives the real number of rows (not known)."""
    list_cut_first: bool = False
    """A list is cut before it is sorted, so that sorting shows no other rows (not known)."""
    ignored_filters: list[str] = field(default_factory=list)
    """Fields of a filter that no list knows; a call that names one is answered as without it."""
    updating: str = ""
    """Each call is answered with a page that says that the panel is being updated: this text."""
    only_path: str = ""
    """The one path on which BILLmanager answers, for instance ``/manager/billmgr``; "" for both."""
    expired_passwords: list[str] = field(default_factory=list)
    """Logins whose password has expired, as panel/login: after logging in they are shown the form
    of a new one, whatever they ask for (assumed)."""
    missing_without_object: bool = False
    """What is said of a function that does not exist names none (billmanager.md 1.4)."""

    def turn(self, values: dict[str, Any]) -> None:
        """Set dials by name; DialError, with nothing changed, on an unknown one or a wrong kind."""
        checked = {name: self._checked(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """Give all dials with their values."""
        return asdict(self)

    def _checked(self, name: str, value: object) -> object:
        if name not in {dial.name for dial in fields(self)}:
            msg = f"there is no dial {name}"
            raise DialError(msg)
        now = getattr(self, name)
        if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not type(now):
            msg = f"dial {name} takes {type(now).__name__}, not {type(value).__name__}"
            raise DialError(msg)
        return value
