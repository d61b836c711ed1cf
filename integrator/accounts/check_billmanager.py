"""What is needed of BILLmanager, by step (design.md, section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.accounts import dialect_entries
from integrator.accounts.check_rows import Asker
from integrator.accounts.check_tasks import ask_tasks
from integrator.accounts.places import place
from integrator.models import ClientUser
from integrator.panel_access import connect, learning
from panels.billmanager.markers import NOT_YET
from panels.billmanager.registers import LIST, registers

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from panels.billmanager.plans import Offer, Plan
    from panels.billmanager.registers import Register


@dataclass(slots=True)
class _Ground:
    """What the questions stand on: the client, and what was found on the way."""

    asker: Asker
    bm: BillManager
    plans: list[Plan]
    offers: dict[int, Offer]


def ask(asker: Asker) -> None:
    """Ask for everything that steps 1 to 8 need."""
    panel = asker.panel
    learnt = asker.ask(
        0, _("learn what it calls things"), "", lambda: learning.learn_dialect(panel)
    )
    if not learnt and asker.rows[-1].state == "unreachable":
        return
    ground = _Ground(asker, connect.billmanager(panel, even_stopped=True), [], {})
    _modules(ground)
    _plans(ground)
    _lists(asker)
    _as_client(ground)
    staff = Asker(panel, connect.transport(panel, as_task_staff=True, even_stopped=True))
    ask_tasks(staff, ground.bm)
    asker.rows += staff.rows


def _modules(ground: _Ground) -> None:
    asker, dialect = ground.asker, ground.bm.dialect
    asker.list(1, _("list the processing modules"), "processing")
    if _named(ground, 1, _("the manual module's internal name"), "manual_module"):
        asker.ask(
            1, _("open the form of a new module"), "processing.add.settings",
            ground.bm.modules.creation_form,
        )  # fmt: skip
    asker.row_form(
        1, _("open a module's form"), "processing.edit", "processing",
        _("Needed only to find out which server a module serves."),
    )  # fmt: skip
    ours = {key for key, _title in dialect.task_departments}
    offered = {key for key, _title in dialect.departments}
    if ours and offered and not ours & offered:
        titles = ", ".join(title for _key, title in dialect.departments)
        text = _(
            "The login for tasks is in none of the departments that a module may have: %(titles)s."
            " Add it to one, so that it sees the tasks."
        )
        asker.note(1, _("a department whose tasks we may handle"), "department", "denied",
                   text % {"titles": titles})  # fmt: skip


def _plans(ground: _Ground) -> None:
    asker, bm = ground.asker, ground.bm
    if not asker.list(2, _("list the plans"), "pricelist"):
        return
    hosting = asker.ask(
        2, _("list the hosting plans"), "pricelist", lambda: ground.plans.extend(bm.plans.all())
    )
    if hosting and not ground.plans:
        asker.rows.pop()
        text = _("BILLmanager has no plan for shared hosting.")
        asker.note(2, _("list the hosting plans"), "pricelist", "not found", text)
    buttons = ", ".join(one.func for one in asker.lists["pricelist"].toolbar.buttons)
    looked = _(
        "Looked for above “pricelist”: one button whose function begins with “pricelist.” and has"
        " “processing” or “module” in it. The buttons there: %(buttons)s."
    ) % {"buttons": buttons or _("there are none")}
    known = _named(ground, 2, _("the list of a plan's modules"), "plan_modules_list", looked)
    if known and ground.plans:
        asker.ask(
            2, _("list a plan's modules"), bm.dialect.need("plan_modules_list"),
            lambda: bm.plans.modules(ground.plans[0].id),
        )  # fmt: skip
    looked = _(
        "Looked for above the list of a plan's modules: a button called resume, enable, on or"
        " activate, and one called suspend, disable, off or deactivate."
    )
    _named(ground, 2, _("switch a plan's module on"), "plan_modules_enable", looked)
    _named(ground, 2, _("switch a plan's module off"), "plan_modules_disable", looked)
    _marker(ground)
    asker.ask(2, _("read the price list"), "pricelist.export",
              lambda: ground.offers.update(bm.plans.offers()))  # fmt: skip
    if ground.plans:
        asker.form(
            2, _("read a plan's opening letter"), "pricelist.edit", {"elid": ground.plans[0].id},
            only_for=_("Needed only to say which mails BILLmanager will send."),
        )  # fmt: skip


def _marker(ground: _Ground) -> None:
    """Whether it is known what tells which modules of a plan are on, or when it will be."""
    dialect = ground.bm.dialect
    name, what = "plan_modules_marker", _("tell which modules of a plan are on")
    found, told = dialect.plan_modules_marker, dialect.places.get("plan_modules_marker", "")
    if dialect.plan_modules_list is None:
        return  # said already
    if told == NOT_YET or (found is not None and found.where == NOT_YET):
        text = _(
            "Every module that was seen is on. What off looks like shows when the manual module is"
            " made; until both lists agree nothing is switched."
        )
        ground.asker.note(2, what, found.value if found else name, "warning", text)
        return
    looked = _(
        "Looked for: a column of the list of a plan's modules that says the same as"
        " “processingmodules” in the list of plans. %(told)s"
    ) % {"told": place(told)}
    _named(ground, 2, what, name, looked.strip())


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
    """Warn of cash registers: nothing takes a printed receipt back."""
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


def _as_client(ground: _Ground) -> None:
    """Acting as a client and opening an order form, where a client and an offer are known."""
    asker, bm = ground.asker, ground.bm
    user = _some_user()
    if user is not None and not asker.ask(
        3, _("act as a client"), "su", lambda: bm.whoami(su=user)
    ):
        return  # what is looked for as a client cannot be found, and is nobody's to set
    looked = _("Looked for, as a client: the form v2.vhost.order.param, else vhost.order.param.")
    _named(ground, 3, _("which way orders go"), "order", looked)
    looked = _("Looked for, as a client: the list cart, else the form basket.")
    _named(ground, 4, _("where unpaid orders lie"), "cart", looked)
    if user is None:
        text = _("No client is known yet; discover, then check again.")
        asker.note(3, _("act as a client"), "su", "warning", text)
        return
    _order_form(ground, user)
    if bm.dialect.cart is not None:
        asker.ask(4, _("see a client's unpaid orders"), bm.dialect.cart.value,
                  lambda: bm.orders.unpaid_lines(user))  # fmt: skip
    asker.ask(
        4, _("open the form of a payment as a client"), "payment.add.method",
        lambda: bm.payments.draft(user), _("Needed only where balances are credited first."),
    )  # fmt: skip


def _order_form(ground: _Ground, user: int) -> None:
    order = ground.bm.dialect.order
    if order is None:
        return
    func = "v2.vhost.order.param" if order.value == "v2" else "vhost.order.param"
    for plan in ground.plans:
        offer = ground.offers.get(plan.id)
        if plan.enabled and offer is not None and offer.periods and offer.datacenters:
            datacenter, period = offer.datacenters[0][0], min(offer.periods)
            ground.asker.ask(
                3, _("open an order form as a client"), func,
                lambda: ground.bm.orders.form(plan.id, datacenter, period, user),  # noqa: B023 - asked at once
            )  # fmt: skip
            return


def _some_user() -> int | None:
    users = ClientUser.objects.filter(gone_at=None, active=True).order_by("remote_id")
    return users.values_list("remote_id", flat=True).first()


def _named(ground: _Ground, step: int, what: str, name: str, looked: str = "") -> bool:
    """Add the row of what can only be judged by its name having been found."""
    asker, found = ground.asker, getattr(ground.bm.dialect, name)
    if found is not None:
        asker.note(step, what, str(found.value), "allowed")
        return True
    text = _("Not found; set “%(name)s” below, on the panel's page. %(looked)s") % {
        "name": name,
        "looked": looked or place(ground.bm.dialect.places.get(name, "")),
    }
    choices = dialect_entries.candidates(asker.panel, ground.bm.dialect, name)
    text = f"{text.strip()} {dialect_entries.advice(name, choices)}"
    asker.note(step, what, name, "needs choice", text)
    return False
