"""Tasks of staff: taking and closing the one that opens a service (steps 6 and 7).

Nothing is submitted on a guess: a field, a button or an option that was not recognised raises
`FormLacks` with the form as evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.billmanager.optional_reads import is_form
from panels.billmanager.tasks import completeness
from panels.billmanager.tasks.close_forms import (
    Address,
    CloseForms,
    address_in,
    filled_in,
    values_to_send,
)
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import number
from panels.coremanager.partial_lists import Cells, Gathered, gather
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.billmanager.context import Context, Params
    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.dialect.names import Take
    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row
    from panels.coremanager.partial_lists import Unreadable

OPENED, IN_WORK, CLOSED = 0, 1, 2
"""Statuses of a task (billmanager.md 6.1)."""

EDIT = "task.edit"
START = "task.start"
"""Runs the operation behind a task again (billmanager.md 6.1); it has no form and acts at once."""


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `task` (billmanager.md 6.1).

    `service_id` is the task's item; where the list shows titles alone, the one that a title names
    as "<plan> #<id>" (billmanager.md 7.4), None where none or several are named. `plan_id` is
    None when the list shows a title alone. `performer` is '' while nobody has taken the task.
    `created` is as the panel writes it. One with `troubles` may be for any service.
    """

    id: int
    type: str
    service_id: int | None
    plan_id: int | None
    status: int
    performer: str
    department: str
    created: str
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskForm:
    """The form of a task, or the second form that taking it led to.

    `status` is None and `performer` '' when the form does not show them.
    """

    task_id: int
    address: Address
    form: Form
    status: int | None
    performer: str


class Tasks:
    """Works on tasks as the staff login."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def openings(self, plan_id: int | None = None) -> Gathered[Task]:
        """List opening tasks that are open or in work, of one plan or of all.

        A task that we took before a crash is in work, so both statuses are read. Rows that show no
        plan id are kept: match by service. So are those that cannot be judged (see `Task`).
        """
        opened, in_work = self._context.together(
            lambda: self._openings(plan_id, OPENED), lambda: self._openings(plan_id, IN_WORK)
        )
        found = {
            task.id: task
            for task in (*opened, *in_work)
            if plan_id is None or task.plan_id in {plan_id, None}
        }
        return Gathered(found.values(), (*opened.lost, *in_work.lost))

    def _openings(self, plan_id: int | None, status: int) -> Gathered[Task]:
        types = self._context.dialect.task_open_types
        params: Params = {"filter": "on", "status": status}
        if len(types) == 1:
            params["type"] = types[0]
        if plan_id is not None:
            params["pricelist"] = plan_id
        return gather(
            self._context.task_transport,
            "task",
            _task,
            params,
            keep=lambda row: row.code("type") in types and _undone(row),
        )

    def form(self, task_id: int, address: Address | None = None) -> TaskForm:
        """Read a task's form, or the form at the address that `take` gave."""
        where = address or Address(EDIT, str(task_id))
        answer = self._context.task_transport.read(where.func, {"elid": where.elid}, devel=True)
        form = answer.form()
        return TaskForm(
            task_id=task_id,
            address=where,
            form=form,
            status=number(form.value("status")),
            performer=form.value("performer"),
        )

    def take(self, task_form: TaskForm, *, send_by: float) -> Address | None:
        """Assign the task to ourselves.

        Gives the address of a second form when the panel leads to one (as it does for tickets,
        billmanager.md 1.4), else None: read the same form again. Where no taking is needed
        ('none') nothing is sent.
        """
        dialect = self.learn(task_form)
        take = dialect.task_take
        if take is None:
            raise _lacks(task_form, "a way to take the task")
        if take.kind == "none":
            return None
        transport = self._context.task_transport
        extra = filled_in(dialect, task_form.form, {})
        _check_known(task_form, dialect, extra)
        if take.kind == "toolbar":
            params = {"elid": str(task_form.task_id)}
            answer = transport.act(take.name, params, send_by=send_by)
        else:
            _check_take(task_form, take)
            params = {**values_to_send(task_form.form), **extra}
            params |= {"elid": task_form.address.elid, "sok": "ok"}
            if take.kind == "button" or (take.kind == "save" and take.name):
                params["clicked_button"] = take.name
            elif take.kind == "field":
                params[take.name] = take.value or self._own_id(task_form, take)
            answer = transport.act(task_form.address.func, params, send_by=send_by)
        return address_in(answer.ok_text, task_form.address)

    def close(
        self,
        task_form: TaskForm,
        *,
        module_id: int,
        username: str,
        password: str,
        domain: str = "",
        send_by: float,
    ) -> None:
        """Hand the service to a module with the account's name and password, and close the task.

        `password`: '' sends none, which a form may refuse that requires one (`needs_password`).

        `domain` is for a field that an administrator said to fill with it (`task_fields`).
        Where several forms come one after another, each is sent as the panel answered it. Raises
        `FormLacks` before anything is sent when a field or the closing button is not recognised,
        when the module is not among the options (step 5 not done), or when the form requires a
        field that nobody filled; of a later form, when that is so of it: the task is still open.
        """
        dialect = self.learn(task_form)
        typed = {"module": str(module_id), "username": username, "domain": domain}
        if password:
            typed["password"] = password
        closing = CloseForms(dialect, task_form.address, typed)
        shown, transport = task_form, self._context.task_transport
        while True:
            params, last = closing.params(shown.form)
            func, secret = closing.address.func, closing.secrets()
            answer = transport.act(func, params, send_by=send_by, secret=secret, devel=not last)
            if last:
                return
            shown = self._next(closing, shown, answer)
            closing.dialect = self.learn(shown)

    def _next(self, closing: CloseForms, shown: TaskForm, answer: Document) -> TaskForm:
        """Give the form that comes next: the answer itself, or what stands at its address."""
        there = address_in(answer.ok_text, closing.address)
        if not is_form(answer) and there is None:
            raise FormLacks(
                ("the form after this one",), form=shown.form, func=closing.address.func
            )
        if there is not None:
            closing.address = there
            return self.form(shown.task_id, there)
        return replace(shown, form=answer.form())

    def needs_password(self, task_form: TaskForm) -> bool:
        """Whether this form requires a password; not where it has no field for one."""
        entry = self.learn(task_form).task_password
        field = None if entry is None else task_form.form.fields.get(entry.value)
        return field is not None and field.required

    def can_start(self) -> bool:
        """Whether the toolbar above the tasks offers our staff login to run operations again.

        A group action acts when it is called, so the toolbar alone is asked.
        """
        params: Params = {"filter": "on", "status": OPENED, "p_cnt": 1}
        answer = self._context.task_transport.read("task", params, devel=True)
        return any(button.func == START for button in answer.toolbar().buttons)

    def start(self, task_id: int, *, send_by: float) -> None:
        """Run the operation behind this task again: the plan's first module tries to open it."""
        self._context.task_transport.act(START, {"elid": task_id}, send_by=send_by)

    def learn(self, task_form: TaskForm) -> Dialect:
        """Give the dialect, grown by what this form shows."""
        learned = self._context.dialect.learn_task_form(task_form.form)
        if learned is not self._context.dialect:
            self._context.dialect = learned
        return learned

    def _own_id(self, task_form: TaskForm, take: Take) -> str:
        """Give the option that stands for our own login in the field of performers."""
        own = self._context.task_transport.username
        options = task_form.form.fields[take.name].options or ()
        keys = [option.key for option in options if own in {option.key, option.label}]
        if len(keys) != 1:
            raise _lacks(task_form, f"{take.name}={own}")
        return keys[0]


_UNDONE = frozenset({OPENED, IN_WORK})


_TITLES = ("item", "item_name", "name", "title", "subject")
_NUMBERED = re.compile(r"#([0-9]{1,18})(?![0-9])", re.ASCII)


def _check_known(task_form: TaskForm, dialect: Dialect, values: Mapping[str, str]) -> None:
    """Raise `FormLacks` for a required field that neither taking nor closing could fill.

    So that a task which we could not close is not taken.
    """
    set_by_us = {way.name: "-" for way in (dialect.task_take, dialect.task_close) if way}
    form = task_form.form
    missing = list(completeness.missing(form, dialect))
    missing += [n for n in completeness.unfilled(form, dialect, {**set_by_us, **values})
                if n not in missing]  # fmt: skip
    if missing:
        raise FormLacks(tuple(missing), form=form, func=task_form.address.func)


def _check_take(task_form: TaskForm, take: Take) -> None:
    """Make sure that the form has the button or field before it is used."""
    form = task_form.form
    if take.kind in {"button", "save"} and take.name and form.button(take.name) is None:
        raise _lacks(task_form, f"button {take.name}")
    if take.kind == "field" and take.name not in form.fields:
        raise _lacks(task_form, take.name)
    if take.value and not form.fields[take.name].offers(take.value):
        raise _lacks(task_form, f"{take.name}={take.value}")


def _lacks(task_form: TaskForm, what: str) -> FormLacks:
    return FormLacks((what,), form=task_form.form, func=task_form.address.func)


def _undone(row: Row) -> bool:
    return row.int("status") in _UNDONE


def _task(row: Row) -> Task:
    cells = Cells(row)
    plan = ref(row, "pricelist")
    item = ref(row, "item")
    service = item.id or _named_in(row, plan.title)
    if service is None:
        cells.note("item", note("cell.no_service"))
    return Task(
        id=row.int("id"),
        type=cells.read(lambda: row.code("type"), ""),
        service_id=service,
        plan_id=plan.id,
        status=cells.read(lambda: row.int("status"), OPENED),
        performer=row.get("performer"),
        department=row.get("department"),
        created=row.get("opendate"),
        troubles=cells.troubles,
    )


def _named_in(row: Row, plan: str) -> int | None:
    """Give the service that a title names as "#<id>"; None where it names none, or several.

    A plan may have such a number in its own title, which is taken out first.
    """
    for column in _TITLES:
        text = row.get(column)
        rest = text.replace(plan, " ", 1) if plan else text
        named = {int(found) for found in _NUMBERED.findall(rest)}
        if len(named) == 1:
            return named.pop()
        if named:
            return None
    return None
