"""Ordering a plan as a client, and paying for what stayed unpaid (steps 3 and 4).

Two generations exist (billmanager.md 4.1, 4.2): the old order with its basket, and `v2` with its
cart; the dialect says which. An order charges the balance in the same call when `skipbasket=on`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from panels import amounts
from panels.billmanager import order_summaries
from panels.billmanager.context import ref
from panels.billmanager.plans import Offer, Price
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import UNSET, money, number
from panels.coremanager.whole_lists import all_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from panels.billmanager.context import Context, Params
    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Form, Option
    from panels.coremanager.listing import Row

_PRICES = ("price", "cost", "total_cost", "amount", "total_sum", "summ")
_COSTS = ("cost", "price", "amount")
_CURRENCIES = ("currency", "currency_iso")
_TERMS = re.compile(r"licen[cs]e|agree|conditions|offer_", re.IGNORECASE)
"""Fields by which terms are accepted: `licence_agreement` (billmanager.md 4.1), and
`conditions_agree`, `offer_xxx` of the sign-up (8); that others look alike is inferred."""
_CAPTCHA = re.compile(r"captcha", re.IGNORECASE)
"""A form's model names `recaptcha_field`, and the answer goes in `g-recaptcha-response`
(billmanager.md 1.7)."""
_PROFILE = re.compile(r"profile\b")
"""A panel that wants a payer profile first is taken to lead to the form of one (inferred)."""
_AGREED = {"licence_agreement": "on"}
"""Needed when terms exist, ignored otherwise (billmanager.md 4.1)."""


@dataclass(frozen=True, slots=True)
class OrderForm:
    """The form of an order: price, currency and fields.

    `price` and `currency` are None when the form does not show them; `price` is the total, tax and
    discounts counted in, where the form sums up (`summaries`), and `unclear` says what of that
    could not be understood, '' when nothing. `required_missing` names
    required fields that `place` would leave empty; `terms` are those by which terms are accepted,
    which `place` does; `addons` are offered add-ons, left as the plan has them; `discount` is what
    the form says of one, '' when nothing. `profile_first`: the panel shows the form of a payer
    profile instead, which the client must fill in before anything can be ordered. `captcha`: the
    form asks for one, so that no program can send it.
    """

    price: Decimal | None
    currency: str | None
    required_missing: tuple[str, ...]
    form: Form
    terms: tuple[str, ...] = ()
    addons: tuple[str, ...] = ()
    discount: str = ""
    profile_first: bool = False
    unclear: str = ""
    captcha: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """The panel's answer to a new order; a field is None when absent: read the services then."""

    service_id: int | None
    line_id: int | None


@dataclass(frozen=True, slots=True)
class CartLine:
    """One unpaid line of a client's cart or basket.

    `service_id` is None when the service is made only by paying; `plan_id`, `cost` and `billorder`
    (the basket's order number) are None when absent. `cost` is for people alone.
    """

    id: int
    service_id: int | None
    plan_id: int | None
    domain: str
    cost: Decimal | None
    billorder: int | None = None


class Orders:
    """Orders and pays as a client: `su` is the client's user."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def form(
        self, plan_id: int, datacenter_id: int, period: int, su: str | int, *, domain: str = ""
    ) -> OrderForm:
        """Read the form of an order as the client; nothing is ordered. `period` is in months."""
        func, params = self.form_call(plan_id, datacenter_id, period, domain)
        answer = self._context.transport.read(func, params, su=su, devel=True)
        form = answer.form()
        shown = answer.attributes("metadata").get("name", "")
        sent = {**params, **_AGREED, "domain": domain or "-", "autoprolong": "-"}
        known = self._context.currencies
        total = order_summaries.total(form, known)
        return OrderForm(
            price=_first_money(answer) if total is None else total.amount,
            currency=(total and total.currency) or _first_currency(answer, known),
            required_missing=form.unfilled({name: str(value) for name, value in sent.items()}),
            form=form,
            terms=tuple(name for name in form.fields if _TERMS.search(name)),
            addons=tuple(name for name in form.fields if name.startswith("addon_")),
            discount=_discount(answer.texts) or order_summaries.discount(form),
            profile_first=any(map(_PROFILE.match, (form.func, shown))),
            unclear="" if total is None else total.unclear,
            captcha=any(map(_CAPTCHA.search, form.fields)),
        )

    def offers(self, su: str | int) -> dict[int, Offer]:
        """Give prices and data centres by plan id, as a client is shown them before he orders.

        The first form of an order offers data centres and periods, and lists for one of each what
        plans cost (`tariflist`, billmanager.md 4.1). A price that cannot be read is left out.
        """
        first = self._first(su, {})
        periods = [p for o in _options(first, "period", "order_period") if (p := number(o.key))]
        found: dict[int, Offer] = {}
        for centre in _options(first, "datacenter"):
            for period in periods:
                form = self._first(su, {"datacenter": centre.key, "period": period})
                for row in form.lists.get("tariflist", ()):
                    plan, price = number(row.get("pricelist") or None), self._price(row)
                    if plan is not None and price is not None:
                        _add_offer(found, plan, centre, period, price)
        return found

    def _first(self, su: str | int, params: Params) -> Form:
        func = self.func.removesuffix(".param")
        return self._context.transport.read(func, params, su=su, devel=True).form()

    def _price(self, row: Row) -> Price | None:
        known = self._context.currencies
        amount = row.money_or_none(*(n for n in _PRICES if row.has(n)))
        only = known[0] if len(known) == 1 else ""
        currency = row.currency(*_CURRENCIES, *_PRICES, known=known) or only
        return None if amount is None else Price(amount, currency, Decimal(0))

    def form_call(
        self, plan_id: int, datacenter_id: int, period: int, domain: str = ""
    ) -> tuple[str, Params]:
        """Return function and parameters of the call that reads the form of an order."""
        # Clients of the second generation ask for it with `period` (billmanager.md 4.1), while
        # the order takes `order_period`: without the one a default period's price may be shown.
        params: Params = {**self._what(plan_id, datacenter_id, period, domain), "period": period}
        return self.func, params

    def place(
        self,
        *,
        su: str | int,
        plan_id: int,
        datacenter_id: int,
        period: int,
        domain: str,
        autoprolong: bool,
        remoteid: str,
        send_by: float,
        skip_cart: bool = True,
    ) -> Placed:
        """Order a plan for `period` months and pay from the balance at once.

        `autoprolong` renews for the same period. `remoteid` is our own id for the service. With
        `skip_cart=False` the order waits in the cart, unpaid. A refusal may still leave an unpaid
        service or a line behind (billmanager.md 4.1 and 13): compare with before.
        """
        params = self.params(
            plan_id, datacenter_id, period, domain,
            autoprolong=autoprolong, remoteid=remoteid, skip_cart=skip_cart,
        )  # fmt: skip
        answer = self._context.transport.act(self.func, params, send_by=send_by, su=su)
        line = _line_id(answer)
        # The new cart answers the id of a line; an `id` there may be anything (billmanager.md 4.1).
        service = None if self._v2 or line is not None else number(answer.id)
        return Placed(service, line)

    def params(
        self,
        plan_id: int,
        datacenter_id: int,
        period: int,
        domain: str,
        *,
        autoprolong: bool,
        remoteid: str,
        skip_cart: bool = True,
    ) -> Params:
        """Give what `place` sends, for a rehearsal to show; see there for the meanings."""
        params = self._what(plan_id, datacenter_id, period, domain) | _AGREED
        if self._v2:
            params |= {
                "autoprolong": "on" if autoprolong else "off",
                "order_count": 1,
                "force_use_new_cart": "on",
                "clicked_button": "order",
            }
        else:
            params |= {
                "autoprolong": period if autoprolong else "null",
                "clicked_button": "finish",
            }
        params |= {"remoteid": remoteid, "sok": "ok"}
        if skip_cart:
            params["skipbasket"] = "on"
        return params

    def unpaid_lines(self, su: str | int) -> list[CartLine]:
        """List the unpaid lines of the client's cart or basket, old ones included."""
        transport = self._context.transport
        if self._cart:
            return [_cart_line(row, None) for row in all_rows(transport, "cart", su=su)]
        form = transport.read("basket", su=su).form()
        billorder = number(form.value("billorder"))
        return [_cart_line(row, billorder) for row in form.lists.get("itemlist", ())]

    def pay_line(self, su: str | int, line: CartLine, *, free: bool, send_by: float) -> None:
        """Pay one line from the balance; `free` accepts one that costs nothing.

        A basket is paid as one order, so that lines which the client forgot there would be paid
        too: where another line lies beside this one nothing is sent and `FormLacks` is raised.
        """
        transport = self._context.transport
        if self._cart:
            # paymethod_id=0 is the account's balance (billmanager.md 4.2).
            params: Params = {"elid": line.id, "paymethod_id": 0, "sok": "ok"}
            transport.act("cartorder.create.confirm", params, send_by=send_by, su=su)
            return
        if free:
            params = {"id": line.id, "clicked_button": "free", "sok": "ok"}
            transport.act("basket", params, send_by=send_by, su=su)
            return
        if [other.id for other in self.unpaid_lines(su)] != [line.id]:
            raise FormLacks(("a basket with this line alone",), func="basket")
        if line.billorder is None:
            raise FormLacks(("billorder",), func="basket")
        params = {"billorder": line.billorder, "clicked_button": "fromsubaccount", "sok": "ok"}
        transport.act("payment.add.method", params, send_by=send_by, su=su)

    @property
    def _v2(self) -> bool:
        return self._context.dialect.need("order") == "v2"

    @property
    def _cart(self) -> bool:
        return self._context.dialect.need("cart") == "cart"

    @property
    def func(self) -> str:
        """The function that shows and takes an order on this installation."""
        return "v2.vhost.order.param" if self._v2 else "vhost.order.param"

    def _what(self, plan_id: int, datacenter_id: int, period: int, domain: str) -> Params:
        return {
            "pricelist": plan_id,
            "datacenter": datacenter_id,
            "order_period" if self._v2 else "period": period,
            "domain": domain,
        }


def _options(form: Form, *names: str) -> tuple[Option, ...]:
    """Give the choices of the first of these fields that has any."""
    return next((some for n in names if (f := form.fields.get(n)) and (some := f.options)), ())


def _add_offer(
    found: dict[int, Offer], plan: int, centre: Option, period: int, price: Price
) -> None:
    """Add one price. Where data centres differ in it, none counts: which is meant is not clear."""
    known = found.get(plan, Offer({}, ()))
    here = number(centre.key)
    centres = dict(known.datacenters) | ({here: centre.label} if here is not None else {})
    periods = {**known.periods, period: price}
    if known.periods.get(period, price) != price:
        del periods[period]
    found[plan] = Offer(periods, tuple(centres.items()))


def _line_id(answer: Document) -> int | None:
    """Give `lineitem.id`, written as one name or as two nodes; None when it is absent."""
    texts = answer.texts
    attribute = answer.attributes("lineitem").get("id", "")
    told = texts.get("lineitem.id") or answer.text("lineitem/id") or attribute
    return number(told or texts.get("lineitem"))


def _cart_line(row: Row, billorder: int | None) -> CartLine:
    return CartLine(
        id=row.int("id"),
        service_id=number(row.get("item.id", "item", "item_id") or None),
        plan_id=ref(row, "pricelist").id,
        domain=row.get("domain", "item.name", "name"),
        cost=next((c for name in _COSTS if (c := money(row.get(name))) is not None), None),
        billorder=number(row.get("billorder") or None) or billorder,
    )


def _discount(texts: Mapping[str, str]) -> str:
    """The discount in an order form's texts; the names of such fields are inferred."""
    for name, text in texts.items():
        if "discount" in name.lower() and text not in UNSET and money(text) != 0:
            return text
    return ""


def _first_money(answer: Document) -> Decimal | None:
    texts = answer.texts
    shown = (money(texts[name]) for name in _PRICES if texts.get(name) not in {None, *UNSET})
    return next((amount for amount in shown if amount is not None), None)


def _first_currency(answer: Document, known: Collection[str]) -> str | None:
    texts = answer.texts
    shown = (amounts.currency(texts.get(n, ""), known) for n in (*_CURRENCIES, *_PRICES))
    return next((iso for iso in shown if iso is not None), None)
