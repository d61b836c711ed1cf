"""Finding out what an installation calls things, by lists and forms alone.

A group action acts when it is called (billmanager.md 13), so such functions are judged by the
toolbar that names them and never tried. Where something is not found the entry stays None; an
administrator may set it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from panels.billmanager import taskforms
from panels.billmanager.context import VHOST
from panels.billmanager.dialect import Dialect
from panels.billmanager.modules import CREATE, kind_of
from panels.billmanager.names import Found, Take
from panels.billmanager.plans import is_vhost
from panels.errors import (
    AccessDenied,
    FunctionMissing,
    LoginRefused,
    Refused,
    UnexpectedAnswer,
)
from panels.faults import wants_client
from panels.listing import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.documents import Document
    from panels.forms import Form, Option, Toolbar
    from panels.transport import Transport

_ENABLE = ("resume", "enable", "on", "activate")
_DISABLE = ("suspend", "disable", "off", "deactivate")
_SAMPLE = 50
"""Rows that are read where any row will do."""


def discover(
    transport: Transport, task_transport: Transport | None = None, *, known: Dialect | None = None
) -> Dialect:
    """Find out what can be found out now; nothing on the panel is changed.

    `known` is an earlier result: what an administrator set in it stays, and what was learned from
    task forms stays while the panel's version is the same. Raises what a read raises when the
    panel cannot be reached or lets nobody in; a single function that is refused only leaves its
    entry open.
    """
    search = _Search(transport, task_transport or transport, Dialect())
    for step in (
        search.version,
        search.product_type,
        search.modules,
        search.plan_modules,
        search.services,
        search.ordering,
        search.tasks,
    ):
        step()
    found = search.dialect
    return found if known is None else found.keeping(known)


@dataclass
class _Search:
    """The discovery on its way; each step adds what it found to `dialect`."""

    transport: Transport
    task_transport: Transport
    dialect: Dialect

    def _found(self, **entries: Any) -> None:
        self.dialect = replace(self.dialect, **entries)

    def version(self) -> None:
        self._found(version=self.transport.read("whoami").version or "")

    def product_type(self) -> None:
        answer = _asked(self.transport, "itemtype", filter="on", intname=VHOST, p_cnt=_SAMPLE)
        for row in answer.listing().rows if answer else ():
            if row.get("intname") == VHOST:
                where = "itemtype list"
                self._found(
                    itemtype_id=Found(row.text("id"), where),
                    itemtype_name=Found(row.get("name"), where) if row.get("name") else None,
                )

    def modules(self) -> None:
        """Internal names from the list, then from the form in which modules are made."""
        choices: list[tuple[str, str]] = []
        listed = _asked(self.transport, "processing", filter="off", p_cnt=_SAMPLE)
        for row in listed.listing().rows if listed else ():
            code = row.code_or_none("module")
            if code is not None:
                choices.append((code, row.get("module")))
        start = _asked_form(self.transport, "processing.add", type=VHOST)
        offered = _options(start, "module")
        self._name_modules(choices, offered)
        if self.dialect.manual_module is not None:
            manual = self.dialect.manual_module.value
            form = _asked_form(self.transport, CREATE, module=manual, type=VHOST)
            self._found(
                departments=_numbered(_options(form, "department")),
                datacenters=_numbered(_options(form, "datacenter")),
            )

    def _name_modules(self, listed: list[tuple[str, str]], offered: Iterable[Option]) -> None:
        """Prefer what the form offers: a list may show titles instead of internal names."""
        where = "processing.add form"
        names = [(option.key, option.label) for option in offered]
        if not names:
            where, names = "processing list", listed
        kinds = {name: _kind(name, label, self.dialect) for name, label in names}
        manual = sorted(name for name, kind in kinds.items() if kind == "manual")
        ispmanager = [name for name, kind in kinds.items() if kind == "ispmanager"]
        titles = [name for name, _ in listed if kind_of(name, self.dialect) == "ispmanager"]
        self._found(
            manual_module=Found(manual[0], where, sure=False) if len(manual) == 1 else None,
            ispmanager_modules=tuple(dict.fromkeys([*ispmanager, *titles])),
        )

    def plan_modules(self) -> None:
        """The list of modules of a plan: named by the toolbar above the plans (3.2)."""
        answer = _asked(self.transport, "pricelist", devel=True, filter="off", p_cnt=_SAMPLE)
        if answer is None:
            return
        funcs = {
            button.func
            for button in answer.toolbar().buttons
            if button.func.startswith("pricelist.") and "processing" in button.func.lower()
        }
        if len(funcs) != 1:
            return
        (func,) = funcs
        self._found(plan_modules_list=Found(func, "toolbar of pricelist"))
        rows = answer.listing().rows
        plans = [row for row in rows if is_vhost(row, self.dialect)] or list(rows)
        if plans:
            self._open_plan_modules(func, plans[0].text("id"))

    def _open_plan_modules(self, func: str, plan: str) -> None:
        # A sub-list is opened with elid of its parent (billmanager.md 13); plid is the second try.
        for parent in ("elid", "plid"):
            opened = _asked(self.transport, func, devel=True, filter="off", **{parent: plan})
            if opened is not None and _is_list(opened):
                where = f"toolbar of {func}"
                toolbar = opened.toolbar()
                self._found(
                    plan_modules_parent=Found(parent, f"{func} opens with it"),
                    plan_modules_enable=_action(toolbar, func, _ENABLE, where),
                    plan_modules_disable=_action(toolbar, func, _DISABLE, where),
                )
                return

    def services(self) -> None:
        """Which field of the filter takes a client's id (billmanager.md 7.1 names two)."""
        form = _asked_form(self.transport, "vhost.filter")
        if form is None:
            return
        for name in ("account_id", "account"):
            if name in form.fields:
                self._found(client_filter=Found(name, "vhost.filter form", sure=False))
                return

    def ordering(self) -> None:
        """Generation of the order and the cart, asked as some client: staff are sent away."""
        su = self._some_user()
        if su is None:
            return
        order = "v2" if self._has("v2.vhost.order.param", su) else None
        if order is None and self._has("vhost.order.param", su):
            order = "old"
        cart = "cart" if self._has("cart", su) else None
        if cart is None and self._has("basket", su):
            cart = "basket"
        self._found(
            order=Found(order, "v2.vhost.order.param, vhost.order.param") if order else None,
            cart=Found(cart, "cart, basket") if cart else None,
        )

    def _some_user(self) -> str | None:
        answer = _asked(self.transport, "user", filter="off", p_cnt=_SAMPLE)
        for row in answer.listing().rows if answer else ():
            client = row.get("account_id", "account")
            off = (row.code_or_none("active", "status") or "on").lower() in {"off", "disabled"}
            if client and not off and row.get("level") in {"", "16"}:
                return row.text("id")
        return None

    def _has(self, func: str, su: str) -> bool:
        """Whether a function exists, by reading its form or list.

        Any other answer than "missing" or "not allowed" comes from the function itself, for
        instance `wizard_unavailable` for an order that was not begun (billmanager.md 1.4).
        """
        try:
            self.transport.read(func, su=su)
        except LoginRefused:
            raise
        except FunctionMissing:
            return False
        except AccessDenied as denied:
            return wants_client(denied.fault)
        except Refused:
            return True
        return True

    def tasks(self) -> None:
        """How tasks are taken and closed, as far as the list and one form of it show."""
        opening = _options(_asked_form(self.task_transport, "task.filter"), "type")
        types = tuple(option.key for option in opening if _is_opening(option.key))
        if types:
            self._found(task_open_types=types)
        answer = _asked(
            self.task_transport, "task", devel=True, filter="off", p_cnt=_SAMPLE, p_col="-id"
        )
        if answer is None:
            return
        self._task_departments()
        func = taskforms.take_function(answer.toolbar().buttons)
        if func is not None:
            self._found(task_take=Take("toolbar", func, where="toolbar of task", sure=False))
        for row in answer.listing().rows:
            undone = row.code_or_none("status") in {"0", "1"}
            if undone and row.code_or_none("type") in self.dialect.task_open_types:
                form = _asked_form(self.task_transport, "task.edit", elid=row.text("id"))
                if form is not None:
                    self.dialect = self.dialect.learn_task_form(form)
                return

    def _task_departments(self) -> None:
        """The staff login's own departments: what its list of them, or its filter, offers.

        Task visibility follows the department (billmanager.md 9); that a list `department` exists
        and shows only one's own is inferred.
        """
        answer = _asked(self.task_transport, "department", filter="off", p_cnt=_SAMPLE)
        if answer is not None and not _is_form(answer):
            named = [(row.int("id"), row.get("name")) for row in answer.listing().rows]
            self._found(task_departments=tuple(named))
            return
        form = _asked_form(self.task_transport, "task.filter")
        self._found(task_departments=_numbered(_options(form, "department")))


def _kind(name: str, label: str, dialect: Dialect) -> str:
    by_name = kind_of(name, dialect)
    return by_name if by_name != "other" else kind_of(label, dialect)


def _is_opening(task_type: str) -> bool:
    """Whether a task of this type opens a service: `postopen` is documented (6.1)."""
    return task_type in {"postopen", "open"}


def _action(toolbar: Toolbar, func: str, names: tuple[str, ...], where: str) -> Found | None:
    """Give the function behind a button with one of these names, below the list's own function."""
    button = toolbar.named(*names)
    if button is None:
        return None
    return Found(button.func, where, sure=button.func.startswith(f"{func}."))


def _asked(
    transport: Transport, func: str, *, devel: bool = False, **params: str | int
) -> Document | None:
    """Call a list or a form; None when the panel refuses or answers what cannot be understood."""
    try:
        return transport.read(func, params, devel=devel)
    except LoginRefused:
        raise
    except Refused:
        return None
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        return None


def _asked_form(transport: Transport, func: str, **params: str | int) -> Form | None:
    answer = _asked(transport, func, devel=True, **params)
    if answer is None or _is_list(answer):
        return None
    return answer.form()


def _is_list(answer: Document) -> bool:
    return answer.attributes("metadata").get("type") == "list"


def _is_form(answer: Document) -> bool:
    return answer.attributes("metadata").get("type") == "form"


def _options(form: Form | None, name: str) -> tuple[Option, ...]:
    field = None if form is None else form.fields.get(name)
    return () if field is None else field.options or ()


def _numbered(options: Iterable[Option]) -> tuple[tuple[int, str], ...]:
    return tuple((key, o.label) for o in options if (key := number(o.key)) is not None)
