"""Finding out what an installation calls things, by lists and forms alone.

A group action acts when it is called (billmanager.md 13), so such functions are judged by the
toolbar that names them and never tried. Where something is not found, or two things would do, the
entry stays None and `places` says what was looked for; an administrator may set it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from panels.billmanager import taskforms
from panels.billmanager.asking import asked, asked_form, is_form, is_list, numbered, options
from panels.billmanager.context import VHOST
from panels.billmanager.dialect import Dialect
from panels.billmanager.modules import CREATE, kind_of
from panels.billmanager.names import Found, Take
from panels.billmanager.plans import is_vhost
from panels.errors import AccessDenied, FunctionMissing, LoginRefused, Refused
from panels.faults import wants_client
from panels.listing import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from panels.documents import Document
    from panels.forms import Option, Toolbar, ToolButton
    from panels.transport import Transport

_ENABLE = ("resume", "enable", "on", "activate")
_DISABLE = ("suspend", "disable", "off", "deactivate")
_SUB_LIST = re.compile(r"processing|module", re.IGNORECASE)
_LAST_STEPS = ("settings", "finish", "params", "param", "step2", "step3", "step4")
"""What the last step of the wizard of modules may be called: the first was seen in code
(billmanager.md 2.2), the others are guesses, and a form is all that is read by them."""
_SAMPLE = 50
"""Rows that are read where any row will do."""


def discover(
    transport: Transport,
    task_transport: Transport | None = None,
    *,
    known: Dialect | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Dialect:
    """Find out what can be found out now; nothing on the panel is changed.

    `overrides` are an administrator's words: what depends on them is looked for by them, they
    themselves are not part of the result. `known` is an earlier result: what was set in it stays,
    and what was learned from task forms stays while the panel's version is the same. Raises what a
    read raises when the panel cannot be reached or lets nobody in; a single function that is
    refused only leaves its entry open.
    """
    search = _Search(transport, task_transport or transport, overrides or {})
    for step in (
        search.version,
        search.product_type,
        search.modules,
        search.plan_modules,
        search.services,
        search.ordering,
        search.money,
        search.tasks,
    ):
        step()
    found = replace(search.found, places=search.places)
    return found if known is None else found.keeping(known)


@dataclass
class _Search:
    """The discovery on its way; each step adds what it finds to `found`."""

    transport: Transport
    task_transport: Transport
    overrides: Mapping[str, str]
    found: Dialect = field(default_factory=Dialect)
    places: dict[str, str] = field(default_factory=dict)
    su: str | None = None
    """Some client's user, None while there is none."""

    @property
    def dialect(self) -> Dialect:
        """What is known so far, with the administrator's words."""
        return self.found.with_overrides(self.overrides)

    def _found(self, **entries: Any) -> None:
        self.found = replace(self.found, **entries)

    def _listed(self, where: str, **entries: tuple[Any, ...]) -> None:
        """Keep entries that are tuples, with the place that they come from."""
        self._found(**entries)
        self.places |= {name: where for name, value in entries.items() if value}

    def version(self) -> None:
        answer: Document | None = self.transport.read("whoami")
        self._found(version=(answer.version if answer else None) or "")
        if self.task_transport is not self.transport:
            answer = asked(self.task_transport, "whoami")
        user = answer.attributes("user") if answer else {}
        own = (self.task_transport.username, *(user.get(n, "") for n in ("name", "id", "realname")))
        self._listed("whoami", staff_names=tuple(dict.fromkeys(name for name in own if name)))

    def product_type(self) -> None:
        answer = asked(self.transport, "itemtype", filter="on", intname=VHOST, p_cnt=_SAMPLE)
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
        listed = asked(self.transport, "processing", devel=True, filter="off", p_cnt=_SAMPLE)
        rows = listed.listing().rows if listed is not None and not is_form(listed) else ()
        for row in rows:
            code = row.code_or_none("module")
            if code is not None:
                choices.append((code, row.get("module")))
        add = _adding(listed.toolbar() if listed is not None else None)
        self._name_modules(choices, options(asked_form(self.transport, add, type=VHOST), "module"))
        manual = self.dialect.manual_module
        if manual is not None:
            self._creation(add, manual.value)

    def _name_modules(self, listed: list[tuple[str, str]], offered: Iterable[Option]) -> None:
        """Prefer what the form offers: a list may show titles instead of internal names."""
        where = "processing.add form"
        names = [(option.key, option.label) for option in offered]
        self._listed(where, module_titles=tuple((name, label) for name, label in names if label))
        if not names:
            where, names = "processing list", listed
        kinds = {name: _kind(name, label, self.dialect) for name, label in names}
        manual = sorted(name for name, kind in kinds.items() if kind == "manual")
        ispmanager = [name for name, kind in kinds.items() if kind == "ispmanager"]
        titles = [name for name, _ in listed if kind_of(name, self.dialect) == "ispmanager"]
        self._found(manual_module=Found(manual[0], where, sure=False) if len(manual) == 1 else None)
        self._listed(where, ispmanager_modules=tuple(dict.fromkeys([*ispmanager, *titles])))
        if len(manual) != 1:
            seen = ", ".join(manual or kinds) or "nothing"
            self.places["manual_module"] = f"{where}: which of these is it? {seen}"

    def _creation(self, add: str, manual: str) -> None:
        """Find the step that makes a module from all values at once; its form has a department."""
        tried = dict.fromkeys([CREATE, *(f"{add}.{step}" for step in _LAST_STEPS)])
        for func in tried:
            form = asked_form(self.transport, func, module=manual, type=VHOST)
            if form is None or not {"name", "datacenter", "department"} & set(form.fields):
                continue
            where = f"{func} form"
            button = next((b for n in ("finish", "ok") if (b := form.button(n))), None)
            self._found(
                module_create=Found(func, where, sure=func == CREATE),
                module_button=Found(button.name, where) if button else None,
            )
            self._listed(
                where,
                departments=numbered(options(form, "department")),
                datacenters=numbered(options(form, "datacenter")),
            )
            return
        self.places["module_create"] = f"none of these is its form: {', '.join(tried)}"

    def plan_modules(self) -> None:
        """The list of modules of a plan: named by the toolbar above the plans (3.2)."""
        answer = asked(self.transport, "pricelist", devel=True, filter="off", p_cnt=_SAMPLE)
        if answer is None or is_form(answer):
            self.places["plan_modules_list"] = "the list pricelist was refused"
            return
        where = "toolbar of pricelist"
        given = self.dialect.plan_modules_list
        funcs = [given.value] if given else _sub_lists(answer.toolbar())
        if given is None and len(funcs) == 1:
            self._found(plan_modules_list=Found(funcs[0], where))
        rows = answer.listing().rows
        plans = [row for row in rows if is_vhost(row, self.dialect)] or list(rows)
        opened = {}
        for func in funcs if plans else ():
            found = self._opened(func, plans[0].text("id"))
            if found is not None:
                opened[func] = found
        if len(opened) != 1:
            self.places["plan_modules_list"] = _not_one(where, funcs, opened)
            return
        ((func, (parent, toolbar)),) = opened.items()
        self._found(plan_modules_list=Found(func, where, sure=len(funcs) == 1))
        self._plan_actions(func, parent, toolbar)

    def _opened(self, func: str, plan: str) -> tuple[str, Toolbar] | None:
        # A sub-list is opened with elid of its parent (billmanager.md 13); plid is the second try.
        for parent in ("elid", "plid"):
            answer = asked(self.transport, func, devel=True, filter="off", **{parent: plan})
            if answer is not None and is_list(answer):
                return parent, answer.toolbar()
        return None

    def _plan_actions(self, func: str, parent: str, toolbar: Toolbar) -> None:
        where = f"toolbar of {func}"
        enable, disable = (_action(toolbar, func, n, where) for n in (_ENABLE, _DISABLE))
        self._found(
            plan_modules_parent=Found(parent, f"{func} opens with it"),
            plan_modules_enable=enable,
            plan_modules_disable=disable,
        )
        seen = ", ".join(button.func for button in toolbar.buttons) or "nothing"
        for name in ("plan_modules_enable", "plan_modules_disable"):
            if getattr(self.found, name) is None:
                self.places[name] = f"{where} shows this login: {seen}"

    def services(self) -> None:
        """Which field of the filter takes a client's id (billmanager.md 7.1 names two)."""
        form = asked_form(self.transport, "vhost.filter")
        if form is None:
            return
        for name in ("account_id", "account"):
            if name in form.fields:
                self._found(client_filter=Found(name, "vhost.filter form", sure=False))
                return

    def ordering(self) -> None:
        """Generation of the order and the cart, asked as some client: staff are sent away."""
        su = self.su = some_user(self.transport)
        if su is None:
            self.places |= dict.fromkeys(("order", "cart"), "there is no active client to ask as")
            return
        for entry, ways in (
            ("order", {"v2": "v2.vhost.order.param", "old": "vhost.order.param"}),
            ("cart", {"cart": "cart", "basket": "basket"}),
        ):
            kind = next((kind for kind, func in ways.items() if self._has(func, su)), None)
            if kind is not None:
                self._found(**{entry: Found(kind, f"{ways[kind]}, asked as a client")})
            else:
                self.places[entry] = f"as a client neither is there: {', '.join(ways.values())}"

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

    def money(self) -> None:
        """Payment methods (billmanager.md 5) and currencies, by id; the token against repeats."""
        for entry, func, titles in (
            ("paymethods", "paymethod", ("name",)),
            ("currencies", "currency", ("iso", "name")),
        ):
            answer = asked(self.transport, func, filter="off", p_cnt=_SAMPLE)
            rows = answer.listing().rows if answer is not None and not is_form(answer) else ()
            named = tuple(
                (key, row.get(*titles)) for row in rows if (key := number(row.get("id") or None))
            )
            self._listed(f"{func} list", **{entry: named})
        if self.su and not self.found.currencies:
            self._currency_of(self.su)
        form = asked_form(self.transport, "payment.add.method", su=self.su) if self.su else None
        if form is not None and "randomnumber" in form.fields:
            self._found(randomnumber=Found("randomnumber", "payment.add.method form, as a client"))

    def _currency_of(self, su: str) -> None:
        """A client's own currency, where the list of all is not shown (billmanager.md 1.2)."""
        answer = asked(self.transport, "whoami", su=su)
        user = answer.attributes("user") if answer else {}
        key = number(user.get("currency_id"))
        if key is not None and user.get("currency"):
            self._listed("whoami, as a client", currencies=((key, user["currency"]),))

    def tasks(self) -> None:
        """How tasks are taken and closed, as far as the list and one form of it show."""
        opening = options(asked_form(self.task_transport, "task.filter"), "type")
        types = tuple(option.key for option in opening if _is_opening(option.key))
        if types:
            self._listed("task.filter form", task_open_types=types)
        answer = asked(
            self.task_transport, "task", devel=True, filter="off", p_cnt=_SAMPLE, p_col="-id"
        )
        if answer is None or is_form(answer):
            self.places["task_take"] = "the list task was refused"
            return
        self._task_departments()
        func = taskforms.take_function(answer.toolbar().buttons)
        if func is not None:
            self._found(task_take=Take("toolbar", func, where="toolbar of task", sure=False))
        self._task_form(answer)

    def _task_form(self, tasks: Document) -> None:
        types = self.dialect.task_open_types
        for row in tasks.listing().rows:
            undone = row.code_or_none("status") in {"0", "1"}
            if undone and row.code_or_none("type") in types:
                form = asked_form(self.task_transport, "task.edit", elid=row.text("id"))
                if form is not None:
                    self.found = self.found.learn_task_form(form)
                return
        for name in ("task_take", "task_close", "task_module", "task_username", "task_password"):
            if getattr(self.found, name) is None:
                self.places[name] = "no open activation task to look at; the first one will show it"

    def _task_departments(self) -> None:
        """The staff login's own departments: what its list of them, or its filter, offers.

        Task visibility follows the department (billmanager.md 9); that a list `department` exists
        and shows only one's own is inferred.
        """
        answer = asked(self.task_transport, "department", filter="off", p_cnt=_SAMPLE)
        if answer is not None and not is_form(answer):
            named = tuple((row.int("id"), row.get("name")) for row in answer.listing().rows)
            self._listed("department list, as the staff login", task_departments=named)
            return
        form = asked_form(self.task_transport, "task.filter")
        self._listed("task.filter form", task_departments=numbered(options(form, "department")))


def some_user(transport: Transport) -> str | None:
    """Give the id of some active client's user, to ask as a client; None when there is none."""
    answer = asked(transport, "user", filter="off", p_cnt=_SAMPLE)
    for row in answer.listing().rows if answer else ():
        client = row.get("account_id", "account")
        off = (row.code_or_none("active", "status") or "on").lower() in {"off", "disabled"}
        if client and not off and row.get("level") in {"", "16"}:
            return row.text("id")
    return None


def _adding(toolbar: Toolbar | None) -> str:
    """Give the function that adds a processing module; its wizard begins with it."""
    buttons = toolbar.buttons if toolbar else ()
    funcs = [b.func for b in buttons if b.kind == "new" and b.func.startswith("processing.")]
    return funcs[0] if len(funcs) == 1 else "processing.add"


def _sub_lists(toolbar: Toolbar) -> list[str]:
    """Give the functions above the plans that may open a plan's modules; never a group action."""
    return list(
        dict.fromkeys(
            button.func
            for button in toolbar.buttons
            if button.func.startswith("pricelist.")
            and button.kind != "group"
            and (_SUB_LIST.search(button.func) or _SUB_LIST.search(button.name))
        )
    )


def _not_one(where: str, funcs: list[str], opened: Iterable[str]) -> str:
    if not funcs:
        return f"{where}: no function of this login's speaks of modules"
    if not list(opened):
        return f"{where}: could not be opened with a plan: {', '.join(funcs)}"
    return f"{where}: which of these is it? {', '.join(opened)}"


def _kind(name: str, label: str, dialect: Dialect) -> str:
    by_name = kind_of(name, dialect)
    return by_name if by_name != "other" else kind_of(label, dialect)


def _is_opening(task_type: str) -> bool:
    """Whether a task of this type opens a service: `postopen` is documented (6.1)."""
    return task_type in {"postopen", "open"}


def _action(toolbar: Toolbar, func: str, names: tuple[str, ...], where: str) -> Found | None:
    """Give the function behind a button with one of these names, below the list's own function."""
    button = toolbar.named(*names) or _ends(toolbar.buttons, names)
    if button is None:
        return None
    return Found(button.func, where, sure=button.func.startswith(f"{func}."))


def _ends(buttons: Iterable[ToolButton], names: tuple[str, ...]) -> ToolButton | None:
    """Give the one button whose function, not its own name, ends in one of these names."""
    found = [b for b in buttons if b.func.rpartition(".")[2].lower() in names]
    return found[0] if len(found) == 1 else None
