"""BILLmanager: tariff plans, their modules, and the public price list (billmanager.md 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations, sale_rules
from panels.sandbox.billmanager.modules import title
from panels.sandbox.billmanager.system import itemtype_id
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form, made, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import bad_value, missed, no_access
from panels.sandbox.http.xml import coded, element, money
from panels.sandbox.world.records import STAFF_LEVEL

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Module, Plan
    from panels.sandbox.world.world import World

_YEAR = 12


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    staff = STAFF_LEVEL
    second = dialect["plan_modules.second_list"]
    return {
        **({second: Function(_second_list, staff)} if second else {}),
        "pricelist": Function(_list, staff),
        "pricelist.filter": Function(lambda call: filter_form(call, _shape(call)), staff),
        "pricelist.edit": Function(_edit, staff),
        "pricelist.detail": Function(_details, staff),
        "pricelist.resume": Function(lambda call: _enable(call, on=True), staff),
        "pricelist.suspend": Function(lambda call: _enable(call, on=False), staff),
        "pricelist.export": Function(_export, 0),
        "pricelistgroup": Function(_groups, staff),
        dialect["plan_modules.list"]: Function(_modules, staff),
        dialect["plan_modules.enable"]: Function(lambda call: _switch(call, on=True), staff),
        dialect["plan_modules.disable"]: Function(lambda call: _switch(call, on=False), staff),
    }


def _shape(call: Call) -> Listing:
    world, dialect = call.world, call.dialect
    second = dialect["plan_modules.second_list"]

    def write(plan: Plan) -> str:
        names = ", ".join(
            world.modules[key].name for key in plan.modules if key in world.modules.rows
        )
        state = "enabled" if plan.enabled else "disabled"
        first = plan.prices[0] if plan.prices else (0, 0)
        cost = f"{money(first[1])} {dialect['currency.iso']} / {first[0]} "
        return (
            element("id", plan.id)
            + element("name", plan.name)
            + coded("itemtype_name", plan.itemtype, text(f"itemtype.{plan.itemtype}", call.lang))
            + element("project", "Example Hosting")
            + (element("processingmodules", names) if dialect.flag("plan_modules.told") else "")
            + element("pricelist_cost", cost + text("months", call.lang))
            + element("orderpriority", plan.orderpriority)
            + coded("status", state, text(state, call.lang))
            + element("note")
            + element("accessname", sale_rules.of(world, plan).get("access", "").capitalize())
            + element("prorataday")
        )

    return Listing(
        write,
        (
            "id",
            "name",
            "itemtype_name",
            "project",
            "processingmodules",
            "pricelist_cost",
            "orderpriority",
            "status",
        ),
        filters={
            "id": Match(lambda p: str(p.id)),
            "name": Match(lambda p: str(p.name), part=True),
            "itemtype": Match(lambda p: str(itemtype_id(dialect, p.itemtype))),
        },
        sorts={"name": lambda p: p.name, "orderpriority": lambda p: p.orderpriority},
        tools=(
            Tool("edit", "pricelist.edit", "edit"),
            Tool("resume", "pricelist.resume"),
            Tool("suspend", "pricelist.suspend"),
            Tool("detail", "pricelist.detail", "list"),
            *([Tool("second", second, "list")] if second else []),
            Tool(dialect["plan_modules.toolbar_name"], dialect["plan_modules.list"], "list"),
        ),
    )


def _list(call: Call) -> str:
    return listing(call, _shape(call), call.world.plans.all())


def _plan(call: Call, name: str) -> Plan:
    plan = call.world.plans.get(call.number(name))
    if plan is None:
        raise bad_value(name, call.get(name))
    return plan


def _edit(call: Call) -> str:
    plan = _plan(call, "elid")
    dialect = call.dialect
    letters = (("null", text("null", call.lang)), ("1", "New service"), ("2", "Welcome"))
    if not call.submitted:
        fields = [
            Field("name", plan.name, required=True),
            Field("intname", plan.intname),
            Field("itemtype", str(itemtype_id(dialect, plan.itemtype)), "hidden"),
            select("project", str(plan.project), (("1", "Example Hosting"),)),
            select("opennotify", plan.opennotify, letters),
            Field("orderpriority", str(plan.orderpriority)),
            Field("preset", plan.preset),
            *_rule_fields(call, plan),
            *(
                Field(f"{_price_name(months)}{dialect['currency.id']}", money(cost))
                for months, cost in plan.prices
            ),
        ]
        return form(call, fields)
    if call.get("opennotify") and call.get("opennotify") not in dict(letters):
        raise bad_value("opennotify", call.get("opennotify"))
    # Assumed: what is left out of a save stays as it is (billmanager.md 3.1 does not say).
    changed = plan._replace(
        opennotify=call.get("opennotify", plan.opennotify), name=call.get("name", plan.name)
    )
    call.world.plans.put(changed)
    call.world.record(
        "plan_changed", plan=plan.id, by=call.actor.real, letter=changed.opennotify,
        renamed=changed.name != plan.name,
    )  # fmt: skip
    return done(made(plan.id))


def _rule_fields(call: Call, plan: Plan) -> list[Field]:
    """Show what keeps the plan from being ordered, as far as it is set (see `salerules`)."""
    rules = sale_rules.of(call.world, plan)
    fields = [Field(n, rules[n]) for n in sale_rules.COLUMNS if n in rules and n != "access"]
    if "access" in rules:
        options = tuple((name, name.capitalize()) for name in call.world.dials.client_groups)
        fields.append(select("access", rules["access"], (("null", "--"), *options)))
    return fields


def _groups(call: Call) -> str:
    """List the groups of plans (billmanager.md 3.4)."""

    def write(group: tuple[str, int]) -> str:
        return element("id", group[0]) + element("name", group[0]) + element("itemmax", group[1])

    shape = Listing(write, ("id", "name", "itemmax"))
    return listing(call, shape, list(call.world.dials.plan_groups.items()))


def _details(call: Call) -> str:
    """List a plan's resources. Assumed: the columns (billmanager.md 3.1 names the list alone)."""
    plan = _plan(call, "elid")

    def write(row: tuple[int, tuple[str, int]]) -> str:
        key, (resource, amount) = row
        return (
            element("id", key)
            + element("name", resource.capitalize())
            + element("intname", resource)
            + element("limit", amount)
        )

    shape = Listing(write, ("id", "name", "intname", "limit"))
    rows = list(enumerate(plan.limits, plan.id * 100))
    return listing(call, shape, rows, element("plid", plan.id))


def _price_name(months: int) -> str:
    names = {1: "monthly", 3: "quarterly", 6: "semiannual", 12: "annually", 0: "lifetime"}
    return names.get(months, f"period{months}_")


def _enable(call: Call, *, on: bool) -> str:
    for key in call.ids():
        plan = call.world.plans.get(key)
        if plan is None:
            raise missed("pricelist")
        call.world.plans.put(plan._replace(enabled=on))
    return done()


def _modules(call: Call) -> str:
    """List the modules that fit a plan, each with whether it is enabled there."""
    plan = _plan(call, call.dialect["plan_modules.parent"])
    world, dialect = call.world, call.dialect
    if plan.id in world.dials.broken_plans:
        raise bad_value("pricelist", str(plan.id))
    flag, own = dialect["plan_modules.flag"], dialect["plan_modules.own_switch"]

    def write(module: Module) -> str:
        return (
            element("id", module.id)
            + element("name", module.name)
            + element("module", title(world, module, call.lang))
            + element("orderpriority", module.orderpriority)
            + (element(own, "on" if module.enabled else "off") if own else "")
            + _state(call, flag, on=module.id in plan.modules)
        )

    is_property = {dialect["plan_modules.on"], dialect["plan_modules.off"]} & {"-", "+"}
    shape = Listing(
        write,
        ("id", "name", "module", "orderpriority", *((own,) if own else ()), flag),
        tools=(_tool(dialect, on=True), _tool(dialect, on=False)),
        properties=(flag,) if is_property else (),
    )
    rows = [m for m in world.modules.all() if m.itemtype == plan.itemtype]
    if dialect.flag("plan_modules.in_order_of_plan"):
        places = {key: place for place, key in enumerate(plan.modules)}
        rows.sort(key=lambda module: places.get(module.id, len(places)))
    return listing(call, shape, rows, element("plid", plan.id))


def _tool(dialect: Dialect, *, on: bool) -> Tool:
    """Give the button that switches one way, hidden for rows that are so already."""
    way = "enable" if on else "disable"
    hides = None
    code = dialect["plan_modules.on" if on else "plan_modules.off"]
    # What is not there cannot be named.
    if dialect.flag("plan_modules.hides") and code != "-":
        word = "enabled" if on else "disabled"
        if dialect["plan_modules.flag"] != "status":
            word = "on" if on else "off"
        hides = (dialect["plan_modules.flag"], "" if code == "+" else code or word)
    name, func = dialect[f"plan_modules.{way}_button"], dialect[f"plan_modules.{way}"]
    return Tool(name, func, dialect["plan_modules.button_kind"], hides)


def _second_list(call: Call) -> str:
    """A list that is easily taken for the one of a plan's modules: of what was done with them."""
    plan = _plan(call, call.dialect["plan_modules.parent"])
    world = call.world
    if call.dialect["plan_modules.second_rows"] == "modules":
        rows = [(m.id, m.name) for m in world.modules.all() if m.itemtype == plan.itemtype]
    else:
        rows = [(key, f"Operation {key}") for key in range(plan.id * 10, plan.id * 10 + 3)]
    shape = Listing(
        lambda row: element("id", row[0]) + element("name", row[1]) + element("active", "on"),
        ("id", "name", "active"),
    )
    return listing(call, shape, rows, element("plid", plan.id))


def _state(call: Call, flag: str, *, on: bool) -> str:
    """Write the cell that says whether a module is on for the plan.

    Assumed in every form: as a word, as a code behind a text, or as a property, which is an empty
    cell when true and none when false (billmanager.md 3.2, ispmanager.md 1.4).
    """
    code = call.dialect["plan_modules.on" if on else "plan_modules.off"]
    state = "enabled" if on else "disabled"
    if code == "-" or (not on and call.dialect["plan_modules.off_cell"] == "absent"):
        return ""
    if code == "+":
        return element(flag)
    if code or flag == "status":
        return coded(flag, code or state, text(state, call.lang))
    return element(flag, "on" if on else "off")


def _switch(call: Call, *, on: bool) -> str:
    plan = _plan(call, "plid")
    dialect = call.dialect
    if dialect["plan_modules.button_kind"] == "groupform" and not call.submitted:
        fields = [Field("plid", str(plan.id), "hidden"), Field("confirmed", "yes", "hidden")]
        asked = dialect["plan_modules.form_asks"]
        more = [Field(asked, "", required=True)] if asked else []
        return form(call, [*fields, *more])
    if dialect["plan_modules.button_kind"] == "groupform":
        call.need("confirmed")  # what the form carried, as it stood
        if dialect["plan_modules.form_asks"]:
            call.need(dialect["plan_modules.form_asks"])
    for key in call.ids():
        module = call.world.modules.get(key)
        if module is None or module.itemtype != plan.itemtype:
            raise bad_value("elid", str(key))
        switch_module(call.world, plan.id, key, on=on, by=call.actor.real)
    return done()


def switch_module(world: World, plan_id: int, module: int, *, on: bool, by: str) -> None:
    """Enable or disable a module on a plan; switching to what is already so changes nothing."""
    plan = world.plans[plan_id]
    if (module in plan.modules) == on:
        return
    modules = (*plan.modules, module) if on else tuple(m for m in plan.modules if m != module)
    world.plans.put(plan._replace(modules=modules))
    world.record("switch", plan=plan_id, module=module, on=on, by=by, left=list(modules))


def _export(call: Call) -> str:
    """Write the public price list (shape as public clients read it)."""
    world, dialect = call.world, call.dialect
    if dialect["prices.export"] == "refused":
        raise no_access(call.func)
    plans = [] if dialect["prices.export"] == "empty" else world.plans.all()
    if call.get("pricelist"):
        plans = [plan for plan in plans if str(plan.id) == call.get("pricelist")]
    if call.get("itemtype"):
        wanted = call.get("itemtype")
        plans = [
            plan
            for plan in plans
            if wanted in {plan.itemtype, str(itemtype_id(dialect, plan.itemtype))}
        ]
    if call.get("onlyavailable") == "on":
        plans = [plan for plan in plans if plan.enabled]
    return "".join(_exported(world, dialect, plan, call.lang) for plan in plans)


def _exported(world: World, dialect: Dialect, plan: Plan, lang: str) -> str:
    periods = "".join(
        element(
            "period",
            "",
            type="month" if months % _YEAR else "year",
            length=months if months % _YEAR else months // _YEAR,
            cost=money(cost),
        )
        for months, cost in plan.prices
    )
    price = (
        f'<price currency="{dialect["currency.iso"]}" currency_id="{dialect["currency.id"]}">'
        f"{periods}</price>"
    )
    if dialect["prices.export"] == "silent":
        price = ""
    info = element("intname", plan.itemtype)
    info += element("name", text(f"itemtype.{plan.itemtype}", lang))
    centres = "".join(
        f"<datacenter>{element('id', key)}{element('name', name)}</datacenter>"
        for key, name in offered_datacenters(world, plan)
    )
    return (
        f"<pricelist>{element('id', plan.id)}{element('name', plan.name)}"
        f"{element('intname', plan.intname)}{element('active', 'on' if plan.enabled else 'off')}"
        f"{element('hideinorder', 'off')}{element('archived', 'off')}"
        f"{element('project', plan.project)}"
        f"{element('itemtype', itemtype_id(dialect, plan.itemtype))}"
        f"<itemtype_info>{info}</itemtype_info>"
        f"{price}{centres}</pricelist>"
    )


def offered_datacenters(world: World, plan: Plan) -> list[tuple[int, str]]:
    """List the data centres in which an enabled module of the plan works."""
    return [
        (centre.id, centre.name)
        for centre in world.datacenters.all()
        if operations.modules_for(world, plan, centre.id)
    ]
