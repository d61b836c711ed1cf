"""The check of BILLmanager: what each step needs (design.md, section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.inventory import prices
from integrator.inventory.billmanager import plan_modules
from integrator.messages import panel_errors
from integrator.panel_access import panel_connections, stored_dialect, transports
from integrator.panel_setup.checks.choices import needs_choice
from integrator.panel_setup.checks.rows import Asker
from integrator.panel_setup.checks.tasks import ask_tasks
from panels.billmanager.dialect.markers import NOT_YET
from panels.billmanager.dialect.names import Found
from panels.billmanager.discovery.discovery import NO_USER
from panels.billmanager.registers import LIST, registers
from panels.coremanager.errors import LoginRefused, PanelError, Refused, UnexpectedAnswer

if TYPE_CHECKING:
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
    learnt = asker.ask(
        0, _("learn what it calls things"), "", lambda: stored_dialect.learn_dialect(panel)
    )
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
    asker.list(1, _("list the processing modules"), "processing")
    if _named(context, 1, _("the manual module's internal name"), "manual_module"):
        _creation(context)
    if not dialect.ispmanager_modules and "ispmanager_modules" in dialect.choices:
        _named(context, 1, _("which modules drive an ispmanager"), "ispmanager_modules")
    asker.row_form(
        1,
        _("open a module's form"),
        "processing.edit",
        "processing",
        _("Needed only to find out which server a module serves."),
    )
    _departments(context)


def _creation(context: _Context) -> None:
    asker, dialect = context.asker, context.bm.dialect
    func, what = "processing.add.settings", _("open the form of a new module")
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
        _named(context, 1, _("the button that makes a module"), "module_button")


def _departments(context: _Context) -> None:
    """Add whether a module can be made whose tasks our staff login handles."""
    dialect, what = context.bm.dialect, _("a department whose tasks we may handle")
    ours = {key for key, _title in dialect.task_departments}
    offered = {key for key, _title in dialect.departments}
    titles = ", ".join(title for _key, title in dialect.departments)
    if not ours and dialect.places.get("task_departments") == NO_USER:
        text = _(
            "The login for tasks handles nobody's tasks: the filter of its list of tasks offers no"
            " department. Add it to one in BILLmanager: Provider → Staff. There are: %(titles)s."
        )
    elif ours and offered and not ours & offered:
        text = _(
            "The login for tasks is in none of the departments that a module may have: %(titles)s."
            " Add it to one, so that it sees the tasks."
        )
    else:
        return
    context.asker.note(1, what, "department", "denied", text % {"titles": titles})


def _plans(context: _Context) -> None:
    asker, bm = context.asker, context.bm
    if not asker.list(2, _("list the plans"), "pricelist"):
        return
    hosting = asker.ask(
        2, _("list the hosting plans"), "pricelist", lambda: context.plans.extend(bm.plans.all())
    )
    if hosting and not context.plans:
        asker.rows.pop()
        text = _("BILLmanager has no plan for shared hosting.")
        asker.note(2, _("list the hosting plans"), "pricelist", "not found", text)
    _plan_modules(context)
    if context.plans:
        asker.form(
            2,
            _("read a plan's opening letter"),
            "pricelist.edit",
            {"elid": context.plans[0].id},
            only_for=_("Needed only to say which mails BILLmanager will send."),
        )


def _plan_modules(context: _Context) -> None:
    """Check a plan's list of modules, its marker and the switches; else the list alone.

    What stands on the list cannot be found before it, and is nobody's to say before.
    """
    asker, bm = context.asker, context.bm
    buttons = ", ".join(one.func for one in asker.lists["pricelist"].toolbar.buttons)
    looked = _(
        "Looked for above “pricelist”: a list whose rows are processing modules. The buttons there:"
        " %(buttons)s."
    ) % {"buttons": buttons or _("there are none")}
    if not _named(context, 2, _("the list of a plan's modules"), "plan_modules_list", looked):
        return
    if bm.dialect.plan_modules_parent is None:
        looked = _("“%(func)s” opens with no plan.") % {
            "func": bm.dialect.need("plan_modules_list")
        }
        _named(context, 2, _("list a plan's modules"), "plan_modules_parent", looked)
        return
    if context.plans:
        asker.ask(
            2,
            _("list a plan's modules"),
            bm.dialect.need("plan_modules_list"),
            lambda: _some_modules(context),
        )
    looked = _(
        "Looked for above the list of a plan's modules: by name, label, icon and the rows for which"
        " they are hidden, one button that switches on and one that switches off."
    )
    _named(context, 2, _("switch a plan's module on"), "plan_modules_enable", looked)
    _named(context, 2, _("switch a plan's module off"), "plan_modules_disable", looked)
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
    name, what = "plan_modules_marker", _("tell which modules of a plan are on")
    found, told = dialect.plan_modules_marker, dialect.places.get("plan_modules_marker", "")
    if told == NOT_YET or (found is not None and found.where == NOT_YET):
        text = _(
            "Every module that was seen is on. What off looks like shows when the manual module is"
            " made; until both lists agree nothing is switched."
        )
        context.asker.note(2, what, found.value if found else name, "warning", text)
        return
    looked = _(
        "Looked for: a column of the list of a plan's modules that says the same as"
        " “processingmodules” in the list of plans. %(told)s"
    ) % {"told": panel_errors.of_words(told)}
    _named(context, 2, what, name, looked.strip())


def _prices(context: _Context, user: int | None) -> None:
    """Check that prices can be read: from the price list, else from the forms of orders."""
    asker, bm = context.asker, context.bm
    other = _("Needed only where clients' order forms do not tell prices.") if user else ""
    asker.ask(
        2,
        _("read the price list"),
        "pricelist.export",
        lambda: context.offers.update(bm.plans.offers()),
        other,
    )
    silent = any(not prices.is_sellable(context.offers.get(plan.id)) for plan in context.plans)
    if not silent or user is None or bm.dialect.order is None:
        return
    what, func = _("read prices in a client's order form"), bm.orders.func.removesuffix(".param")
    asker.ask(
        2,
        what,
        func,
        lambda: context.offers.update(prices.offers(bm, user)),
        "" if not context.offers else other,
    )
    if not any(prices.is_sellable(offer) for offer in context.offers.values()):
        text = _("Neither the price list nor a client's order form tells what any plan costs.")
        asker.note(2, what, func, "not found", text)


def _lists(asker: Asker) -> None:
    asker.list(3, _("list the clients"), "account")
    asker.list(3, _("list their users"), "user")
    asker.list(3, _("list the services"), "vhost")
    asker.row_form(3, _("open a service's form"), "vhost.edit", "vhost")
    only_credit = _("Needed only where balances are credited first.")
    asker.list(4, _("list the charges"), "expense")
    asker.list(4, _("list the payments"), "payment")
    asker.list(4, _("list the payment methods"), "paymethod", only_for=only_credit)
    _registers(asker)
    asker.button(4, _("mark a payment as paid"), "payment.setpaid", "payment", only_credit)


def _registers(asker: Asker) -> None:
    """Warn of cash registers: a printed receipt cannot be undone."""
    found: list[Register] = []
    what = _("see whether receipts are printed")
    if not asker.ask(4, what, LIST, lambda: found.extend(registers(asker.transport))) or not found:
        asker.rows.pop()  # only what it found is news
        return
    names = ", ".join(one.name for one in found)
    charges = any(one.charges is not False for one in found)
    text = (
        _(
            "The cash register %(names)s prints fiscal receipts for payments and for charges. Each"
            " account that is bound for money is charged, so that each leads to one; switch it off"
            " for the time of the run where none is wanted."
        )
        if charges
        else _(
            "The cash register %(names)s prints fiscal receipts for payments: credit that a run"
            " adds may lead to one for each. Charges are not printed."
        )
    )
    asker.rows.pop()
    asker.note(4, what, LIST, "warning", text % {"names": names})


def _as_client(context: _Context, user: int | None) -> None:
    """Check acting as a client and its order form, where a client and an offer are known."""
    asker, bm = context.asker, context.bm
    if user is not None and not asker.ask(
        3, _("act as a client"), "su", lambda: bm.whoami(su=user)
    ):
        return  # what is looked for as a client cannot be found, and is nobody's to set
    looked = _("Looked for, as a client: the form v2.vhost.order.param, else vhost.order.param.")
    _named(context, 3, _("which way orders go"), "order", looked)
    looked = _("Looked for, as a client: the list cart, else the form basket.")
    _named(context, 4, _("where unpaid orders lie"), "cart", looked)
    if user is None:
        text = _("No client is known yet; discover, then check again.")
        asker.note(3, _("act as a client"), "su", "warning", text)
        return
    _order_form(context, user)
    if bm.dialect.cart is not None:
        asker.ask(
            4,
            _("see a client's unpaid orders"),
            bm.dialect.cart.value,
            lambda: bm.orders.unpaid_lines(user),
        )
    asker.ask(
        4,
        _("open the form of a payment as a client"),
        "payment.add.method",
        lambda: bm.payments.draft(user),
        _("Needed only where balances are credited first."),
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
                _("open an order form as a client"),
                func,
                lambda: context.bm.orders.form(plan.id, datacenter, period, user),  # noqa: B023 - asked at once
            )
            return


def _named(context: _Context, step: int, what: str, name: str, looked: str = "") -> bool:
    """Add the row of what is judged by its name alone: found or not; whether it was found."""
    asker, dialect = context.asker, context.bm.dialect
    found = getattr(dialect, name)
    if found:
        value = found.value if isinstance(found, Found) else ", ".join(found)
        asker.note(step, what, value, "allowed")
        return True
    seen = looked or str(panel_errors.of_words(dialect.places.get(name, "")))
    asker.rows.append(needs_choice(step, what, name, dialect, seen=seen))
    return False
