"""BILLmanager: the form of a task, in all the ways in which it may be taken and closed.

Which of them the real one has is not known (billmanager.md 6.2), so that each is assumed: taken by
a button, from the toolbar, by a choice of performer, by a status or by the first save; closed by a
button, a status or a checkbox; as one form, or as several after one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations
from panels.sandbox.billmanager.services import check_password
from panels.sandbox.http.forms import CANCEL, Button, Field, done, form, reported_field, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.refusals import bad_value, missed, no_access
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.world import World

AFTER_TAKING = " after taking"
"""Behind a function's name in a dialect file: the form that taking led to."""
STEP = "form_step"
"""Hidden in the second form of several, which is known by it."""


def performer_of(world: World, task: r.Task) -> str:
    """Name who has taken a task, in the dialect's way."""
    user = world.users.get(task.performer)
    if user is None:
        return ""
    shown = {"login": user.login, "realname": user.realname, "id": str(user.id)}
    return shown[world.dialect["task.performer"]]


def is_mine(call: Call, task: r.Task) -> bool:
    """Whether the task's department is one of the caller's."""
    user = call.actor.user
    return user is not None and task.department in user.departments


def take(call: Call, task: r.Task) -> None:
    """Give a task to the caller."""
    if task.status == r.TASK_CLOSED:
        raise bad_value("status", str(task.status), "The task is closed.")
    if task.performer not in {0, call.actor.id}:
        raise bad_value("performer", str(task.performer), "The task is taken by somebody else.")
    taken = task._replace(status=r.TASK_IN_WORK, performer=call.actor.id)
    call.world.tasks.put(taken)
    call.world.record("task_taken", task=task.id, by=call.actor.real)


def edit(call: Call) -> str:
    """Show or send the form of a task."""
    dialect = call.dialect
    by_form = dialect["task.take"] == "form"
    task = call.world.tasks.get(call.number("elid")) if call.get("elid") else None
    if by_form and task is None and _by_work(call) is not None:
        return work(call)
    task = _one(call)
    if call.submitted:
        return _press(call, task)
    fields = _facts(call, task)
    buttons: list[Button] = []
    if task.status == r.TASK_OPEN and dialect["task.take"] in {"button", "form"}:
        buttons.append(Button(dialect["task.take_button"]))
    if not by_form:
        fields += _work_fields(call, task)
        fields = _open_up(call, task, fields)
        buttons += _closing_buttons(call, task)
    return form(call, fields, (*buttons, Button("ok"), CANCEL))


def work(call: Call) -> str:
    """Show or send the performer's own form, which taking the task led to."""
    task = _by_work(call)
    if task is None:
        raise bad_value("elid", call.get("elid"))
    if call.submitted:
        return _close_or_save(call, task, call.button or "ok")
    fields = _open_up(call, task, _facts(call, task) + _work_fields(call, task))
    buttons = (*_closing_buttons(call, task), Button("ok"), CANCEL)
    return form(call, fields, buttons, reported_as=call.func + AFTER_TAKING)


def _one(call: Call) -> r.Task:
    task = call.world.tasks.get(call.number("elid"))
    if task is None or not is_mine(call, task):
        raise bad_value("elid", call.get("elid"))
    return task


def _by_work(call: Call) -> r.Task | None:
    """Give the taken task whose performer's form has this id, or None."""
    task = call.world.tasks.get(call.number("elid") - r.WORK_OFFSET)
    if task is None or task.status == r.TASK_OPEN or not is_mine(call, task):
        return None
    return task


def _offered(world: World, service: r.Service) -> tuple[tuple[str, str], ...]:
    """Give the modules that a task can hand its service to."""
    plan = world.plans[service.plan]
    if world.dialect["task.offers"] == "enabled":
        modules = operations.modules_for(world, plan, service.datacenter)
    else:
        modules = [m for m in world.modules.all() if m.itemtype == plan.itemtype and m.enabled]
    return tuple((str(m.id), m.name) for m in modules)


def _facts(call: Call, task: r.Task) -> list[Field]:
    service = call.world.services[task.service]
    return [
        Field("type", task.type, readonly=True),
        Field("item", str(service.id), readonly=True),
        Field("status", str(task.status), "select", readonly=True, options=_states(call)),
        Field("performer", performer_of(call.world, task), readonly=True),
        Field("runningoperation", str(task.operation), "hidden"),
        Field("domain", service.domain, readonly=True),
        *_token(call, task),
    ]


def _states(call: Call) -> tuple[tuple[str, str], ...]:
    return tuple((str(n), text(f"task.{n}", call.lang)) for n in (0, 1, 2))


def _token(call: Call, task: r.Task) -> list[Field]:
    """The hidden field without which the panel does not take the form back."""
    name = call.dialect["task.token"]
    return [Field(name, f"t{task.operation}", "hidden")] if name else []


def _need_token(call: Call, task: r.Task) -> None:
    for field in _token(call, task):
        if call.get(field.name) != field.value:
            raise missed(field.name)


def _module_field(call: Call, service: r.Service) -> Field:
    options = _offered(call.world, service)
    name = call.dialect["task.field.module"]
    return select(name, str(service.module or ""), options, required=True)


def _account_fields(call: Call, service: r.Service) -> list[Field]:
    dialect = call.dialect
    required = dialect.flag("task.password_required")
    kind = dialect["task.password_kind"]
    return [
        Field(dialect["task.field.username"], service.username, required=True),
        Field(dialect["task.field.password"], "", kind, required=required),
        Field("ip"),
    ]


def _work_fields(call: Call, task: r.Task) -> list[Field]:
    service = call.world.services[task.service]
    module = _module_field(call, service)
    if call.dialect["task.next_button"]:
        return [module]
    return [module, *_account_fields(call, service)]


def _closing_buttons(call: Call, task: r.Task) -> list[Button]:
    dialect = call.dialect
    if task.status == r.TASK_CLOSED:
        return []
    if dialect["task.next_button"]:
        return [Button(dialect["task.next_button"], "next")]
    return [Button(dialect["task.close_button"])] if dialect["task.close_kind"] == "button" else []


def _open_up(call: Call, task: r.Task, fields: list[Field]) -> list[Field]:
    """Make status and performer fields that can be set, where this is how tasks are worked on."""
    dialect = call.dialect
    more = [] if dialect["task.next_button"] else _closing_fields(call, task)
    if dialect["task.take"] == "status":
        more.append(select(dialect["task.status_field"], str(task.status), _states(call)))
    free = {one.name: one for one in more}
    if dialect["task.take"] == "field":
        people = call.world.users.find("client", 0)
        options = (("", text("null", call.lang)), *((str(u.id), u.login) for u in people))
        performer = dialect["task.take_button"]
        free["performer"] = select(performer, str(task.performer or ""), options)
    names = {field.name for field in fields}
    return [free.get(f.name, f) for f in fields] + [
        field for name, field in free.items() if name not in names
    ]


def _closing_fields(call: Call, task: r.Task) -> list[Field]:
    dialect = call.dialect
    if dialect["task.close_kind"] == "field":
        return [select(dialect["task.status_field"], str(task.status), _states(call))]
    if dialect["task.close_kind"] == "checkbox":
        return [Field(dialect["task.close_field"], "off", "checkbox")]
    return []


def _press(call: Call, task: r.Task) -> str:
    dialect = call.dialect
    button = call.button or "ok"
    if button == dialect["task.take_button"] and dialect["task.take"] in {"button", "form"}:
        _need_token(call, task)
        take(call, task)
        if dialect["task.take"] == "form":
            address = f"func={dialect['task.work_form']}&elid={task.work}"
            return done(kind="form", address=address)
        return done()
    if dialect["task.take"] == "form":
        if button == "ok":
            return done()
        raise bad_value("clicked_button", button)
    return _close_or_save(call, task, button)


def _close_or_save(call: Call, task: r.Task, button: str) -> str:
    dialect = call.dialect
    _need_token(call, task)
    if dialect["task.take"] == "field" and call.get(dialect["task.take_button"]):
        if call.number(dialect["task.take_button"]) != call.actor.id:
            raise bad_value(dialect["task.take_button"], call.get(dialect["task.take_button"]))
        if task.status == r.TASK_OPEN:
            take(call, task)
            task = call.world.tasks[task.id]
    if button == dialect["task.next_button"] and not call.get(STEP):
        return _second(call, task)
    if _closes(call, button):
        if dialect["task.next_button"] and not call.get(STEP):
            raise bad_value("clicked_button", button)
        return _close(call, task)
    if button != "ok":
        raise bad_value("clicked_button", button)
    settable = dialect["task.take"] == "status" or dialect["task.close_kind"] == "field"
    state = call.get(dialect["task.status_field"]) if settable else ""
    by_save = dialect["task.take"] == "save"
    if task.status == r.TASK_OPEN and (by_save or state == str(r.TASK_IN_WORK)):
        take(call, task)
    return done()


def _closes(call: Call, button: str) -> bool:
    dialect = call.dialect
    kind = dialect["task.close_kind"]
    if kind == "button":
        return button == dialect["task.close_button"]
    if button != "ok":
        return False
    if kind == "checkbox":
        return call.get(dialect["task.close_field"]) == "on"
    return call.get(dialect["task.status_field"]) == str(r.TASK_CLOSED)


def _second(call: Call, task: r.Task) -> str:
    """Answer the second form, once the first has given the module."""
    dialect = call.dialect
    if dialect.flag("task.close_needs_take") and task.performer != call.actor.id:
        raise no_access("performer", "Take the task first.")
    service = call.world.services[task.service]
    name = dialect["task.field.module"]
    if call.get(name) not in dict(_offered(call.world, service)):
        raise bad_value(name, call.get(name))
    fields = [
        Field(STEP, "2", "hidden"),
        Field(name, call.get(name), "hidden"),
        *_token(call, task),
        *_account_fields(call, service),
        *_closing_fields(call, task),
    ]
    button = dialect["task.close_button"] if dialect["task.close_kind"] == "button" else ""
    closing = [Button(button)] if button else []
    return form(call, fields, (*closing, Button("ok"), CANCEL), reported_as=f"{call.func} second")


def _close(call: Call, task: r.Task) -> str:
    world, dialect = call.world, call.dialect
    if task.status == r.TASK_CLOSED and world.dials.closed_task == "refuse":
        world.tasks.put(task._replace(refused_closes=task.refused_closes + 1))
        raise bad_value("status", str(task.status), "The task is closed already.")
    if dialect.flag("task.close_needs_take") and task.performer != call.actor.id:
        raise no_access("performer", "Take the task first.")
    service = world.services[task.service]
    module_field, user_field = dialect["task.field.module"], dialect["task.field.username"]
    module = call.number(module_field)
    if str(module) not in dict(_offered(world, service)):
        raise bad_value(module_field, str(module))
    username = call.need(user_field)
    _need_reported(call)
    password_field = dialect["task.field.password"]
    password = call.get(password_field)
    if not password and dialect.flag("task.password_required"):
        raise missed(password_field)
    check_password(world, password, password_field)
    server = world.modules[module].server
    unknown = server and hosting.user_key(server, username) not in world.hosting.rows
    if unknown and world.dials.close_checks_username:
        raise bad_value(user_field, username, "There is no such user on the server.")
    closed = task._replace(status=r.TASK_CLOSED, closes=task.closes + 1)
    world.tasks.put(closed)
    world.record(
        "task_closed",
        task=task.id,
        service=service.id,
        module=module,
        username=username,
        by=call.actor.real,
        nth=closed.closes,
    )
    if task.type == dialect["task.type_open"]:
        delay = world.dials.close_delay
        world.schedule(delay, "finish_task", task.id, str(module), username, password)
    return done()


def _need_reported(call: Call) -> None:
    """Refuse a form without the required fields that the dialect's report adds to it."""
    after = AFTER_TAKING if call.dialect["task.take"] == "form" else ""
    after = " second" if call.get(STEP) else after
    seen = call.dialect.forms.get(call.func + after, {"fields": ()})
    ours = {call.dialect[f"task.field.{name}"] for name in ("module", "username", "password")}
    for field in map(reported_field, seen["fields"]):
        sent = call.get(field.name) or field.value
        if field.required and not field.readonly and not sent and field.name not in ours:
            raise missed(field.name)
