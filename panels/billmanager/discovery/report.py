"""The dialect report: one readable file of all that an installation showed of its names.

An administrator sends it to whoever maintains this program; the sandbox loads it as a dialect, so
that what is unknown today becomes a test tomorrow. It is made of shapes (`shapes`) and of entries
of the dialect, and holds no name, mail, password or id of a client. Only lists and forms are read.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from panels.billmanager.context import VHOST
from panels.billmanager.dialect import shapes
from panels.billmanager.dialect.names import Close, Found, Take
from panels.billmanager.discovery.discovery import some_user
from panels.billmanager.discovery.report_keys import Seen, keys_of
from panels.billmanager.optional_reads import is_form, is_list
from panels.coremanager.errors import LoginRefused, PanelError, Refused, UnexpectedAnswer
from panels.coremanager.redaction import REDACTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from panels.billmanager import BillManager
    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row
    from panels.http.transport import Transport

T = TypeVar("T")

FORMAT = 1
"""Of the file; the sandbox refuses another."""

_ADDRESS = re.compile(r"\S@\S|://")

_LISTS = (
    "processing", "pricelist", "account", "user", "vhost", "payment", "paymethod", "expense",
    "itemtype", "department", "datacenter", "currency",
)  # fmt: skip
_FILTERS = ("vhost.filter", "pricelist.filter", "processing.filter")
_SAMPLE = 20

_PEOPLE = frozenset(
    {"staff_names", "departments", "task_departments", "datacenters", "paymethods", "modules"}
)
"""Entries of which only the number is reported: their titles are people's own words."""


def report(
    bm: BillManager,
    *,
    forms: Mapping[str, shapes.Shape] | None = None,
    faults: Iterable[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Read everything that shows names, and return the report.

    `forms` are shapes of forms that were seen earlier, by function (that of a task can be read
    only while there is one); `faults` are refusals that were met earlier, as `fault_of` gives
    them. Raises what a read raises when the panel cannot be reached or lets nobody in.
    """
    reader = _ReportReader(bm, dict(forms or {}))
    reader.read_all()
    seen, dialect = reader.seen, bm.dialect
    generation = dialect.order.value if dialect.order else "v2"
    written: dict[str, Any] = {
        "format": FORMAT,
        "name": f"billmanager-{dialect.version}" if dialect.version else "billmanager",
        "about": "Names that one BILLmanager uses, found by lists and forms alone. It holds no"
        " name, mail, password or id of a client. `keys` are the words of the sandbox, `found` is"
        " what the client knows and where from, `lists`, `forms` and `faults` are what was seen.",
        "extends": "billmanager6" if generation == "v2" else "billmanager5",
        "keys": {
            key: {"value": value, "seen": where}
            for key, (value, where) in keys_of(dialect, seen).items()
        },
        "found": _entries(dialect),
        "lists": dict(sorted(seen.lists.items())),
        "forms": dict(sorted(seen.forms.items())),
        "faults": _distinct([*faults, *reader.faults]),
    }
    return {name: _scrubbed(part) for name, part in written.items()}


def fault_of(func: str, error: PanelError) -> dict[str, str]:
    """Return the shape of a refusal: function, type, object, code; never its words."""
    found = {"func": func, "type": type(error).__name__}
    if isinstance(error, Refused):
        about = error.object if shapes.is_name(error.object) else ""
        kind = error.type if shapes.is_name(error.type) else ""
        code = error.code if error.code.isdigit() else ""
        found |= {"type": kind, "object": about, "code": code}
    return found


@dataclass
class _ReportReader:
    """Reads what the report needs and collects it, with the refusals."""

    bm: BillManager
    known: dict[str, shapes.Shape]
    seen: Seen = field(init=False)
    faults: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = Seen(username=self.bm.task_transport.username, forms=self.known)

    def read_all(self) -> None:
        who = self._ask(self.bm.transport, "whoami", {})
        if who is not None:
            self.seen.language = who.language
            self.seen.core = who.text("version/core")
        rows = {func: self._list(func) for func in _LISTS}
        for func in _FILTERS:
            self._form(func)
        self._modules(rows["processing"])
        self._plan(rows["pricelist"])
        for row in rows["vhost"][:1]:
            self._form("vhost.edit", {"elid": row.text("id")})
        self._tasks()
        self._as_client()

    def _modules(self, rows: list[Row]) -> None:
        dialect = self.bm.dialect
        self._form("processing.add", {"type": VHOST})
        if dialect.module_create and dialect.manual_module:
            params = {"type": VHOST, "module": dialect.manual_module.value}
            self._form(dialect.module_create.value, params)
        if not rows:
            return
        for module in self._unless_refused("processing", self.bm.modules.all) or ():
            if module.kind == "ispmanager":
                self._form("processing.edit", {"elid": str(module.id)})
                return

    def _plan(self, rows: list[Row]) -> None:
        dialect = self.bm.dialect
        hosting = [row for row in rows if self.bm.plans.is_vhost(row)] or rows
        for row in hosting[:1]:
            self._form("pricelist.edit", {"elid": row.text("id")})
            if dialect.plan_modules_list and dialect.plan_modules_parent:
                parent = {dialect.plan_modules_parent.value: row.text("id")}
                self._list(dialect.plan_modules_list.value, parent)

    def _tasks(self) -> None:
        staff, types = self.bm.task_transport, self.bm.dialect.task_open_types
        self._form("task.filter", by=staff)
        for row in self._list("task", {"p_col": "-id"}, by=staff):
            open_now = row.code_or_none("status") == "0"
            if open_now and row.code_or_none("type") in types:
                self._form("task.edit", {"elid": row.text("id")}, by=staff)
                return

    def _as_client(self) -> None:
        su = some_user(self.bm.transport)
        if su is None:
            return
        self._form("payment.add.method", su=su)
        if self.bm.dialect.cart:
            func = self.bm.dialect.cart.value
            answer = self._ask(self.bm.transport, func, {}, su=su)
            if answer is not None and is_list(answer):
                self.seen.lists[func] = shapes.of_list(answer)
            elif answer is not None:
                self.seen.forms[func] = shapes.of_form(answer.form())
        if self.bm.dialect.order is None:
            return
        offers = self._unless_refused("pricelist.export", self.bm.plans.offers) or {}
        for plan, offer in offers.items():
            if offer.periods and offer.datacenters:
                func, asked = self.bm.orders.form_call(
                    plan, offer.datacenters[0][0], min(offer.periods)
                )
                self._form(func, {name: str(value) for name, value in asked.items()}, su=su)
                return

    def _list(
        self, func: str, params: Mapping[str, str] | None = None, *, by: Transport | None = None
    ) -> list[Row]:
        told = {"filter": "off", "p_cnt": str(_SAMPLE), **(params or {})}
        answer = self._ask(by or self.bm.transport, func, told)
        if answer is None or is_form(answer):
            return []
        self.seen.lists[func] = shapes.of_list(answer)
        rows = list(answer.listing().rows)
        self.seen.rows[func] = rows
        return rows

    def _form(
        self,
        func: str,
        params: Mapping[str, str] | None = None,
        *,
        by: Transport | None = None,
        su: str | None = None,
    ) -> Form | None:
        answer = self._ask(by or self.bm.transport, func, params or {}, su=su)
        if answer is None or is_list(answer):
            return None
        form = answer.form()
        self.seen.forms[func] = shapes.of_form(form)
        return form

    def _ask(
        self, transport: Transport, func: str, params: Mapping[str, str], *, su: str | None = None
    ) -> Document | None:
        return self._unless_refused(func, lambda: transport.read(func, params, su=su, devel=True))

    def _unless_refused(self, func: str, read: Callable[[], T]) -> T | None:
        """The result of `read`; None, and the fault is collected, where the panel refuses."""
        try:
            return read()
        except LoginRefused:
            raise
        except (Refused, UnexpectedAnswer) as error:
            if isinstance(error, UnexpectedAnswer) and error.transient:
                raise
            self.faults.append(fault_of(func, error))
            return None


def _entries(dialect: Dialect) -> dict[str, Any]:
    """Each entry as it is known, with where it was found; of people's own words the number."""
    found: dict[str, Any] = {}
    for name, value in dialect.to_json().items():
        original = getattr(dialect, name)
        if name in {"places", "choices"}:
            continue
        if isinstance(original, Found | Take | Close):
            found[name] = asdict(original)
        elif name == "task_fields":
            found[name] = {"value": [entry.partition("=")[0] for entry in original]}
        elif name in _PEOPLE:
            found[name] = {"count": len(original), "where": dialect.places.get(name, "")}
        elif original is None or isinstance(original, tuple):
            found[name] = {"value": value, "where": dialect.places.get(name, "")}
        told = [one for one in dialect.choices.get(name, ()) if shapes.is_name(one)]
        if told and name in found:
            found[name]["choices"] = told
    return found


def _scrubbed(part: Any) -> Any:
    """Give a part without anything that looks like an e-mail or a web address.

    Shapes hold none; titles of modules and an administrator's words might.
    """
    if isinstance(part, dict):
        return {name: _scrubbed(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_scrubbed(value) for value in part]
    return REDACTED if isinstance(part, str) and _ADDRESS.search(part) else part


def _distinct(faults: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    told = {tuple(sorted(fault.items())) for fault in faults}
    return [dict(fault) for fault in sorted(told)]
