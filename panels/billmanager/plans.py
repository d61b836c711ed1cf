"""Tariff plans, the modules that open their services, and their prices (steps 2, 5 and 8)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from panels.amounts import exact
from panels.billmanager import sale_rules
from panels.billmanager.context import VHOST, is_on, marker
from panels.billmanager.dialect import markers
from panels.billmanager.group_forms import GROUP_FORM, values_to_send
from panels.billmanager.optional_reads import is_form
from panels.coremanager.errors import NotSent, Unconfirmed, UnexpectedAnswer
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import number
from panels.coremanager.redaction import is_secret
from panels.coremanager.whole_lists import all_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

    from panels.billmanager.context import Context
    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.dialect.markers import Marker
    from panels.billmanager.sale_rules import SaleRules
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row


_ATTACHED = ("processingmodules", "processingmodule")
"""Columns of `pricelist` that may list the attached modules (billmanager.md 3.1)."""
_AMOUNTS = ("limit", "addonlimit", "included", "value")
_LETTER = "opennotify"
NO_LETTER = "null"
"""An unset select reads so (billmanager.md 1.3, 10)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One row of `pricelist` for shared hosting (billmanager.md 3.1).

    `intname` is None when the list does not show it; `module_names` are the titles of the modules
    that are switched on, in the panel's order; `project` is the provider's title.
    """

    id: int
    name: str
    intname: str | None
    itemtype: str
    enabled: bool
    project: str
    module_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanModule:
    """One module in a plan's list; `orderpriority` is None when absent, lowest is used first."""

    id: int
    name: str
    enabled: bool
    orderpriority: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A plan's modules as its own list shows them, and as the list of plans does.

    `on`: by the marker, None while no marker is known. `attached`: by `processingmodules`; None
    where that does not show it, or lists other modules. `unclear`: modules that share their title
    with another one of the plan, of which `processingmodules` says nothing. `unread`: those of
    which the marker says neither on nor off.
    """

    modules: tuple[PlanModule, ...]
    on: frozenset[int] | None
    attached: frozenset[int] | None
    unclear: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()

    @property
    def disagree(self) -> frozenset[int]:
        """Modules that the two lists show differently."""
        if self.on is None or self.attached is None:
            return self.unread
        return ((self.on ^ self.attached) - self.unclear) | self.unread


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a period. `setup` is charged once, zero when the price list has none."""

    amount: Decimal
    currency: str
    setup: Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan in the public price list: price by months, and the data centres."""

    periods: dict[int, Price]
    datacenters: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LetterForm:
    """A plan's own form, of which one field is the letter that is sent when a service opens.

    `letter` is `NO_LETTER` when none is sent; `letters` are what can be chosen. `values` are all
    other fields that can be set, as they stand.
    """

    plan_id: int
    letter: str
    letters: tuple[str, ...]
    values: Mapping[str, str]


class Plans:
    """Reads plans and switches their modules."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self) -> list[Plan]:
        """List the plans of shared hosting, switched off ones too.

        All plans are read and sorted out here: the fields of this list's filter are not known.
        """
        rows = all_rows(self._context.transport, "pricelist", keep=self.is_vhost)
        column = marker(rows)
        return [_plan(row, column) for row in rows]

    def modules(self, plan_id: int) -> list[PlanModule]:
        """List the modules of a plan, those that are switched off too (billmanager.md 3.2).

        What is on is read by the marker of the dialect, and while none is known from the list of
        plans. Raises `FormLacks` where that does not show it either.
        """
        rows = self._rows(plan_id)
        known = self.marker()
        if known is not None:
            return [_module(row, enabled=known.is_on(row)) for row in rows]
        states = _in_one_plan(self._in_plan_list(plan_id), rows)
        if states is None or None in states:
            raise FormLacks(("dialect entry plan_modules_marker",))
        return [_module(row, enabled=bool(on)) for row, on in zip(rows, states, strict=True)]

    def compared(self, plan_id: int) -> Compared:
        """Read a plan's modules from both lists that show what is on."""
        rows, plans = self._context.together(
            lambda: self._rows(plan_id), lambda: self._in_plan_list(plan_id)
        )
        known = self.marker()
        marked = _in_one_plan(plans, rows)
        states = dict(zip((row.int("id") for row in rows), marked or (), strict=marked is not None))
        says = {row.int("id"): None if known is None else _says(known, row) for row in rows}
        shown = says if known is not None else states
        return Compared(
            tuple(_module(row, enabled=bool(shown.get(row.int("id")))) for row in rows),
            None if known is None else frozenset(key for key, on in says.items() if on),
            None if marked is None else frozenset(key for key, on in states.items() if on),
            frozenset(key for key, on in states.items() if on is None),
            frozenset(k for k, on in says.items() if on is None and known is not None),
        )

    def marker(self) -> Marker | None:
        """Return the marker of the modules that are on; None while it is not known."""
        found = self._context.dialect.plan_modules_marker
        return None if found is None else markers.parse(found.value)

    def _rows(self, plan_id: int) -> list[Row]:
        """Read the list of a plan's modules, under its new name where the panel was upgraded."""

        def read() -> list[Row]:
            func = self._context.need("plan_modules_list")
            parent = self._context.need("plan_modules_parent")
            return all_rows(self._context.transport, func, {parent: plan_id})

        return self._context.renamed(read)

    def _in_plan_list(self, plan_id: int) -> list[Row]:
        """Read what the list of plans shows of a plan: one row, where it shows it at all."""
        wanted = str(plan_id)
        return all_rows(
            self._context.transport, "pricelist", keep=lambda row: row.get("id") == wanted
        )

    def switch_on(self, plan_id: int, module_id: int, *, send_by: float) -> None:
        """Let a module open the plan's services. Repeating it changes nothing."""
        self._switch("plan_modules_enable", plan_id, module_id, send_by)

    def switch_off(self, plan_id: int, module_id: int, *, send_by: float) -> None:
        """Let a module no longer open the plan's services. Repeating it changes nothing."""
        self._switch("plan_modules_disable", plan_id, module_id, send_by)

    def offers(self) -> dict[int, Offer]:
        """Give prices and data centres of all plans of shared hosting by plan id.

        From `pricelist.export`, which answers `pricelist` nodes with `price/period` and
        `datacenter` (billmanager.md 3.1; the shape as public clients read it).
        """
        answer = self._context.transport.read("pricelist.export", {"itemtype": VHOST})
        offers: dict[int, Offer] = {}
        for node in answer.elements("pricelist"):
            plan_id = number(node.findtext("id"))
            intname = node.findtext("itemtype_info/intname")
            if plan_id is not None and intname in {None, "", VHOST}:
                offers[plan_id] = _offer(node)
        return offers

    def limits(self, plan_id: int) -> dict[str, int]:
        """Give what a plan allows of each resource: `disc` in MiB, `webdomainlimit`, ….

        From the list of the plan's add-ons (`pricelist.detail`). The resources are documented
        (billmanager.md 3.3), the columns of that list are not: `intname` names the resource, and
        the amount stands in the first of some likely columns that holds a number. What cannot be
        read is left out, so that an absent resource says nothing.
        """
        rows = all_rows(self._context.transport, "pricelist.detail", {"elid": plan_id})
        found = {}
        for row in rows:
            amounts = (number(row.get(column) or None) for column in _AMOUNTS)
            amount = next((one for one in amounts if one is not None), None)
            resource = row.get("intname", "type").lower()
            if resource and amount is not None:
                found[resource] = amount
        return found

    def sale(self, plan_id: int) -> tuple[str, SaleRules]:
        """Give the letter that is sent when a service opens, and what can keep it from being sold.

        The letter is `opennotify`, 'null' for none; '' when the form does not have the field
        (billmanager.md 10).
        """
        form = self._context.transport.read("pricelist.edit", {"elid": plan_id}).form()
        return form.value(_LETTER), sale_rules.read(form)

    def letter_form(self, plan_id: int) -> LetterForm | None:
        """Read a plan's form for the sake of its letter; None when it has no such field."""
        answer = self._context.transport.read("pricelist.edit", {"elid": plan_id}, devel=True)
        form = answer.form()
        field = form.fields.get(_LETTER)
        if field is None or field.readonly:
            return None
        values = {
            name: item.value
            for name, item in form.fields.items()
            if name != _LETTER and not item.readonly and not is_secret(name)
        }
        letters = tuple(option.key for option in field.options or ())
        return LetterForm(plan_id, field.value or NO_LETTER, letters, values)

    def set_letter(self, form: LetterForm, letter: str, *, send_by: float) -> None:
        """Save the plan with another opening letter and all else as `form` has it.

        What the page of the panel would send is sent: whether fields that are left out keep
        their value is not known for this form. Repeating it changes nothing.
        """
        params = {**form.values, "elid": str(form.plan_id), _LETTER: letter, "sok": "ok"}
        self._context.transport.act("pricelist.edit", params, send_by=send_by)

    def _switch(self, entry: str, plan_id: int, module_id: int, send_by: float) -> None:
        # A group action of a sub-list: plid is the parent, elid the child (billmanager.md 1.5).
        params = {"plid": plan_id, "elid": module_id}
        self._context.renamed(lambda: self._act(entry, params, send_by))

    def _act(self, entry: str, params: Mapping[str, str | int], send_by: float) -> None:
        func, transport = self._context.need(entry), self._context.transport
        found = getattr(self._context.dialect, entry)
        form = None
        if found.kind == GROUP_FORM:
            form = self._form(func, params)
        else:
            try:
                transport.act(func, params, send_by=send_by)
            except Unconfirmed:
                # Read again with its structure; should it act by that, it only repeats itself.
                form = self._form(func, params)
                if form is None:
                    raise
        if form is not None:
            values = values_to_send(form)
            transport.act(func, {**values, **params, "sok": "ok"}, send_by=send_by)

    def _form(self, func: str, params: Mapping[str, str | int]) -> Form | None:
        """Read what a switch asks for; None when it is no form. Nothing is submitted.

        Raises `NotSent` where it cannot be read.
        """
        try:
            answer = self._context.transport.read(func, params, devel=True)
        except UnexpectedAnswer as error:
            raise NotSent(error.message, panel=error.panel, func=func) from error
        return answer.form() if is_form(answer) else None

    def is_vhost(self, row: Row) -> bool:
        """Whether a row of `pricelist` is a plan of shared hosting."""
        return is_vhost(row, self._context.dialect)


def is_vhost(row: Row, dialect: Dialect) -> bool:
    """Whether a plan's row is one of shared hosting, by code; by the type's title as the last."""
    names = {VHOST}
    for entry in (dialect.itemtype_id, dialect.itemtype_name):
        if entry is not None:
            names.add(entry.value)
    codes = (row.code_or_none("itemtype"), row.code_or_none("itemtype_name"))
    return any(code in names for code in codes if code is not None)


def _in_one_plan(plans: Sequence[Row], rows: Sequence[Row]) -> list[bool | None] | None:
    """The state of these modules in a plan's row; None: the list does not have just one of it."""
    return marked_in_plan(plans[0], rows) if len(plans) == 1 else None


def marked_in_plan(plan: Row, rows: Sequence[Row]) -> list[bool | None] | None:
    """Whether each module is on by the plan's row of `pricelist`, which lists titles.

    None of one means that it does not show it; None of all that it cannot be compared.
    """
    column = next((n for n in _ATTACHED if plan.has(n)), None)
    if column is None:
        return None
    return markers.attached([title_of(row) for row in rows], plan.get(column))


def _says(marker: Marker, row: Row) -> bool | None:
    try:
        return marker.is_on(row)
    except UnexpectedAnswer:
        return None


def title_of(row: Row) -> str:
    """Give the title of a module in a plan's list."""
    return row.get("name", "module")


def _module(row: Row, *, enabled: bool) -> PlanModule:
    priority = number(row.get("orderpriority") or None)
    return PlanModule(row.int("id"), title_of(row), enabled, priority)


def _plan(row: Row, column: str) -> Plan:
    names = row.get(*_ATTACHED).replace("\n", ",").split(",")
    return Plan(
        id=row.int("id"),
        name=row.text("name"),
        intname=row.get("intname") or None,
        itemtype=VHOST,
        enabled=is_on(row, column),
        project=row.get("project"),
        module_names=tuple(name.strip() for name in names if name.strip()),
    )


def _offer(node: etree._Element) -> Offer:
    periods: dict[int, Price] = {}
    for price in node.iterchildren("price"):
        iso = price.get("currency") or price.findtext("currency") or ""
        setup = exact(price.get("setup") or price.findtext("setup") or "0")
        for period in price.iterchildren("period"):
            months = _months(period)
            cost = exact(period.get("cost", ""))
            if months is not None and cost is not None:
                once = exact(period.get("setup", "")) or setup or Decimal(0)
                periods[months] = Price(cost, iso, once)
    datacenters = tuple(
        (key, (centre.findtext("name") or "").strip())
        for centre in node.iterchildren("datacenter")
        if (key := number(centre.findtext("id"))) is not None
    )
    return Offer(periods, datacenters)


def _months(period: etree._Element) -> int | None:
    """Months of a period; None for days, trials and one-off prices."""
    length = number(period.get("length"))
    factor = {"month": 1, "year": 12}.get(period.get("type", "month"))
    return None if length is None or factor is None else length * factor
