"""Checks of names that a person sets: each is looked for on the panel, by reads alone.

Only lists and forms are opened. What acts when it is called is judged by the toolbar that names it
(billmanager.md 13), so that it is never called to find out whether it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.panel_access import stored_dialect, transports
from panels.billmanager.context import VHOST
from panels.billmanager.dialect import markers
from panels.billmanager.dialect.markers import LISTED
from panels.billmanager.dialect.names import Close, Found, Take
from panels.billmanager.dialect.shapes import of_form
from panels.billmanager.discovery import discovery, modules, plan_modules
from panels.billmanager.discovery.report_keys import AFTER
from panels.billmanager.discovery.search import SAMPLE, Search
from panels.billmanager.optional_reads import (
    exists,
    is_form,
    is_list,
    options,
    read_optional,
    read_optional_form,
)
from panels.coremanager.listing import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from integrator.models import Panel
    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row
    from panels.coremanager.toolbars import Toolbar
    from panels.http.transport import Transport

ACTS = frozenset(
    {
        *("delete", "suspend", "resume", "enable", "disable", "setpaid", "start", "open", "close"),
        *("activate", "deactivate", "on", "off", "su", "clear", "empty", "pay", "confirm"),
    }
)
"""Last words of functions that act when they are called: never what is opened as a list or form."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of looking for a value on the panel.

    ``wrong``: why it cannot be right; ``unchecked``: why it could not be looked for. Both '' where
    it is there. ``never``: it is not taken even on a person's word.
    """

    wrong: str = ""
    unchecked: str = ""
    never: bool = False


FOUND = Verdict()


class ValueCheck:
    """Looks for the values of one dialect on its panel.

    Every method raises what a read raises when the panel cannot be reached or lets nobody in.
    """

    def __init__(self, panel: Panel, dialect: Dialect) -> None:
        self.panel = panel
        self.dialect = dialect
        self.transport: Transport = transports.transport(panel)
        self.staff: Transport = transports.transport(panel, as_task_staff=True)

    def look_for(self, name: str) -> Verdict:
        """Look for the value that this entry has in the dialect."""
        ways: dict[str, Callable[[], Verdict]] = {
            "order": self._order,
            "cart": self._cart,
            "plan_modules_list": self._plan_modules_list,
            "plan_modules_enable": self._switch,
            "plan_modules_disable": self._switch,
            "plan_modules_parent": self._parent,
            "plan_modules_marker": self._marker,
            "manual_module": self._manual_module,
            "ispmanager_modules": self._ispmanager_modules,
            "module_create": self._module_create,
            "module_button": self._module_button,
            "module_department": self._module_department,
            "client_filter": self._client_filter,
            "itemtype_id": self._itemtype,
            "itemtype_name": self._itemtype,
            "task_open_types": self._open_types,
        }
        if name in ways:
            self.name = name
            return ways[name]()
        if name.startswith("task_"):
            return self._of_task_form(name)
        return Verdict(unchecked=_("nothing on the panel tells whether it is right"))

    def _value(self) -> str:
        found = getattr(self.dialect, self.name)
        return found.value if isinstance(found, Found) else ""

    # Orders, asked as a client

    def _order(self) -> Verdict:
        func = "v2.vhost.order.param" if self._value() == "v2" else "vhost.order.param"
        return self._as_client(func)

    def _cart(self) -> Verdict:
        return self._as_client(self._value())

    def _as_client(self, func: str) -> Verdict:
        su = discovery.some_user(self.transport)
        if su is None:
            return Verdict(unchecked=_("there is no active client to ask as"))
        return FOUND if exists(self.transport, func, su=su) else _missing(func)

    # Modules

    @cached_property
    def _offered(self) -> list[str]:
        search = Search(self.transport, self.staff, {})
        modules.modules(search)
        return [name for name, _title in search.found.module_titles]

    def _manual_module(self) -> Verdict:
        return self._among([self._value()], self._offered)

    def _ispmanager_modules(self) -> Verdict:
        return self._among(self.dialect.ispmanager_modules, self._offered)

    def _module_form(self, func: str) -> Form | None:
        manual = self.dialect.manual_module
        name = manual.value if manual else ""
        return read_optional_form(self.transport, func, module=name, type=VHOST)

    def _module_create(self) -> Verdict:
        func = self._value()
        if not exists(self.transport, func):
            return _missing(func)
        form = self._module_form(func)
        if form is None or not {"name", "datacenter", "department"} & set(form.fields):
            text = _("“%(func)s” is no form that asks for name, data centre and department")
            return Verdict(wrong=text % {"func": func})
        return FOUND

    def _module_button(self) -> Verdict:
        create = self.dialect.module_create
        form = self._module_form(create.value) if create is not None else None
        if form is None:
            return Verdict(unchecked=_("the form in which a module is made could not be opened"))
        return self._among([self._value()], [button.name for button in form.buttons])

    def _module_department(self) -> Verdict:
        create = self.dialect.module_create
        form = self._module_form(create.value) if create is not None else None
        offered = [option.key for option in options(form, "department")]
        verdict = self._among([self._value()], offered)
        handled = {str(key) for key, _title in self.dialect.task_departments}
        if not verdict.wrong and handled and self._value() not in handled:
            text = _("the staff login handles no tasks of department %(id)s, but of: %(names)s")
            names = ", ".join(sorted(handled))
            return Verdict(wrong=text % {"id": self._value(), "names": names})
        return verdict

    # A plan's modules

    @cached_property
    def _plans(self) -> list[Row]:
        return plan_modules.hosting_plans(self.transport, self.dialect)

    def _plan_modules_list(self) -> Verdict:
        func = self._value()
        answer = read_optional(self.transport, "pricelist", devel=True, filter="off", p_cnt=SAMPLE)
        if answer is None or is_form(answer):
            return Verdict(unchecked=_("the list pricelist was refused"))
        button = next((b for b in answer.toolbar().buttons if b.func == func), None)
        if button is None:
            return _not_above("pricelist", func, answer.toolbar())
        if button.kind == "group":
            return _acts(func)
        if self._plans and self._opened(func) is None:
            text = _("“%(func)s” opens no list for a plan")
            return Verdict(wrong=text % {"func": func})
        return FOUND

    def _opened(self, func: str, parents: Iterable[str] = ("elid", "plid")) -> Document | None:
        for parent in parents:
            answer = read_optional(
                self.transport,
                func,
                devel=True,
                filter="off",
                **{parent: self._plans[0].text("id")},
            )
            if answer is not None and is_list(answer):
                return answer
        return None

    def _list_of_plan(self, parents: Iterable[str] = ("elid", "plid")) -> Document | Verdict:
        found = self.dialect.plan_modules_list
        if found is None:
            return Verdict(unchecked=_("the list of a plan's modules is not known yet"))
        if not self._plans:
            return Verdict(unchecked=_("there is no hosting plan to look at"))
        if (forbidden := why_forbidden(self.dialect, "plan_modules_list")).wrong:
            return forbidden
        answer = self._opened(found.value, parents)
        if answer is None:
            text = _("“%(func)s” opens no list for a plan")
            return Verdict(wrong=text % {"func": found.value})
        return answer

    def _switch(self) -> Verdict:
        answer = self._list_of_plan()
        if isinstance(answer, Verdict):
            return answer
        func = self._value()
        if all(button.func != func for button in answer.toolbar().buttons):
            listed = self.dialect.need("plan_modules_list")
            return _not_above(listed, func, answer.toolbar())
        return FOUND

    def _parent(self) -> Verdict:
        answer = self._list_of_plan((self._value(),))
        return answer if isinstance(answer, Verdict) else FOUND

    def _marker(self) -> Verdict:
        answer = self._list_of_plan()
        if isinstance(answer, Verdict):
            return answer
        marker = markers.parse(self._value())
        rows = answer.listing().rows
        may_lack = not marker.on or markers.ABSENT in (*marker.on, *(marker.off or ()))
        columns = dict.fromkeys(name for row in rows for name in row)
        if rows and not may_lack and marker.column not in columns:
            text = _("no row of the list has a cell “%(name)s”; there are: %(names)s")
            return Verdict(wrong=text % {"name": marker.column, "names": ", ".join(columns)})
        if self.dialect.plan_modules_parent is None:
            return Verdict(unchecked=_("how the list takes the plan is not known yet"))
        samples, _columns = plan_modules.samples_of(self.transport, self.dialect, self._plans)
        if not samples:
            text = _("processingmodules and the plans' modules could not be compared")
            return Verdict(unchecked=text)
        wrong = markers.disagreeing(marker, samples)
        if not wrong:
            return FOUND
        names = {row.get("id"): row.get("name") or row.get("id") for row in self._plans}
        text = _(
            "“%(marker)s” says otherwise than “processingmodules” in the list of plans, for:"
            " %(names)s"
        )
        named = ", ".join(names.get(plan, plan) for plan in wrong)
        return Verdict(wrong=text % {"marker": self._value() or LISTED, "names": named})

    # Services

    def _client_filter(self) -> Verdict:
        form = read_optional_form(self.transport, "vhost.filter")
        if form is None:
            return Verdict(unchecked=_("the form vhost.filter was refused"))
        return self._among([self._value()], list(form.fields))

    def _itemtype(self) -> Verdict:
        answer = read_optional(self.transport, "itemtype", filter="off", p_cnt=500)
        if answer is None or is_form(answer):
            return Verdict(unchecked=_("the list itemtype was refused"))
        rows = answer.listing().rows
        shown = [(row.get("id"), row.get("name")) for row in rows]
        by_id = self.name == "itemtype_id"
        return self._among([self._value()], [one[0] if by_id else one[1] for one in shown])

    # Tasks, asked as the staff who handle them

    def _open_types(self) -> Verdict:
        offered = [o.key for o in options(read_optional_form(self.staff, "task.filter"), "type")]
        return self._among(self.dialect.task_open_types, offered)

    def _of_task_form(self, name: str) -> Verdict:
        value = getattr(self.dialect, name)
        kind = value.kind if isinstance(value, Take | Close) else "field"
        if kind == "none":
            return Verdict(unchecked=_("only a task that is closed without it can tell"))
        if kind == "toolbar":
            return self._above_tasks(value.name)
        if kind not in {"button", "field"}:
            return Verdict(unchecked=_("only the next task can tell"))
        names = [one.partition("=")[0] for one in value] if name == "task_fields" else []
        if isinstance(value, Take | Close):
            names = [value.name]
        elif isinstance(value, Found):
            names = [value.value]
        forms = self._task_forms
        if not forms:
            return Verdict(unchecked=_("no activation task waits whose form could be looked at"))
        part = "buttons" if kind == "button" else "fields"
        shown = list(dict.fromkeys(o["name"] for form in forms.values() for o in form[part]))
        verdict = self._among(names, shown)
        if verdict.wrong and name != "task_take" and not self._seen_after():
            return Verdict(
                unchecked=_(
                    "it is not in the form as it is before a task is taken; the form after that has"
                    " not been seen yet"
                )
            )
        return verdict

    def _above_tasks(self, func: str) -> Verdict:
        answer = read_optional(self.staff, "task", devel=True, filter="off", p_cnt=1)
        if answer is None or is_form(answer):
            return Verdict(unchecked=_("the list task was refused"))
        if all(button.func != func for button in answer.toolbar().buttons):
            return _not_above("task", func, answer.toolbar())
        return FOUND

    @cached_property
    def _task_forms(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        """The forms of tasks by function: those seen earlier, and one as it is now."""
        known = dict(stored_dialect.task_forms(self.panel))
        for status in ("0", "1"):
            answer = read_optional(self.staff, "task", filter="on", status=status, p_cnt=SAMPLE)
            rows = answer.listing().rows if answer is not None and not is_form(answer) else ()
            for row in rows:
                undone = row.code_or_none("status") == status
                if not undone or row.code_or_none("type") not in self.dialect.task_open_types:
                    continue
                form = read_optional_form(self.staff, "task.edit", elid=row.text("id"))
                if form is not None:
                    return {**known, "task.edit": of_form(form)}
        return known

    def _seen_after(self) -> bool:
        """Whether the form of a task that was taken is known."""
        take = self.dialect.task_take
        learnt = self.panel.learnt
        if (take is not None and take.kind == "none") or learnt.get("take_keeps_form"):
            return True
        return any(func.endswith(AFTER) for func in self._task_forms)

    @staticmethod
    def _among(values: Iterable[str], shown: list[str]) -> Verdict:
        if not shown:
            return Verdict(unchecked=_("the panel does not show what there is"))
        lost = [value for value in values if value not in shown]
        if not lost:
            return FOUND
        text = _("the panel does not have %(lost)s; there are: %(names)s")
        return Verdict(wrong=text % {"lost": ", ".join(lost), "names": ", ".join(shown)})


def why_forbidden(dialect: Dialect, name: str) -> Verdict:
    """Why this value of an entry is refused whatever the panel has. Asks nothing."""
    found = getattr(dialect, name)
    value = found.value if isinstance(found, Found) else ""
    acts = value.rpartition(".")[2] in ACTS
    if name == "plan_modules_list" and acts:
        return _acts(value)
    if name == "module_create" and (acts or not value.startswith("processing.")):
        return _acts(value)
    if name in {"plan_modules_enable", "plan_modules_disable"}:
        on, off = dialect.plan_modules_enable, dialect.plan_modules_disable
        if on is not None and off is not None and on.value == off.value:
            text = _("“%(func)s” cannot switch a module both on and off")
            return Verdict(wrong=text % {"func": value}, never=True)
    if name in {"itemtype_id", "module_department"} and number(value) is None:
        return Verdict(wrong=_("“%(value)s” is no id") % {"value": value}, never=True)
    return FOUND


def _missing(func: str) -> Verdict:
    return Verdict(wrong=_("the panel has no function “%(func)s”") % {"func": func})


def _acts(func: str) -> Verdict:
    text = _("“%(func)s” would act when it is opened; it is never taken for a list or a form")
    return Verdict(wrong=text % {"func": func}, never=True)


def _not_above(listed: str, func: str, toolbar: Toolbar) -> Verdict:
    shown = ", ".join(dict.fromkeys(button.func for button in toolbar.buttons)) or _("nothing")
    text = _("the panel shows no function “%(func)s” above “%(list)s”; there are: %(names)s")
    return Verdict(wrong=text % {"func": func, "list": listed, "names": shown})
