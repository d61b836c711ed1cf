"""What this installation calls things. Data only: discovery fills it, an administrator corrects it.

Everything here is either inferred or unknown in public (billmanager.md 13), so that it is found out
on the panel itself; names that are documented or were seen in code stand in the resource files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self, get_args

from panels.billmanager import markers, taskforms
from panels.billmanager.names import ADMIN, Close, CloseKind, Found, Take, TakeKind
from panels.errors import FormLacks

if TYPE_CHECKING:
    from panels.forms import Form


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names of one BILLmanager and version. None (or an empty tuple) means: not found yet.

    `version`: the panel's version, '' when not told.
    `order`: 'v2' or 'old', the generation of the order functions; `cart`: 'cart' or 'basket'.
    `plan_modules_list`, `_enable`, `_disable`: functions of the plan's list of modules;
    `plan_modules_parent`: whether that list takes the plan as 'elid' or as 'plid'.
    `plan_modules_marker`: what tells of a row there whether its module is on, see `markers`.
    `manual_module`: internal name of the module for manual processing.
    `ispmanager_modules`: internal names of ispmanager modules.
    `module_titles`: internal name and title of each module that is offered; a list may show either.
    `module_create`: the wizard's step that makes a module from all values at once, and
    `module_button`: the button that sends it.
    `itemtype_id`, `itemtype_name`: id and English title of the product type `vhost`.
    `client_filter`: the field of the service list's filter that takes a client's id.
    `randomnumber`: the field of a payment's form by which the panel knows a repeated one.
    `task_take`, `task_close`: how a task is taken and closed.
    `task_module`, `task_username`, `task_password`: fields of the task's form.
    `task_open_types`: types of an opening task.
    `task_fields`: further fields to fill when a task is closed, as NAME=VALUE, where `{username}`,
    `{password}`, `{domain}` and `{module}` stand for the binding's. Only an administrator sets it.
    `module_department`: the department that gets the tasks of a new module, by its id, where
    several would do. Only an administrator sets it.
    `departments`, `datacenters`: id and title of each that a new module may be given.
    `task_departments`: the departments whose tasks the staff login may handle.
    `staff_names`: what the panel may call the staff login: its name, id and full name.
    `paymethods`: id and title of each; `currencies`: id and ISO code of each.
    `places`: where each entry was found that does not say so itself, and why one was not found.
    """

    version: str = ""
    order: Found | None = None
    cart: Found | None = None
    plan_modules_list: Found | None = None
    plan_modules_enable: Found | None = None
    plan_modules_disable: Found | None = None
    plan_modules_parent: Found | None = None
    plan_modules_marker: Found | None = None
    manual_module: Found | None = None
    ispmanager_modules: tuple[str, ...] = ()
    module_titles: tuple[tuple[str, str], ...] = ()
    module_create: Found | None = None
    module_button: Found | None = None
    module_department: Found | None = None
    itemtype_id: Found | None = None
    itemtype_name: Found | None = None
    client_filter: Found | None = None
    randomnumber: Found | None = None
    task_take: Take | None = None
    task_close: Close | None = None
    task_module: Found | None = None
    task_username: Found | None = None
    task_password: Found | None = None
    task_open_types: tuple[str, ...] = ("postopen",)
    task_fields: tuple[str, ...] = ()
    departments: tuple[tuple[int, str], ...] = ()
    datacenters: tuple[tuple[int, str], ...] = ()
    task_departments: tuple[tuple[int, str], ...] = ()
    staff_names: tuple[str, ...] = ()
    paymethods: tuple[tuple[int, str], ...] = ()
    currencies: tuple[tuple[int, str], ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    overridden: tuple[str, ...] = ()

    def need(self, name: str) -> str:
        """Give the value of a `Found` entry. Raises `FormLacks` when it is not known."""
        found = getattr(self, name)
        if not isinstance(found, Found):
            raise FormLacks((f"dialect entry {name}",))
        return found.value

    @property
    def functions(self) -> frozenset[str]:
        """The functions that have their names from here: what an upgrade of the panel renames."""
        named = [getattr(self, name) for name in _FUNCTIONS]
        found = {entry.value for entry in named if isinstance(entry, Found)}
        if self.order is not None:
            found.add("v2.vhost.order.param" if self.order.value == "v2" else "vhost.order.param")
        if self.cart is not None:
            found |= _OF_CART[self.cart.value]
        if self.task_take is not None and self.task_take.kind == "toolbar":
            found.add(self.task_take.name)
        return frozenset(found)

    def lacking(self) -> tuple[str, ...]:
        """Name the entries that are not known yet."""
        return tuple(
            item.name
            for item in fields(self)
            if getattr(self, item.name) is None
            or (item.name in _WANTED and not getattr(self, item.name))
        )

    def learn_task_form(self, form: Form) -> Self:
        """Give a dialect that knows the names in this task form; what is known stays.

        The field and button names of the task form were found nowhere in public
        (billmanager.md 6.2); see `taskforms` for what they are recognised by.
        """
        seen = taskforms.recognise(form, take=self.task_take)
        changes: dict[str, Any] = {
            n: found for n, found in seen.items() if getattr(self, n) is None
        }
        return replace(self, **changes) if changes else self

    def with_overrides(self, overrides: Mapping[str, str]) -> Self:
        """Give a dialect in which an administrator's corrections win.

        Values are text: 'v2' for `order`; 'button:take', 'toolbar:task.take', 'field:performer',
        'field:status=1' or 'none' for `task_take`; 'button:close' or 'field:status=2' for
        `task_close`; for `plan_modules_marker` see `markers.GRAMMAR`; commas between the items of
        a tuple. An empty value takes the entry back to
        not known.
        Raises ValueError for an entry that does not exist and for a value that cannot be read.
        """
        changes: dict[str, Any] = {name: _override(name, text) for name, text in overrides.items()}
        kept = {*self.overridden, *overrides} - {n for n, text in overrides.items() if not text}
        return replace(self, **changes, overridden=tuple(sorted(kept)))

    def keeping(self, known: Self) -> Self:
        """Give this dialect with what an administrator had set in an earlier one.

        What was learned from task forms is kept as well while the version is the same, since
        discovery cannot always see such a form; so is the marker of a plan's modules, while the
        list is the same.
        """
        names = set(known.overridden)
        if known.version == self.version:
            names |= {n for n in FROM_TASK_FORM if getattr(self, n) is None}
            same = known.plan_modules_list == self.plan_modules_list
            now, before = self.plan_modules_marker, known.plan_modules_marker
            if same and before is not None and (now is None or before.sure > now.sure):
                names.add("plan_modules_marker")
        changes: dict[str, Any] = {name: getattr(known, name) for name in names}
        return replace(self, **changes, overridden=known.overridden)

    def to_json(self) -> dict[str, Any]:
        """Give plain values for storage."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave; entries of other versions of this program are left out."""
        known = {item.name: stored[item.name] for item in fields(cls) if item.name in stored}
        known.pop("places", None)
        entries: dict[str, Any] = {name: _restored(name, value) for name, value in known.items()}
        return cls(**entries, places=dict(stored.get("places", {})))


FROM_TASK_FORM = ("task_take", "task_close", "task_module", "task_username", "task_password")
"""What only the form of a task tells, which discovery cannot always see."""

_FUNCTIONS = ("plan_modules_list", "plan_modules_enable", "plan_modules_disable", "module_create")
_OF_CART = {
    "cart": {"cart", "cart.empty", "cartorder.create.confirm"},
    "basket": {"basket", "basket.clear", "basket.pay"},
}
"""List, emptying and paying of each cart (billmanager.md 4.2)."""

_WANTED = frozenset({"ispmanager_modules", "departments", "task_departments"})
_TUPLES = frozenset({"ispmanager_modules", "task_open_types", "task_fields", "staff_names"})
_CHOICES = {
    "order": ("v2", "old"),
    "cart": ("cart", "basket"),
    "plan_modules_parent": ("elid", "plid"),
}
_FOUND = frozenset(
    {
        *_CHOICES,
        "plan_modules_list",
        "plan_modules_enable",
        "plan_modules_disable",
        "plan_modules_marker",
        "manual_module",
        "module_create",
        "module_button",
        "module_department",
        "itemtype_id",
        "itemtype_name",
        "client_filter",
        "task_module",
        "task_username",
        "task_password",
    }
)

SETTABLE = _FOUND | _TUPLES | {"task_take", "task_close"}
"""Entries that `Dialect.with_overrides` takes."""


def _override(name: str, text: str) -> object:
    if name in _TUPLES:
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        if name == "task_fields" and not all(re.match(r"[\w.-]+=", part) for part in parts):
            raise ValueError("task_fields is NAME=VALUE, with commas between several")
        return parts
    if name not in _FOUND and name not in {"task_take", "task_close"}:
        raise ValueError(f"there is no entry {name}")
    if not text:
        return None
    if name == "task_take":
        return _take(text)
    if name == "task_close":
        return _close(text)
    if name == "plan_modules_marker":
        return Found(str(markers.parse(text)), ADMIN)
    if text not in _CHOICES.get(name, (text,)):
        raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}")
    return Found(text, ADMIN)


def _take(text: str) -> Take:
    kind, _, rest = text.partition(":")
    name, _, value = rest.partition("=")
    for known in get_args(TakeKind):
        if kind == known and bool(name) == (known != "none") and (not value or known == "field"):
            return Take(known, name, value, ADMIN)
    raise ValueError("task_take is button:NAME, toolbar:FUNCTION, field:NAME[=VALUE] or none")


def _close(text: str) -> Close:
    kind, _, rest = text.partition(":")
    name, _, value = rest.partition("=")
    for known in get_args(CloseKind):
        if kind == known and name and bool(value) == (known == "field"):
            return Close(known, name, value, ADMIN)
    raise ValueError("task_close is button:NAME or field:NAME=VALUE")


def _plain(value: object) -> object:
    if isinstance(value, Found | Take | Close):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _restored(name: str, value: Any) -> object:
    if isinstance(value, dict):
        kind = {"task_take": Take, "task_close": Close}.get(name, Found)
        return kind(**value)
    if isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
