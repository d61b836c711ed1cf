"""BILLmanager: shared hosting services (billmanager.md 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations
from panels.sandbox.billmanager.payments import day
from panels.sandbox.http.amounts import per_period
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form, made, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, filtered, listing
from panels.sandbox.http.refusals import Refusal, bad_value, missed, no_access
from panels.sandbox.http.xml import coded, element, money
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.world import World

_INTERNAL = (
    "service.setstatus",
    "service.setexpiredate",
    "service.saveparam",
    "service.postopen",
    "processing.import.service",
    "processing.import.assign",
)


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part. Those for modules alone need level 30."""
    del dialect
    found = {
        "vhost": Function(_list),
        "vhost.filter": Function(lambda call: filter_form(call, _shape(call))),
        "vhost.edit": Function(_edit),
        "vhost.open": Function(_open, r.STAFF_LEVEL),
        "vhost.suspend": Function(lambda call: _switch(call, on=False), r.STAFF_LEVEL),
        "vhost.resume": Function(lambda call: _switch(call, on=True), r.STAFF_LEVEL),
        "vhost.delete": Function(_delete),
        "service.history": Function(_history),
    }
    return found | {name: Function(_internal, r.ROOT_LEVEL) for name in _INTERNAL}


def _internal(call: Call) -> str:
    raise no_access(call.func)


def _shape(call: Call) -> Listing:
    world, dialect = call.world, call.dialect
    with_ids = dialect["service.row_ids"] == "orig"
    with_remote = dialect.flag("service.remoteid_in_list")
    with_module = dialect.flag("rows.pmmodule")

    def named(name: str, key: int, shown: str) -> str:
        if dialect["service.row_ids"] == "beside":
            return element(name, shown) + element(f"{name}_id", key or "")
        return coded(name, key, shown) if with_ids and key else element(name, shown)

    def payer(client: r.Client) -> str:
        if dialect["rows.client"] == "title":
            return element("account", client.name)
        key = "" if dialect["service.row_ids"] == "beside" else element("account_id", client.id)
        return named("account", client.id, client.name) + key

    def write(s: r.Service) -> str:
        plan, client = world.plans[s.plan], world.clients[s.client]
        module = world.modules.get(s.module)
        return (
            element("id", s.id)
            + element("name", f"{plan.name} #{s.id}")
            + element("domain", s.domain)
            + element("ip")
            + element("username", s.username)
            + named("pricelist", plan.id, plan.name)
            + payer(client)
            + element("project", "Example Hosting")
            + element("datacentername", world.datacenters[s.datacenter].name)
            + named("processingmodule", s.module, module.name if module else "")
            + element("createdate", day(s.created))
            + _expiry(call, s)
            + element("autoprolong", s.autoprolong)
            + _status(call, s)
            + element("period", s.period)
            + element("cost", per_period(call, s.price, s.period))
            + element("item_cost", f"{money(s.price)}00")
            + (element("pmmodule", module.intname) if module and with_module else "")
            + (element("remoteid", s.remoteid) if with_remote else "")
            + (element("processingmodule_failed", "on") if s.failed else "")
        )

    return Listing(
        write,
        (
            "id",
            "name",
            "domain",
            "username",
            "pricelist",
            "account",
            "datacentername",
            "processingmodule",
            "createdate",
            "expiredate",
            "status",
            "item_status",
            "cost",
        ),
        filters={
            "id": Match(lambda s: str(s.id)),
            "account_id": Match(lambda s: str(s.client)),
            "account": Match(lambda s: str(world.clients[s.client].name), part=True),
            "pricelist": Match(lambda s: str(s.plan)),
            "status": Match(lambda s: str(s.status)),
            "datacenter": Match(lambda s: str(s.datacenter)),
            "processingmodule": Match(lambda s: str(s.module)),
            "username": Match(lambda s: str(s.username), part=True),
            "domain": Match(lambda s: str(s.domain), part=True),
            **({"remoteid": Match(lambda s: str(s.remoteid))} if with_remote else {}),
        },
        sorts={"domain": lambda s: s.domain, "username": lambda s: s.username},
        tools=_tools(call),
        idlist=True,
    )


def _status(call: Call, s: r.Service) -> str:
    """Write the status; some rows have it only in `item_status` or its code (facts 2.5)."""
    shown = text(f"item.{s.item_status}", call.lang)
    kind = call.dialect["rows.status"]
    if kind == "item_real":
        return element("item_status", shown) + element("item_real_status", s.item_status)
    own = coded("status", s.status, text(f"status.{s.status}", call.lang))
    both = own + element("real_status", s.status) if kind == "both" else ""
    return both + coded("item_status", s.item_status, shown)


def _expiry(call: Call, s: r.Service) -> str:
    """Write the expiry; what is charged daily shows words, and the date beside them (2.5)."""
    if call.dialect["rows.expiry"] == "words" and s.expires:
        words = element("expiredate", text("daily", call.lang))
        return words + element("real_expiredate", s.expires)
    return element("expiredate", s.expires)


def expiry_is_shut(call: Call, s: r.Service) -> bool:
    """Whether the expiry cannot be set: never by clients, or not while the opening runs (2.5)."""
    opens = call.dialect["rows.expiry_opens"]
    return (
        not call.staff
        or opens == "never"
        or (opens == "after" and s.status not in {r.ACTIVE, r.SUSPENDED})
    )


def _tools(call: Call) -> tuple[Tool, ...]:
    tools = [Tool("edit", "vhost.edit", "edit"), Tool("delete", "vhost.delete")]
    if call.staff:
        tools += [
            Tool("open", "vhost.open", "edit"),
            Tool("suspend", "vhost.suspend"),
            Tool("resume", "vhost.resume"),
        ]
    else:
        tools.append(Tool("new", call.dialect["order.form"], "new"))
    return tuple(tools)


def _list(call: Call) -> str:
    services, client = call.world.services, call.actor.client
    rows: list[r.Service] = []
    wanted = filtered(call, "id")
    if wanted.isascii() and wanted.isdigit():
        one = services.get(int(wanted))
        rows = [one] if one else []
    elif client:
        rows = services.find("client", client)
    elif filtered(call, "account_id").isdigit():
        rows = services.find("client", int(call.get("account_id")))
    elif filtered(call, "pricelist").isdigit():
        rows = services.find("plan", int(call.get("pricelist")))
    else:
        rows = services.all()
    shown = [s for s in rows if client in {0, s.client} and _is_listed(call, s)]
    return listing(call, _shape(call), shown)


def _is_listed(call: Call, service: r.Service) -> bool:
    """Whether a list holds it: a global option hides deleted ones everywhere (facts 2.5).

    That they may be listed only where a filter asks for their status is assumed.
    """
    if service.status != r.DELETED:
        return True
    asked = filtered(call, "status") == str(r.DELETED)
    return {"listed": True, "hidden": False}.get(call.dialect["rows.deleted"], asked)


def _one(call: Call, key: int) -> r.Service:
    service = call.world.services.get(key)
    if service is None or call.actor.client not in {0, service.client}:
        raise bad_value("elid", str(key))
    return service


def module_options(world: World) -> tuple[tuple[str, str], ...]:
    """Give every module that can hold a shared hosting service, as options of a select."""
    return tuple((str(m.id), m.name) for m in world.modules.all() if m.itemtype == "vhost")


def check_password(world: World, password: str, about: str) -> None:
    """Refuse a password that the dials find too weak."""
    if not password:
        return
    dials = world.dials
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    classes = sum(any(kind(c) for c in password) for kind in kinds)
    if len(password) < dials.password_min or classes < dials.password_classes:
        raise bad_value(about, text="The password is too weak.")


def _edit(call: Call) -> str:
    service = _one(call, call.number("elid"))
    if call.submitted:
        return _save(call, service)
    plan = call.world.plans[service.plan]
    dialect = call.dialect
    states = tuple((str(n), text(f"status.{n}", call.lang)) for n in (1, 2, 3, 5))
    periods = tuple((str(m), f"{m} {text('months', call.lang)}") for m, _ in plan.prices)
    fields = [
        Field("createdate", day(service.created), readonly=True),
        Field("opendate", day(service.opened) if service.opened else "", readonly=True),
        Field("expiredate", service.expires, readonly=expiry_is_shut(call, service)),
        Field("status", str(service.status), "select", readonly=True, options=states),
        Field("item_status", service.item_status, readonly=True),
        select("period", str(service.period), periods),
        Field("autoprolong", service.autoprolong),
        Field("domain", service.domain),
        Field("username", service.username),
        Field("password", service.password, "password"),
    ]
    if dialect["rows.expiry_opens"] == "after" and service.status == r.IN_PROGRESS:
        fields.append(Field("msg_open_warning", "", "textdata"))
    if call.staff:
        fields += [
            select("processingmodule", str(service.module or ""), module_options(call.world)),
            Field("pricelist", str(service.plan), "hidden"),
            Field("account", str(service.client), "hidden"),
            Field("datacenter", str(service.datacenter), "hidden"),
            Field("note", service.note, "textarea"),
            Field("noexpense", "off", "checkbox"),
        ]
        if dialect.flag("service.remoteid_in_form"):
            fields.append(Field("remoteid", service.remoteid, readonly=True))
    return form(call, fields)


def _save(call: Call, service: r.Service) -> str:
    world = call.world
    changed = _changed_by_staff(call, service) if call.staff else service
    if call.get("expiredate") and expiry_is_shut(call, service):
        raise no_access("expiredate")
    if call.get("autoprolong"):
        changed = changed._replace(autoprolong=call.get("autoprolong"))
    if call.get("password") and call.get("password") != service.password:
        check_password(world, call.get("password"), "password")
        changed = changed._replace(password=call.get("password"))
    world.services.put(changed)
    world.record("service_saved", service=service.id, by=call.actor.real)
    if changed.status == r.ACTIVE and world.dials.edit_pushes_limits:
        hosting.push_limits(world, changed, "vhost.edit")
    return done(made(service.id))


def _changed_by_staff(call: Call, service: r.Service) -> r.Service:
    """Give the service with what only staff may change."""
    if call.get("expiredate"):
        date = operations.parse_date(call.get("expiredate"))
        if date is None:
            raise bad_value("expiredate", call.get("expiredate"))
        service = service._replace(expires=date)
    if "note" in call.params:
        service = service._replace(note=call.get("note"))
    if call.get("processingmodule"):
        module = call.number("processingmodule")
        if module not in call.world.modules.rows:
            raise bad_value("processingmodule", str(module))
        service = service._replace(module=module)
    if call.get("username"):
        service = service._replace(username=call.get("username"))
    return service


def _open(call: Call) -> str:
    """Set a service up by hand: the service's own form (billmanager.md 6.3)."""
    world = call.world
    service = _one(call, call.number("elid"))
    if not call.submitted:
        plan = world.plans[service.plan]
        fit = operations.modules_for(world, plan, service.datacenter)
        options = tuple((str(m.id), m.name) for m in fit)
        return form(
            call,
            [
                select("processingmodule", str(service.module or ""), options, required=True),
                Field("username", service.username, required=True),
                Field("password", "", "password", required=True),
            ],
        )
    if service.status != r.IN_PROGRESS:
        raise bad_value("elid", str(service.id), "The service is not being opened.")
    module = call.number("processingmodule")
    if module not in world.modules.rows:
        raise bad_value("processingmodule", str(module))
    opened = service._replace(
        module=module, username=call.need("username"), password=call.need("password")
    )
    operations.activate(world, opened)
    return done()


def _module_of(world: World, service: r.Service) -> r.Module | None:
    module = world.modules.get(service.module)
    return module if module is not None and module.server else None


def _switch(call: Call, *, on: bool) -> str:
    world = call.world
    for key in call.ids():
        service = world.services.get(key)
        if service is None:
            raise missed("service")
        if service.status not in {r.ACTIVE, r.SUSPENDED}:
            raise Refusal("value", "elid", str(key), "The service cannot be switched now.")
        status = r.ACTIVE if on else r.SUSPENDED
        reason = "2" if on else "3_employeesuspend"
        world.services.put(service._replace(status=status, item_status=reason))
        module = _module_of(world, service)
        if module is not None:
            name = service.username
            hosting.set_active(world, module.server, name, active=on, by="vhost")
        _ask_people(world, service, "postresume" if on else "postsuspend")
    return done()


def _ask_people(world: World, service: r.Service, kind: str) -> None:
    """Make a task for what the manual module cannot do itself (billmanager.md 6.1)."""
    module = world.modules.get(service.module)
    if module is not None and operations.is_manual(world, module):
        operations.make_task(world, service, kind, module.department)


def _delete(call: Call) -> str:
    for key in call.ids():
        delete_service(call.world, _one(call, key), call.actor.real)
    return done()


def delete_service(world: World, service: r.Service, by: str) -> None:
    """Delete a service; one that is bound to an ispmanager takes the hosting user with it."""
    key = service.id
    module = _module_of(world, service)
    if module is not None and service.status in {r.ACTIVE, r.SUSPENDED}:
        hosting.delete_user(world, module.server, service.username, f"vhost.delete {key}")
    world.services.put(service._replace(status=r.DELETED, item_status="4"))
    for task in world.tasks.find("service", key):
        if task.status != r.TASK_CLOSED:
            world.tasks.put(task._replace(status=r.TASK_CLOSED))
    for line in world.lines.find("client", service.client):
        if line.service == key:
            world.lines.drop(line.id)
    _ask_people(world, service, "postclose")
    world.record("service_deleted", service=key, by=by)


def _history(call: Call) -> str:
    service = _one(call, call.number("elid"))
    shape = Listing(lambda row: element("id", row[0]) + element("desc", row[1]), ("id", "desc"))
    return listing(call, shape, [(1, "created"), (2, service.item_status)])
