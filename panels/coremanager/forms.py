"""Forms and toolbars: what an installation calls its fields, buttons and functions.

Under `out=devel` an answer carries `metadata` (billmanager.md 1.3, 1.5 and 1.6): inputs and selects
with their attributes, buttons, and for lists a toolbar that names the functions which this login
may call. Under `out=xml` a form has values and options only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from panels.coremanager.listing import UNSET
from panels.coremanager.redaction import REDACTED, is_secret

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

    `kind` is the control ('input', 'select', 'textarea', …), or 'value' when only a value was told
    (out=xml, or a text on the page, which is then `readonly`). The value of a secret field is never
    kept: it reads `[redacted]`, or '' when empty.
    `options` is None when the panel offered no list of choices, which differs from an empty list.
    `label` is what people read, '' when not told; `secret`: its input shows no letters; `toggle`:
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
    """What a form offers; fit to be kept as evidence, since it holds no secret."""

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


@dataclass(frozen=True, slots=True)
class ToolButton:
    """A button above a list. `kind` 'group' acts on rows at once; 'edit' and 'new' open forms.

    `label` is what people read and `icon` its picture, each '' when not told. `hides` are a column
    and a code: the button is not there for rows that have it (billmanager.md 1.6).
    """

    name: str
    func: str
    kind: str = ""
    label: str = ""
    icon: str = ""
    hides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Toolbar:
    """The functions that this login may call on a list, by internal name."""

    buttons: tuple[ToolButton, ...] = ()

    def named(self, *names: str) -> ToolButton | None:
        """Give the first button with one of these names, in the order of `names`; None if none."""
        for name in names:
            for button in self.buttons:
                if button.name == name:
                    return button
        return None

    def calls(self, func: str) -> bool:
        """Whether one of the buttons calls this function."""
        return any(button.func == func for button in self.buttons)


def read_toolbar(root: etree._Element) -> Toolbar:
    """Read `metadata/toolbar//toolbtn`; empty where there is none."""
    texts = _messages(root)
    return Toolbar(
        tuple(
            ToolButton(
                name=(name := button.get("name", "")),
                func=func,
                kind=button.get("type", ""),
                label=_label(texts, name, _ON_TOOLS) or button.get("label", ""),
                icon=button.get("img", ""),
                hides=tuple(
                    (column, rule.get("value", ""))
                    for rule in button.iterchildren("hide")
                    if (column := rule.get("name"))
                ),
            )
            for button in root.iterfind("metadata/toolbar//toolbtn")
            if (func := button.get("func"))
        )
    )


_ON_TOOLS = ("short_{}", "hint_{}", "{}")
_ON_BUTTONS = ("but_{}", "button_{}", "msg_{}", "{}")
"""How the texts of buttons are called among an answer's messages; inferred, none is documented."""


def _messages(root: etree._Element) -> dict[str, str]:
    """Give the texts of an answer by name; of two with one name the first."""
    found: dict[str, str] = {}
    for message in root.iterfind("messages//msg"):
        name = message.get("name")
        if name:
            found.setdefault(name, "".join(map(str, message.itertext())).strip())
    return found


def _label(texts: Mapping[str, str], name: str, ways: tuple[str, ...]) -> str:
    """Give what people read; '' when it is not told, or only repeats the name."""
    shown = (texts.get(way.format(name), "") for way in ways)
    return next((text for text in shown if text and text != name), "")


def read_form(root: etree._Element, *, func: str, lists: Mapping[str, tuple[Row, ...]]) -> Form:
    """Read fields, buttons and options of a form answer."""
    options = {
        name: tuple(_options(slist))
        for slist in root.iterchildren("slist")
        if (name := slist.get("name"))
    }
    values = _values(root)
    texts = _messages(root)
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
            label=_label(texts, name, ("{}", "msg_{}")),
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
    texts = _messages(root)
    return [
        Button(
            name=(name := button.get("name", "")),
            label=(button.text or "").strip()
            or button.get("label", "")
            or _label(texts, name, _ON_BUTTONS),
            kind=button.get("type", ""),
            func=button.get("func"),
        )
        for button in root.iterfind("metadata/form//button")
        if button.get("name")
    ]


def _safe(name: str, value: str) -> str:
    return REDACTED if value and is_secret(name) else value
