"""BILLmanager: processing modules (billmanager.md 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import CANCEL, OK, Button, Field, done, form, made, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import Refusal, bad_value, missed
from panels.sandbox.http.xml import coded, element
from panels.sandbox.world.records import STAFF_LEVEL, Module

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.world import World

_TOOLS = (
    Tool("new", "processing.add", "new"),
    Tool("edit", "processing.edit", "edit"),
    Tool("delete", "processing.delete"),
    Tool("resume", "processing.resume"),
    Tool("suspend", "processing.suspend"),
)


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    return {
        "processing": Function(_list, STAFF_LEVEL),
        "processing.filter": Function(lambda call: filter_form(call, _shape(call)), STAFF_LEVEL),
        "processing.edit": Function(_edit, STAFF_LEVEL),
        "processing.add": Function(_choose, STAFF_LEVEL),
        dialect["modules.create"]: Function(_create, STAFF_LEVEL),
        "processing.resume": Function(lambda call: _switch(call, on=True), STAFF_LEVEL),
        "processing.suspend": Function(lambda call: _switch(call, on=False), STAFF_LEVEL),
        "processing.delete": Function(_delete, STAFF_LEVEL),
    }


def title(world: World, module: Module, lang: str) -> str:
    """Give the human name of a module's kind."""
    kind = "other"
    if operations.is_manual(world, module):
        kind = "manual"
    elif operations.is_ispmanager(world, module):
        kind = "ispmanager"
    own = "" if kind == "other" else world.dialect[f"modules.{kind}_title"]
    return own or text(f"module.{kind}", lang)


def _shape(call: Call) -> Listing:
    world = call.world

    def write(module: Module) -> str:
        kind = module.intname
        if call.dialect["modules.column"] == "title":
            kind = title(world, module, call.lang)
        state = "enabled" if module.enabled else "disabled"
        return (
            element("id", module.id)
            + element("name", module.name)
            + element("module", kind)
            + element("datacenter_name", world.datacenters[module.datacenter].name)
            + element("pusage", "")
            + element("balance_info", "")
            + element("orderpriority", module.orderpriority)
            + coded("status", state, text(state, call.lang))
        )

    return Listing(
        write,
        ("id", "name", "module", "datacenter_name", "pusage", "orderpriority", "status"),
        filters={
            "id": Match(lambda m: str(m.id)),
            "name": Match(lambda m: str(m.name), part=True),
            "module": Match(lambda m: str(m.intname)),
            "datacenter": Match(lambda m: str(m.datacenter)),
        },
        sorts={"orderpriority": lambda m: m.orderpriority, "name": lambda m: m.name},
        tools=_TOOLS,
    )


def _list(call: Call) -> str:
    return listing(call, _shape(call), call.world.modules.all())


def _kinds(call: Call) -> tuple[tuple[str, str], ...]:
    dialect = call.dialect
    return tuple(
        (
            dialect[f"modules.{kind}"],
            dialect[f"modules.{kind}_title"] or text(f"module.{kind}", call.lang),
        )
        for kind in ("ispmanager", "manual")
    )


def _choose(call: Call) -> str:
    """Show the first step: product type and module."""
    types = (("vhost", text("itemtype.vhost", call.lang)),)
    return form(
        call,
        [select("type", "vhost", types), select("module", call.get("module"), _kinds(call))],
        (Button("next"), CANCEL),
    )


def _fields(call: Call, module: Module | None, intname: str) -> list[Field]:
    world = call.world
    centres = tuple((str(d.id), d.name) for d in world.datacenters.all())
    departments = tuple((str(d.id), d.name) for d in world.departments.all())
    fields = [
        Field("name", module.name if module else "", required=True),
        select("datacenter", str(module.datacenter) if module else "", centres, required=True),
        select("department", str(module.department) if module else "", departments),
        Field("orderpriority", str(module.orderpriority) if module else ""),
    ]
    if intname == call.dialect["modules.ispmanager"]:
        address = world.address_of(module.server) if module else ""
        fields += [
            Field(call.dialect["modules.url_field"], address, required=True),
            Field("username", "root" if module else "", required=True),
            Field("password", "", "password"),
        ]
    if module is None:
        fields += [Field("module", intname, "hidden"), Field("type", "vhost", "hidden")]
    return fields


def _create(call: Call) -> str:
    intname = call.need("module")
    button = call.dialect["modules.create_button"]
    if intname not in {key for key, _ in _kinds(call)}:
        raise bad_value("module", intname)
    if not call.submitted:
        return form(call, _fields(call, None, intname), (Button(button), CANCEL))
    world = call.world
    if call.button and call.button != button:
        raise bad_value("clicked_button", call.button)
    if call.get("type", "vhost") != "vhost":
        raise bad_value("type", call.get("type"))
    if intname != call.dialect["modules.manual"]:
        raise Refusal("open", "url", "", "The panel of the module cannot be reached.")
    name = call.need("name")
    if any(module.name == name for module in world.modules.all()):
        raise Refusal("exists", "name", name, "A module with this name already exists.")
    centre = call.number("datacenter")
    if centre not in world.datacenters.rows:
        raise bad_value("datacenter", str(centre))
    department = call.number("department") if call.get("department") else 1
    if department not in world.departments.rows:
        raise bad_value("department", str(department))
    highest = max((m.orderpriority for m in world.modules.all()), default=0)
    priority = call.number("orderpriority") if call.get("orderpriority") else highest + 1
    key = world.modules.next_id()
    world.modules.put(
        Module(key, name, intname, "vhost", centre, department, priority, enabled=True)
    )
    world.record("module_created", module=key, name=name, by=call.actor.real)
    return done(made(key))


def _edit(call: Call) -> str:
    module = _one(call)
    if not call.submitted:
        return form(call, _fields(call, module, module.intname), (OK, CANCEL))
    changed = module
    if call.get("name"):
        changed = changed._replace(name=call.get("name"))
    if call.get("orderpriority"):
        changed = changed._replace(orderpriority=call.number("orderpriority"))
    if call.get("department"):
        department = call.number("department")
        if department not in call.world.departments.rows:
            raise bad_value("department", str(department))
        changed = changed._replace(department=department)
    call.world.modules.put(changed)
    call.world.record("module_changed", module=module.id, by=call.actor.real)
    return done(made(module.id))


def _one(call: Call) -> Module:
    module = call.world.modules.get(call.number("elid"))
    if module is None:
        raise bad_value("elid", call.get("elid"))
    return module


def _switch(call: Call, *, on: bool) -> str:
    for key in call.ids():
        module = call.world.modules.get(key)
        if module is None:
            raise missed("processingmodule")
        call.world.modules.put(module._replace(enabled=on))
        call.world.record("module_switched", module=key, on=on, by=call.actor.real)
    return done()


def _delete(call: Call) -> str:
    world = call.world
    for key in call.ids():
        if key not in world.modules.rows:
            raise missed("processingmodule")
        if any(key in plan.modules for plan in world.plans.all()):
            raise Refusal("value", "elid", str(key), "The module is used by a tariff plan.")
        world.modules.drop(key)
        world.record("module_deleted", module=key, by=call.actor.real)
    return done()
