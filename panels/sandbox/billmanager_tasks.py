"""BILLmanager: tasks of staff, taking and closing them (billmanager.md 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox import hosting, operations
from panels.sandbox import records as r
from panels.sandbox.billmanager_payments import moment
from panels.sandbox.billmanager_services import check_password
from panels.sandbox.billmanager_system import itemtype_id
from panels.sandbox.call import Function
from panels.sandbox.forms import CANCEL, Button, Field, done, form, reported_field, select
from panels.sandbox.labels import text
from panels.sandbox.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.refusals import bad_value, missed, no_access
from panels.sandbox.xml import coded, element

if TYPE_CHECKING:
    from panels.sandbox.call import Call
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.world import World


_AFTER_TAKING = " after taking"
"""Behind a function's name in a dialect file: the form that taking led to."""


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    found = {
        "task": Function(_list, r.STAFF_LEVEL),
        "task.filter": Function(lambda call: filter_form(call, _shape(call)), r.STAFF_LEVEL),
        "task.edit": Function(_edit, r.STAFF_LEVEL),
        "task.start": Function(_start, r.STAFF_LEVEL),
        "task.delete": Function(_delete, r.STAFF_LEVEL),
        "task.gettype": Function(_gettype, r.STAFF_LEVEL),
    }
    if dialect["task.take"] == "toolbar":
        found[dialect["task.take_button"]] = Function(_take_group, r.STAFF_LEVEL)
    if dialect["task.work_form"] not in {"", "task.edit"}:
        found[dialect["task.work_form"]] = Function(_work, r.STAFF_LEVEL)
    return found


def _shape(call: Call) -> Listing:
    world, dialect, lang = call.world, call.dialect, call.lang
    shape = dialect["task.item"]
    types = (dialect["task.type_open"], "postclose", "postsuspend", "postresume")
    states = ("0", "1", "2")

    def write(task: r.Task) -> str:
        service = world.services[task.service]
        plan = world.plans[service.plan]
        title = f"{plan.name} #{service.id} {service.domain}"
        items = {
            "orig": coded("item", service.id, title),
            "id": element("item", service.id),
            "title": element("item", f"{plan.name} #{service.id}"),
            "beside": element("item", title) + element("item_id", service.id),
        }
        return (
            element("id", task.id)
            + coded("type", task.type, text(f"type.{task.type}", lang))
            + element("department", world.departments[task.department].name)
            + items[shape]
            + coded("itemstatus", service.item_status, text(f"item.{service.item_status}", lang))
            + coded("itemtype", plan.itemtype, text(f"itemtype.{plan.itemtype}", lang))
            + (
                coded("pricelist", plan.id, plan.name)
                if shape == "orig"
                else element("pricelist", plan.name)
            )
            + element("client", world.clients[service.client].name)
            + element("performer", performer_of(world, task))
            + element("runningoperation", task.operation)
            + element("opendate", moment(task.opened))
            + coded("status", task.status, text(f"task.{task.status}", lang))
        )

    tools = [
        Tool("edit", "task.edit", "edit"),
        Tool("start", "task.start"),
        Tool("delete", "task.delete"),
    ]
    if dialect["task.take"] == "toolbar":
        tools.append(Tool("take", dialect["task.take_button"]))
    return Listing(
        write,
        (
            "id",
            "type",
            "department",
            "item",
            "itemstatus",
            "itemtype",
            "pricelist",
            "client",
            "performer",
            "runningoperation",
            "opendate",
            "status",
        ),
        filters={
            "id": Match(lambda t: str(t.id)),
            "type": Match(
                lambda t: str(t.type),
                options=tuple((key, text(f"type.{key}", lang)) for key in types),
            ),
            "status": Match(
                lambda t: str(t.status),
                options=tuple((key, text(f"task.{key}", lang)) for key in states),
            ),
            "item": Match(lambda t: str(t.service)),
            "pricelist": Match(lambda t: str(world.services[t.service].plan)),
            "itemtype": Match(
                lambda t: str(
                    itemtype_id(dialect, world.plans[world.services[t.service].plan].itemtype)
                )
            ),
            "itemstatus": Match(
                lambda t: str(world.services[t.service].item_status.partition("_")[0])
            ),
        },
        tools=tuple(tools),
    )


def performer_of(world: World, task: r.Task) -> str:
    """Name who has taken a task, in the dialect's way."""
    user = world.users.get(task.performer)
    if user is None:
        return ""
    shown = {"login": user.login, "realname": user.realname, "id": str(user.id)}
    return shown[world.dialect["task.performer"]]


def _mine(call: Call, task: r.Task) -> bool:
    """Tell whether the task's department is one of the caller's."""
    user = call.actor.user
    return user is not None and task.department in user.departments


def _list(call: Call) -> str:
    world = call.world
    status = call.get("status") if call.get("filter") == "on" else ""
    by_status = status.isdigit() and not world.dials.lists_behind
    rows = world.tasks.find("status", int(status)) if by_status else world.tasks.all()
    if status:
        rows = sorted(rows)
    return listing(call, _shape(call), [task for task in rows if _mine(call, task)])


def _one(call: Call) -> r.Task:
    task = call.world.tasks.get(call.number("elid"))
    if task is None or not _mine(call, task):
        raise bad_value("elid", call.get("elid"))
    return task


def _by_work(call: Call) -> r.Task | None:
    """Give the taken task whose performer's form has this id, or None."""
    task = call.world.tasks.get(call.number("elid") - r.WORK_OFFSET)
    if task is None or task.status == r.TASK_OPEN or not _mine(call, task):
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


def _facts(call: Call, task: r.Task, service: r.Service) -> list[Field]:
    states = tuple((str(n), text(f"task.{n}", call.lang)) for n in (0, 1, 2))
    return [
        Field("type", task.type, readonly=True),
        Field("item", str(service.id), readonly=True),
        Field("status", str(task.status), "select", readonly=True, options=states),
        Field("performer", performer_of(call.world, task), readonly=True),
        Field("runningoperation", str(task.operation), "hidden"),
        Field("domain", service.domain, readonly=True),
    ]


def _work_fields(call: Call, service: r.Service) -> list[Field]:
    dialect = call.dialect
    module = str(service.module or "")
    options = _offered(call.world, service)
    return [
        select(dialect["task.field.module"], module, options, required=True),
        Field(dialect["task.field.username"], service.username, required=True),
        Field(
            dialect["task.field.password"],
            "",
            "password",
            required=dialect.flag("task.password_required"),
        ),
        Field("ip"),
    ]


def _edit(call: Call) -> str:
    dialect = call.dialect
    by_form = dialect["task.take"] == "form"
    task = call.world.tasks.get(call.number("elid")) if call.get("elid") else None
    if by_form and task is None and _by_work(call) is not None:
        return _work(call)
    task = _one(call)
    if call.submitted:
        return _press(call, task)
    service = call.world.services[task.service]
    fields = _facts(call, task, service)
    buttons: list[Button] = []
    if task.status == r.TASK_OPEN and dialect["task.take"] in {"button", "form"}:
        buttons.append(Button(dialect["task.take_button"]))
    if not by_form:
        fields += _work_fields(call, service)
        fields = _open_up(call, task, fields)
        if dialect["task.close_kind"] != "field" and task.status != r.TASK_CLOSED:
            buttons.append(Button(dialect["task.close_button"]))
    return form(call, fields, (*buttons, Button("ok"), CANCEL))


def _open_up(call: Call, task: r.Task, fields: list[Field]) -> list[Field]:
    """Make status and performer fields that can be set, where this is how tasks are worked on."""
    free = {}
    if call.dialect["task.close_kind"] == "field":
        states = tuple((str(n), text(f"task.{n}", call.lang)) for n in (0, 1, 2))
        free["status"] = select("status", str(task.status), states)
    if call.dialect["task.take"] == "field":
        people = call.world.users.find("client", 0)
        options = (("", text("null", call.lang)), *((str(u.id), u.login) for u in people))
        performer = call.dialect["task.take_button"]
        free["performer"] = select(performer, str(task.performer or ""), options)
    return [free.get(f.name, f) for f in fields]


def _press(call: Call, task: r.Task) -> str:
    dialect = call.dialect
    button = call.button or "ok"
    if button == dialect["task.take_button"] and dialect["task.take"] in {"button", "form"}:
        _take(call, task)
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
    if dialect["task.take"] == "field" and call.get(dialect["task.take_button"]):
        if call.number(dialect["task.take_button"]) != call.actor.id:
            raise bad_value(dialect["task.take_button"], call.get(dialect["task.take_button"]))
        if task.status == r.TASK_OPEN:
            _take(call, task)
            task = call.world.tasks[task.id]
    if dialect["task.close_kind"] == "field":
        if call.get("status") == str(r.TASK_CLOSED):
            return _close(call, task)
        if call.get("status") == str(r.TASK_IN_WORK) and task.status == r.TASK_OPEN:
            _take(call, task)
        return done()
    if button == dialect["task.close_button"]:
        return _close(call, task)
    if button == "ok":
        return done()
    raise bad_value("clicked_button", button)


def _work(call: Call) -> str:
    """Show or send the performer's own form, which taking the task led to."""
    task = _by_work(call)
    if task is None:
        raise bad_value("elid", call.get("elid"))
    if call.submitted:
        return _close_or_save(call, task, call.button or "ok")
    service = call.world.services[task.service]
    buttons: tuple[Button, ...] = (Button("ok"), CANCEL)
    if task.status != r.TASK_CLOSED:
        buttons = (Button(call.dialect["task.close_button"]), *buttons)
    fields = _facts(call, task, service) + _work_fields(call, service)
    return form(call, fields, buttons, reported_as=call.func + _AFTER_TAKING)


def _take(call: Call, task: r.Task) -> None:
    if task.status == r.TASK_CLOSED:
        raise bad_value("status", str(task.status), "The task is closed.")
    if task.performer not in {0, call.actor.id}:
        raise bad_value("performer", str(task.performer), "The task is taken by somebody else.")
    taken = task._replace(status=r.TASK_IN_WORK, performer=call.actor.id)
    call.world.tasks.put(taken)
    call.world.record("task_taken", task=task.id, by=call.actor.real)


def _take_group(call: Call) -> str:
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not _mine(call, task):
            raise missed("task")
        _take(call, task)
    return done()


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
    after = _AFTER_TAKING if call.dialect["task.take"] == "form" else ""
    seen = call.dialect.forms.get(call.func + after, {"fields": ()})
    ours = {call.dialect[f"task.field.{name}"] for name in ("module", "username", "password")}
    for field in map(reported_field, seen["fields"]):
        sent = call.get(field.name) or field.value
        if field.required and not field.readonly and not sent and field.name not in ours:
            raise missed(field.name)


def _start(call: Call) -> str:
    """Run the operation again: the plan's first module tries to open the service.

    Assumed: the module is chosen anew among those that are on, and the task stays in the list
    (billmanager.md 6.1 says only that the operation is run again).
    """
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not _mine(call, task):
            raise missed("task")
        service = call.world.services[task.service]
        if service.item_status == "5_open":
            call.world.services.put(service._replace(module=0))
            call.world.schedule(call.world.dials.task_delay, "open", service.id)
        call.world.record("task_started", task=key, by=call.actor.real)
    return done()


def _delete(call: Call) -> str:
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not _mine(call, task):
            raise missed("task")
        call.world.tasks.drop(key)
        call.world.record("task_deleted", task=key, by=call.actor.real)
    return done()


def _gettype(call: Call) -> str:
    operation = call.need("operation")
    kind = call.dialect["task.type_open"] if operation == "open" else f"post{operation}"
    return element("task_type", kind)
