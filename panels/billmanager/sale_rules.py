"""Rules of a tariff plan that can keep a client from ordering it, read from the plan's form.

The names are columns of the panel's table `pricelist` (billmanager.md 3.4); that its form has
fields of the same names, and what their values mean, is inferred. A field that is not there, or
holds what is not understood, says nothing: the order form of a client is the proof.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.dialect.codes import ON
from panels.billmanager.optional_reads import read_optional_rows
from panels.coremanager.listing import number

if TYPE_CHECKING:
    from panels.coremanager.forms import Form
    from panels.http.transport import Transport

GROUPS = "pricelistgroup"
"""The list of groups of plans; `itemmax` is the most services that a client may order of one
(billmanager.md 3.4)."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MONTHS = {"month": 1, "monthly": 1, "months": 1, "year": 12, "yearly": 12, "annually": 12}
_FOR_ALL = frozenset({"", "0", "null", "all", "any", "off", "none"})


@dataclass(frozen=True, slots=True)
class SaleRules:
    """The rules that were shown.

    `archived`: it is not sold any more; `ends`: from this day on it is not; None: no such day.
    `on_request`: it has no price that could be charged. `least_months`: the shortest period, None
    where none is given in months or years. `most`: services of it that one client may have, None:
    any. `group`: the key of the group of plans whose own limit counts too, '' for none. `access`:
    what limits it to some groups of clients, '' for everybody. `phone`: a client must have verified
    a phone. `quick`: it is ordered without the form that asks for a domain.
    """

    archived: bool = False
    ends: dt.date | None = None
    on_request: bool = False
    least_months: int | None = None
    most: int | None = None
    group: str = ""
    access: str = ""
    phone: bool = False
    quick: bool = False


def read(form: Form) -> SaleRules:
    """Read the rules from the form of a plan (`pricelist.edit`)."""
    group, access = form.value("pricelist_group"), form.value("access")
    return SaleRules(
        archived=_on(form, "archived"),
        ends=_day(form.value("endoflifedate")),
        on_request=_on(form, "price_on_request"),
        least_months=_months(form.value("minperiodtype"), form.value("minperiodlen")),
        most=number(form.value("itemmax") or None) or None,
        group="" if group.lower() in _FOR_ALL else group,
        access="" if access.lower() in _FOR_ALL else _label(form, "access", access),
        phone=_on(form, "requery_phone"),
        quick=_on(form, "quickorder"),
    )


def group_limits(transport: Transport) -> dict[str, int]:
    """Give group of plans → the most services of it that one client may have.

    Empty where the panel has no such list, or shows it to others alone.
    """
    rows = read_optional_rows(transport, GROUPS)
    found = {row.get("id"): number(row.get("itemmax") or None) for row in rows}
    return {key: most for key, most in found.items() if key and most}


def _on(form: Form, name: str) -> bool:
    return form.value(name).lower() in ON


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10]) if _DATE.match(text) else None
    except ValueError:
        return None


def _months(kind: str, length: str) -> int | None:
    count, factor = number(length or None), _MONTHS.get(kind.lower())
    return count * factor if count and factor else None


def _label(form: Form, name: str, key: str) -> str:
    field = form.fields.get(name)
    options = (field.options or ()) if field is not None else ()
    return next((option.label for option in options if option.key == key and option.label), key)
