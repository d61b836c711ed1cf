"""BILLmanager: tasks of staff, taking and closing them (billmanager.md 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager.payments import moment
from panels.sandbox.billmanager.system import itemtype_id
from panels.sandbox.billmanager.task_forms import edit, is_mine, performer_of, take, work
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import done
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import missed
from panels.sandbox.http.xml import coded, element
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    found = {
        "task": Function(_list, r.STAFF_LEVEL),
        "task.filter": Function(lambda call: filter_form(call, _shape(call)), r.STAFF_LEVEL),
        "task.edit": Function(edit, r.STAFF_LEVEL),
        "task.start": Function(_start, r.STAFF_LEVEL),
        "task.delete": Function(_delete, r.STAFF_LEVEL),
        "task.gettype": Function(_gettype, r.STAFF_LEVEL),
    }
    if dialect["task.take"] == "toolbar":
        found[dialect["task.take_button"]] = Function(_take_group, r.STAFF_LEVEL)
    if dialect["task.work_form"] not in {"", "task.edit"}:
        found[dialect["task.work_form"]] = Function(work, r.STAFF_LEVEL)
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
            + coded("type", task.type, _type(dialect, task.type, lang))
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

    own = call.actor.user.departments if call.actor.user else ()
    told = {"own": own, "none": ()}.get(dialect["department.filter"])
    by_department = {}
    if told is not None:
        offered = tuple((str(key), world.departments[key].name) for key in told)
        by_department["department"] = Match(lambda t: str(t.department), options=offered)
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
            **by_department,
            "id": Match(lambda t: str(t.id)),
            "type": Match(
                lambda t: str(t.type),
                options=tuple((key, _type(dialect, key, lang)) for key in types),
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


def _type(dialect: Dialect, key: str, lang: str) -> str:
    """Name a type of tasks for people."""
    return text("type.postopen" if key == dialect["task.type_open"] else f"type.{key}", lang)


def _list(call: Call) -> str:
    world = call.world
    status = call.get("status") if call.get("filter") == "on" else ""
    by_status = status.isdigit() and not world.dials.lists_behind
    rows = world.tasks.find("status", int(status)) if by_status else world.tasks.all()
    if status:
        rows = sorted(rows)
    return listing(call, _shape(call), [task for task in rows if is_mine(call, task)])


def _start(call: Call) -> str:
    """Run the operation again: the plan's first module tries to open the service.

    Assumed: the module is chosen anew among those that are on, and the task stays in the list
    (billmanager.md 6.1 says only that the operation is run again).
    """
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not is_mine(call, task):
            raise missed("task")
        service = call.world.services[task.service]
        if service.item_status == "5_open":
            call.world.services.put(service._replace(module=0))
            call.world.schedule(call.world.dials.task_delay, "open", service.id)
        call.world.record("task_started", task=key, by=call.actor.real)
    return done()


def _take_group(call: Call) -> str:
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not is_mine(call, task):
            raise missed("task")
        take(call, task)
    return done()


def _delete(call: Call) -> str:
    for key in call.ids():
        task = call.world.tasks.get(key)
        if task is None or not is_mine(call, task):
            raise missed("task")
        call.world.tasks.drop(key)
        call.world.record("task_deleted", task=key, by=call.actor.real)
    return done()


def _gettype(call: Call) -> str:
    operation = call.need("operation")
    kind = call.dialect["task.type_open"] if operation == "open" else f"post{operation}"
    return element("task_type", kind)
