"""Forms: what an installation calls its fields, buttons and functions.

Under `out=devel` an answer carries `metadata` (billmanager.md 1.3, 1.5 and 1.6): inputs and selects
with their attributes, buttons, and for lists a toolbar that names the functions which this login
may call. Under `out=xml` a form has values and options only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.labels import ON_BUTTONS, label, messages
from panels.coremanager.listing import UNSET
from panels.coremanager.redaction import REDACTED, is_secret
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from panels.coremanager.listing import Row

_YES = frozenset({"yes", "on", "true", "1"})
_CONTROLS = frozenset({"input", "select", "textarea", "list", "autocomplete", "text", "textdata"})
_NOT_VALUES = frozenset(
    {"metadata", "slist", "list", "messages", "tparams", "saved_filters", "error", "ok", "elem"}
)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select: what is sent, and what people read."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `kind` is the control ('input', 'select', 'textarea', …), or 'value' when only a value was given
    (out=xml, or a text on the page, which is then `readonly`). The value of a secret field is never
    kept: it reads `[redacted]`, or '' when empty.
    `options` is None when the panel offered no list of choices, which differs from an empty list.
    `label` is what people read, '' when absent; `secret`: its input shows no letters; `toggle`:
    it is a checkbox. `sent_back`: what a hidden field holds and a page sends back with the form,
    also where its name says that it is secret; for that alone, never to be kept or shown.
    """

    name: str
    kind: str = "value"
    value: str = ""
    required: bool = False
    readonly: bool = False
    hidden: bool = False
    options: tuple[Option, ...] | None = None
    label: str = ""
    secret: bool = False
    toggle: bool = False
    sent_back: str = field(default="", repr=False, compare=False)

    def offers(self, key: str) -> bool:
        """Whether this key is among the choices; False when there is no list of choices."""
        return any(option.key == key for option in self.options or ())


@dataclass(frozen=True, slots=True)
class Button:
    """One button of a form. `func` is None when it only submits the form."""

    name: str
    label: str = ""
    kind: str = ""
    func: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """While field `name` has `value`, field `hides` is not shown (`<if name= value= hide=>`)."""

    name: str
    value: str
    hides: str


@dataclass(frozen=True, slots=True)
class Form:
    """The content of a form without secrets, so that it can be stored as evidence."""

    func: str
    fields: Mapping[str, Field]
    buttons: tuple[Button, ...]
    lists: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, repr=False)
    conditions: tuple[Condition, ...] = ()

    def value(self, name: str) -> str:
        """Give the present value of a field; '' when it is empty or not there."""
        found = self.fields.get(name)
        return "" if found is None else found.value

    def button(self, name: str) -> Button | None:
        """Give the button of this name; None when there is none."""
        return next((button for button in self.buttons if button.name == name), None)

    def unfilled(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Name the required, shown fields that would stay empty if `values` were submitted."""
        sent = {name: values.get(name, item.value) for name, item in self.fields.items()}
        concealed = {c.hides for c in self.conditions if sent.get(c.name) == c.value}
        return tuple(
            name
            for name, item in self.fields.items()
            if item.required
            and not item.hidden
            and not item.readonly
            and name not in concealed
            and sent[name] in UNSET
        )


def only_choices(form: Form) -> dict[str, str]:
    """Give the required fields that are empty and offer one thing alone, with that."""
    found = {}
    for one in form.fields.values():
        if one.required and not one.readonly and one.value in UNSET and only_choice(one):
            found[one.name] = only_choice(one)
    return found


def only_choice(one: Field) -> str:
    """Give the one choice of a field that is one; '' where there are several, or none."""
    keys = [option.key for option in one.options or () if option.key not in UNSET]
    return keys[0] if len(keys) == 1 else ""


class FormLacks(UnexpectedAnswer):
    """A form, or what is known of this installation, lacks what a step needs.

    Nothing was submitted. `missing` names fields, buttons, options or dialect entries; `form` is
    the form as it was read (secret values are never kept in one), None when none was read.
    """

    def __init__(
        self, missing: tuple[str, ...], *, form: Form | None = None, panel: str = "", func: str = ""
    ) -> None:
        super().__init__(note("form.lacks", names=", ".join(missing)), panel=panel, func=func)
        self.missing = missing
        self.form = form


def read_form(root: etree._Element, *, func: str, lists: Mapping[str, tuple[Row, ...]]) -> Form:
    """Read fields, buttons and options of a form answer."""
    options = {
        name: tuple(_options(slist))
        for slist in root.iterchildren("slist")
        if (name := slist.get("name"))
    }
    values = _values(root)
    texts = messages(root)
    fields: dict[str, Field] = {}
    conditions: list[Condition] = []
    for control in root.iterfind("metadata/form//*"):
        name = control.get("name")
        if control.tag not in _CONTROLS or not name or name in fields:
            continue
        secret = control.get("type") == "password"
        value = values.get(name, control.get("value", ""))
        fields[name] = Field(
            name=name,
            kind=str(control.tag),
            value=REDACTED if secret and value else _safe(name, value),
            required=control.get("required", "") in _YES,
            readonly=control.get("readonly", "") in _YES,
            hidden=(hidden := control.get("type") == "hidden" or control.get("hidden", "") in _YES),
            options=options.get(name),
            label=label(texts, name, ("{}", "msg_{}")),
            secret=secret,
            toggle=control.get("type") == "checkbox",
            sent_back=value if hidden else "",
        )
        conditions += [
            Condition(rule.get("name") or name, rule.get("value", ""), hides)
            for rule in control.iterchildren("if")
            if (hides := rule.get("hide"))
        ]
    # What has a value or choices but no control can be read and not set: the page shows it as text.
    fixed = bool(fields)
    for name in [*values, *options]:
        if name not in fields:
            fields[name] = Field(
                name=name,
                kind="select" if name in options else "value",
                value=_safe(name, values.get(name, "")),
                readonly=fixed,
                options=options.get(name),
            )
    return Form(
        func=func,
        fields=MappingProxyType(fields),
        buttons=tuple(_buttons(root)),
        lists=MappingProxyType(dict(lists)),
        conditions=tuple(conditions),
    )


def _values(root: etree._Element) -> dict[str, str]:
    values: dict[str, str] = {}
    for child in root.iterchildren("*"):
        name = str(child.tag)
        if name not in _NOT_VALUES and not len(child) and name not in values:
            values[name] = (child.text or "").strip()
    return values


def _options(slist: etree._Element) -> list[Option]:
    found = []
    for choice in slist.iterchildren("val", "msg"):
        label = "".join(map(str, choice.itertext())).strip()
        found.append(Option(key=choice.get("key", label), label=label))
    return found


def _buttons(root: etree._Element) -> list[Button]:
    texts = messages(root)
    return [
        Button(
            name=(name := button.get("name", "")),
            label=(button.text or "").strip()
            or button.get("label", "")
            or label(texts, name, ON_BUTTONS),
            kind=button.get("type", ""),
            func=button.get("func"),
        )
        for button in root.iterfind("metadata/form//button")
        if button.get("name")
    ]


def _safe(name: str, value: str) -> str:
    return REDACTED if value and is_secret(name) else value
