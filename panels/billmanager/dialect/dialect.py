"""The dialect of an installation. Data only: discovery fills it, an administrator corrects it.

Everything here is either inferred or unknown in public (billmanager.md 13), so that it is found out
on the panel itself; names that are documented or were seen in code stand in the resource files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from panels import notes
from panels.billmanager.dialect.grammar import read
from panels.billmanager.dialect.names import Close, Found, Take
from panels.billmanager.tasks import recognition
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from panels.coremanager.forms import Form


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names of one BILLmanager and version. None (or an empty tuple) means: not found yet.

    `version`: the panel's version, '' when absent.
    `order`: 'v2' or 'old', the generation of the order functions; `cart`: 'cart' or 'basket'.
    `plan_modules_list`, `_enable`, `_disable`: functions of the plan's list of modules;
    `plan_modules_parent`: whether that list takes the plan as 'elid' or as 'plid'.
    `plan_modules_marker`: by what a row there shows whether its module is on, see `markers`.
    `manual_module`: internal name of the module for manual processing.
    `ispmanager_modules`: internal names of ispmanager modules.
    `module_titles`: internal name and title of each module that is offered; a list may show either.
    `modules`: id and name of each processing module, by which other lists and forms are known.
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
    `choices`: what an entry could be that was looked for and is not clear, each as an
    administrator would set it; the panel has shown no more.
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
    modules: tuple[tuple[int, str], ...] = ()
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
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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

    def learn_task_form(self, form: Form, *, second: bool = False) -> Self:
        """Give a dialect that knows the names in this task form; what is known stays.

        `second`: another form led to it. Where it does not tell how the task is closed, it is not
        known after all.

        The field and button names of the task form were found nowhere in public
        (billmanager.md 6.2); see `taskforms` for what they are recognised by.
        """
        seen = recognition.recognise(
            form,
            take=self.task_take,
            modules={str(key): name for key, name in self.modules},
            staff=self.staff_names,
        )
        changes: dict[str, Any] = {
            n: found for n, found in seen.found.items() if getattr(self, n) is None
        }
        if any(" > " in one for one in self.choices.get("task_close", ())):
            changes.pop("task_close", None)  # a later form has shown that this is not all of it
            seen.choices.pop("task_close", None)
        known = {name for name in FROM_TASK_FORM if getattr(self, name) or name in changes}
        unclear = {name: some for name, some in seen.choices.items() if name not in known}
        choices = {name: some for name, some in self.choices.items() if name not in changes}
        if second and self.task_close is not None and self.task_close.kind == "next":
            before = f"button:{self.task_close.name}"
            told = seen.choices.get("task_close", ())
            if "task_close" not in seen.found:
                changes["task_close"] = None
                unclear["task_close"] = tuple(f"{before} > {one}" for one in told)
        if {**choices, **unclear} != self.choices:
            changes["choices"] = {**choices, **unclear}
        return replace(self, **changes) if changes else self

    def with_overrides(self, overrides: Mapping[str, str]) -> Self:
        """Give a dialect in which an administrator's corrections win.

        Values are text, in this grammar:

        * `order`: `v2` or `old`; `cart`: `cart` or `basket`; `plan_modules_parent`: `elid`, `plid`.
        * `plan_modules_enable`, `plan_modules_disable`: the function, or `groupform:FUNCTION` of
          one that asks by a form before it acts.
        * `plan_modules_marker`: see `markers.GRAMMAR`.
        * `task_take`: `button:NAME`, `toolbar:FUNCTION`, `field:NAME` (set to what stands for our
          login), `field:NAME=VALUE` or only `NAME=VALUE`, `save` or `save:BUTTON` (the first save
          takes it), `none`.
        * `task_close`: `button:NAME`, `field:NAME=VALUE` or only `NAME=VALUE` (a checkbox is
          `NAME=on`); of several forms one after another `button:NEXT > button:NAME`, and
          `next:NEXT` where the last of them is to be recognised.
        * `task_fields`: `NAME=VALUE, NAME=VALUE`.
        * `ispmanager_modules`, `task_open_types`, `staff_names`: names, with commas between them.
        * `departments`, `datacenters`, `task_departments`, `paymethods`, `currencies`, `modules`:
          `ID` or `ID=TITLE`, with commas between several; `module_titles`: `NAME=TITLE`.
        * everything else: the name itself.

        An empty value takes the entry back to not known.
        Raises ValueError for an entry that does not exist and for a value that cannot be read.
        """
        changes: dict[str, Any] = {name: read(name, text) for name, text in overrides.items()}
        kept = {*self.overridden, *overrides} - {n for n, text in overrides.items() if not text}
        choices = {name: some for name, some in self.choices.items() if not overrides.get(name)}
        return replace(self, **changes, choices=choices, overridden=tuple(sorted(kept)))

    def keeping(self, known: Self) -> Self:
        """Give this dialect with what an administrator had set in an earlier one.

        What was learned from task forms is kept as well while the version is the same, since
        discovery cannot always see such a form; so is the marker of a plan's modules, while the
        list is the same.
        """
        names = set(known.overridden)
        choices = self.choices
        if known.version == self.version:
            names |= {n for n in FROM_TASK_FORM if getattr(self, n) is None}
            unseen = {
                name: some
                for name, some in known.choices.items()
                if name in FROM_TASK_FORM and name not in self.choices and name in names
            }
            choices = {**self.choices, **unseen}
            close = self.task_close
            if close is not None and close.kind == "next" and "task_close" in known.choices:
                # The form that it leads to was seen, and did not tell how the task is closed.
                names.add("task_close")
                choices = {**choices, "task_close": known.choices["task_close"]}
            same = known.plan_modules_list == self.plan_modules_list
            now, before = self.plan_modules_marker, known.plan_modules_marker
            if same and before is not None and (now is None or before.sure > now.sure):
                names.add("plan_modules_marker")
        changes: dict[str, Any] = {name: getattr(known, name) for name in names}
        choices = {name: some for name, some in choices.items() if changes.get(name) is None}
        return replace(self, **changes, choices=choices, overridden=known.overridden)

    def to_json(self) -> dict[str, Any]:
        """Give plain values for storage."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave; entries of other versions of this program are left out."""
        known = {item.name: stored[item.name] for item in fields(cls) if item.name in stored}
        known.pop("places", None)
        known.pop("choices", None)
        entries: dict[str, Any] = {name: _restored(name, value) for name, value in known.items()}
        choices = {name: tuple(some) for name, some in stored.get("choices", {}).items()}
        places = {name: notes.restored(one) for name, one in stored.get("places", {}).items()}
        return cls(**entries, places=places, choices=choices)


FROM_TASK_FORM = ("task_take", "task_close", "task_module", "task_username", "task_password")
"""Entries that only the form of a task shows, which discovery cannot always see."""

_FUNCTIONS = ("plan_modules_list", "plan_modules_enable", "plan_modules_disable", "module_create")
_OF_CART = {
    "cart": {"cart", "cart.empty", "cartorder.create.confirm"},
    "basket": {"basket", "basket.clear", "basket.pay"},
}
"""List, emptying and paying of each cart (billmanager.md 4.2)."""

_WANTED = frozenset({"ispmanager_modules", "departments", "task_departments"})


def _plain(value: object) -> object:
    if isinstance(value, Found | Take | Close):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return notes.stored(value) if isinstance(value, str) else value


def _restored(name: str, value: Any) -> object:
    if isinstance(value, dict):
        kind = {"task_take": Take, "task_close": Close}.get(name, Found)
        known = {
            key: tuple(v) if isinstance(v, list) else notes.restored(v) for key, v in value.items()
        }
        return kind(**known)
    if isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
