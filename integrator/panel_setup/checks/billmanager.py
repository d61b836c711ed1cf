"""The check of BILLmanager: what each step needs (design.md, section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrator.inventory import prices
from integrator.inventory.billmanager import plan_modules
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, say, sentences
from integrator.panel_access import panel_connections, stored_dialect, transports
from integrator.panel_setup.checks.choices import needs_choice
from integrator.panel_setup.checks.rows import Asker, buttons
from integrator.panel_setup.checks.tasks import ask_tasks
from panels.billmanager.dialect.markers import NOT_YET
from panels.billmanager.dialect.names import Found
from panels.billmanager.discovery.discovery import NO_USER
from panels.billmanager.registers import LIST, registers
from panels.coremanager.errors import LoginRefused, PanelError, Refused, UnexpectedAnswer

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from panels.billmanager import BillManager
    from panels.billmanager.plans import Offer, Plan
    from panels.billmanager.registers import Register


@dataclass(slots=True)
class _Context:
    """The state that the parts of the check share: the asker, and what was found so far."""

    asker: Asker
    bm: BillManager
    plans: list[Plan]
    offers: dict[int, Offer]


def ask(asker: Asker) -> None:
    """Ask for everything that steps 1 to 8 need."""
    panel = asker.panel
    learnt = asker.ask(0, say("need.names"), "", lambda: stored_dialect.learn_dialect(panel))
    if not learnt and asker.rows[-1].state == "unreachable":
        return
    context = _Context(asker, panel_connections.billmanager(panel, even_stopped=True), [], {})
    user = prices.some_user()
    _modules(context)
    _plans(context)
    _prices(context, user)
    _lists(asker)
    _as_client(context, user)
    staff = Asker(panel, transports.transport(panel, as_task_staff=True, even_stopped=True))
    ask_tasks(staff, context.bm)
    asker.rows += staff.rows


def _modules(context: _Context) -> None:
    asker, dialect = context.asker, context.bm.dialect
    asker.list(1, say("need.modules"), "processing")
    if _named(context, 1, say("need.manual_module"), "manual_module"):
        _creation(context)
    if not dialect.ispmanager_modules and "ispmanager_modules" in dialect.choices:
        _named(context, 1, say("need.ispmanager_modules"), "ispmanager_modules")
    asker.row_form(
        1,
        say("need.module_form"),
        "processing.edit",
        "processing",
        say("only_for.server"),
    )
    _departments(context)


def _creation(context: _Context) -> None:
    asker, dialect = context.asker, context.bm.dialect
    func, what = "processing.add.settings", say("need.new_module")
    if dialect.module_create is None and "module_create" in dialect.choices:
        # The step that is documented may be there all the same; else it is a person's to say.
        if asker.ask(1, what, func, context.bm.modules.creation_form):
            return
        if asker.rows[-1].state == "not found":
            asker.rows.pop()
            _named(context, 1, what, "module_create")
        return
    func = dialect.module_create.value if dialect.module_create else func
    asker.ask(1, what, func, context.bm.modules.creation_form)
    if dialect.module_button is None and "module_button" in dialect.choices:
        _named(context, 1, say("need.module_button"), "module_button")


def _departments(context: _Context) -> None:
    """Add whether a module can be made whose tasks our staff login handles."""
    dialect, what = context.bm.dialect, say("need.department")
    ours = {key for key, _title in dialect.task_departments}
    offered = {key for key, _title in dialect.departments}
    titles = ", ".join(title for _key, title in dialect.departments)
    if not ours and dialect.places.get("task_departments") == NO_USER:
        text = say("check.nobodys_tasks", titles=titles)
    elif ours and offered and not ours & offered:
        text = say("check.other_departments", titles=titles)
    else:
        return
    context.asker.note(1, what, "department", "denied", text)


def _plans(context: _Context) -> None:
    asker, bm = context.asker, context.bm
    if not asker.list(2, say("need.plans"), "pricelist"):
        return
    hosting = asker.ask(
        2, say("need.hosting_plans"), "pricelist", lambda: context.plans.extend(bm.plans.all())
    )
    if hosting and not context.plans:
        asker.rows.pop()
        text = say("check.no_hosting_plan")
        asker.note(2, say("need.hosting_plans"), "pricelist", "not found", text)
    _plan_modules(context)
    if context.plans:
        asker.form(
            2,
            say("need.letter"),
            "pricelist.edit",
            {"elid": context.plans[0].id},
            only_for=say("only_for.letter"),
        )


def _plan_modules(context: _Context) -> None:
    """Check a plan's list of modules, its marker and the switches; else the list alone.

    What stands on the list cannot be found before it, and is nobody's to say before.
    """
    asker, bm = context.asker, context.bm
    looked = say("check.looked_for_list", buttons=buttons(asker.lists["pricelist"]))
    if not _named(context, 2, say("need.plan_modules_list"), "plan_modules_list", looked):
        return
    if bm.dialect.plan_modules_parent is None:
        looked = say("check.looked_for_parent", func=bm.dialect.need("plan_modules_list"))
        _named(context, 2, say("need.plan_modules"), "plan_modules_parent", looked)
        return
    if context.plans:
        asker.ask(
            2,
            say("need.plan_modules"),
            bm.dialect.need("plan_modules_list"),
            lambda: _some_modules(context),
        )
    looked = say("check.looked_for_switches")
    _named(context, 2, say("need.switch_on"), "plan_modules_enable", looked)
    _named(context, 2, say("need.switch_off"), "plan_modules_disable", looked)
    _marker(context)


MAX_TRIED = 3
"""Plans with which the list of modules is tried: one alone may be damaged."""


def _some_modules(context: _Context) -> None:
    """List the modules of one of some plans. Raises what the first raised where all did."""
    first: PanelError | None = None
    for plan in context.plans[:MAX_TRIED]:
        try:
            plan_modules(context.bm, plan.id)
        except (Refused, UnexpectedAnswer) as error:
            if isinstance(error, LoginRefused) or getattr(error, "transient", False):
                raise
            first = first or error
        else:
            return
    if first is not None:
        raise first


def _marker(context: _Context) -> None:
    """Add whether the marker of plans' modules is known, or when it will be."""
    dialect = context.bm.dialect
    name, what = "plan_modules_marker", say("need.marker")
    found, told = dialect.plan_modules_marker, dialect.places.get("plan_modules_marker", "")
    if told == NOT_YET or (found is not None and found.where == NOT_YET):
        text = say("check.all_on")
        context.asker.note(2, what, found.value if found else name, "warning", text)
        return
    looked = sentences(say("check.looked_for_marker"), panel_errors.of_words(told))
    _named(context, 2, what, name, looked)


def _prices(context: _Context, user: int | None) -> None:
    """Check that prices can be read: from the price list, else from the forms of orders."""
    asker, bm = context.asker, context.bm
    other = say("only_for.order_prices") if user else NOTHING
    asker.ask(
        2,
        say("need.price_list"),
        "pricelist.export",
        lambda: context.offers.update(bm.plans.offers()),
        other,
    )
    silent = any(not prices.is_sellable(context.offers.get(plan.id)) for plan in context.plans)
    if not silent or user is None or bm.dialect.order is None:
        return
    what, func = say("need.order_prices"), bm.orders.func.removesuffix(".param")
    asker.ask(
        2,
        what,
        func,
        lambda: context.offers.update(prices.offers(bm, user)),
        other if context.offers else NOTHING,
    )
    if not any(prices.is_sellable(offer) for offer in context.offers.values()):
        text = say("check.no_prices")
        asker.note(2, what, func, "not found", text)


def _lists(asker: Asker) -> None:
    asker.list(3, say("need.clients"), "account")
    asker.list(3, say("need.users"), "user")
    asker.list(3, say("need.services"), "vhost")
    asker.row_form(3, say("need.service_form"), "vhost.edit", "vhost")
    only_credit = say("only_for.credit")
    asker.list(4, say("need.charges"), "expense")
    asker.list(4, say("need.payments"), "payment")
    asker.list(4, say("need.payment_methods"), "paymethod", only_for=only_credit)
    _registers(asker)
    asker.button(4, say("need.paid"), "payment.setpaid", "payment", only_credit)


def _registers(asker: Asker) -> None:
    """Warn of cash registers: a printed receipt cannot be undone."""
    found: list[Register] = []
    what = say("need.receipts")
    if not asker.ask(4, what, LIST, lambda: found.extend(registers(asker.transport))) or not found:
        asker.rows.pop()  # only what it found is news
        return
    names = ", ".join(one.name for one in found)
    charges = any(one.charges is not False for one in found)
    text = (
        say("check.receipts_for_charges", names=names)
        if charges
        else say("check.receipts_for_payments", names=names)
    )
    asker.rows.pop()
    asker.note(4, what, LIST, "warning", text)


def _as_client(context: _Context, user: int | None) -> None:
    """Check acting as a client and its order form, where a client and an offer are known."""
    asker, bm = context.asker, context.bm
    if user is not None and not asker.ask(3, say("need.client"), "su", lambda: bm.whoami(su=user)):
        return  # what is looked for as a client cannot be found, and is nobody's to set
    looked = say("check.looked_for_order")
    _named(context, 3, say("need.order"), "order", looked)
    looked = say("check.looked_for_cart")
    _named(context, 4, say("need.cart"), "cart", looked)
    if user is None:
        text = say("check.no_client")
        asker.note(3, say("need.client"), "su", "warning", text)
        return
    _order_form(context, user)
    if bm.dialect.cart is not None:
        asker.ask(
            4,
            say("need.unpaid_orders"),
            bm.dialect.cart.value,
            lambda: bm.orders.unpaid_lines(user),
        )
    asker.ask(
        4,
        say("need.payment_form"),
        "payment.add.method",
        lambda: bm.payments.draft(user),
        say("only_for.credit"),
    )


def _order_form(context: _Context, user: int) -> None:
    order = context.bm.dialect.order
    if order is None:
        return
    func = "v2.vhost.order.param" if order.value == "v2" else "vhost.order.param"
    for plan in context.plans:
        offer = context.offers.get(plan.id)
        if plan.enabled and offer is not None and offer.periods and offer.datacenters:
            datacenter, period = offer.datacenters[0][0], min(offer.periods)
            context.asker.ask(
                3,
                say("need.order_form"),
                func,
                lambda: context.bm.orders.form(plan.id, datacenter, period, user),  # noqa: B023 - asked at once
            )
            return


def _named(
    context: _Context, step: int, what: Message, name: str, looked: Message = NOTHING
) -> bool:
    """Add the row of what is judged by its name alone: found or not; whether it was found."""
    asker, dialect = context.asker, context.bm.dialect
    found = getattr(dialect, name)
    if found:
        value = found.value if isinstance(found, Found) else ", ".join(found)
        asker.note(step, what, value, "allowed")
        return True
    seen = looked or panel_errors.of_words(dialect.places.get(name, ""))
    asker.rows.append(needs_choice(step, what, name, dialect, seen=seen))
    return False
