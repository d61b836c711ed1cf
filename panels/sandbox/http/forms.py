"""Forms: values, options, and under ``out=devel`` their whole structure (billmanager.md 1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from panels.sandbox.http.xml import element, esc, slist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from panels.sandbox.http.call import Call

Options = tuple[tuple[str, str], ...]


class Field(NamedTuple):
    """A field; kinds are text, hidden, password, checkbox, textarea, select and textdata."""

    name: str
    value: str = ""
    kind: str = "text"
    required: bool = False
    readonly: bool = False
    options: Options | None = None


class Button(NamedTuple):
    """A button of a form."""

    name: str
    kind: str = "ok"


OK = Button("ok")
CANCEL = Button("cancel", "cancel")


def select(name: str, value: str, options: Options, *, required: bool = False) -> Field:
    """Make a field with a fixed set of values."""
    return Field(name, value, "select", required, options=options)


def form(
    call: Call,
    fields: Sequence[Field],
    buttons: Sequence[Button] = (OK, CANCEL),
    extra: str = "",
    *,
    reported_as: str = "",
) -> str:
    """Write a form as it is read; ``extra`` is further nodes, such as inner lists.

    ``reported_as``: what a report calls this form, where that is not its function.
    """
    seen = call.dialect.forms.get(reported_as or call.func)
    if seen is not None:
        fields, buttons = _with_reported(seen, fields, buttons)
    values = "".join(element(f.name, f.value) for f in fields)
    options = "".join(slist(f.name, f.options) for f in fields if f.options is not None)
    elid = element("elid", call.get("elid")) if call.get("elid") else ""
    if not call.devel:
        return f"{elid}{values}{options}{extra}"
    pages = "".join(f'<field name="{esc(f.name)}">{_control(f)}</field>' for f in fields)
    controls = "".join(
        f'<button name="{esc(button.name)}" type="{button.kind}"/>' for button in buttons
    )
    labels = call.dialect.labels.get(reported_as or call.func, {})
    messages = "".join(element("msg", labels.get(f.name, f.name), name=f.name) for f in fields)
    messages += "".join(
        element("msg", labels[button.name], name=button.name)
        for button in buttons
        if button.name in labels
    )
    return (
        f'<metadata name="{esc(call.func)}" type="form" mgr="{call.panel}"><form title="name">'
        f'<page name="main">{pages}</page><buttons>{controls}</buttons></form></metadata>'
        f'<messages name="{esc(call.func)}">{messages}</messages>{elid}{values}{options}{extra}'
    )


def _with_reported(
    seen: Mapping[str, Any], fields: Sequence[Field], buttons: Sequence[Button]
) -> tuple[Sequence[Field], Sequence[Button]]:
    """Add the fields and buttons that the report of this form has besides ours."""
    names = {f.name for f in fields} | {"elid"}
    # What had a value and no control ("value") was a text on the page.
    controls = [one for one in seen["fields"] if one.get("kind") != "value"]
    more = [f for f in map(reported_field, controls) if f.name not in names]
    pressed = {button.name for button in buttons}
    return (
        [*fields, *more],
        [*buttons, *(Button(b["name"]) for b in seen["buttons"] if b["name"] not in pressed)],
    )


def reported_field(seen: Mapping[str, Any]) -> Field:
    """Make a field as a report describes it: what it held is not reported, only whether."""
    keys = seen.get("options", [str(n) for n in range(1, seen.get("choices", 0) + 1)])
    listed = "options" in seen or "choices" in seen
    options = tuple((str(key), str(key)) for key in keys) if listed else None
    value = ""
    if seen.get("filled"):
        value = options[0][0] if options else "sandbox"
    kind = "hidden" if seen.get("hidden") else "text" if options is None else "select"
    required, readonly = bool(seen.get("required")), bool(seen.get("readonly"))
    return Field(seen["name"], value, kind, required, readonly, options)


def _control(f: Field) -> str:
    marks = ' required="yes"' if f.required else ""
    if f.readonly:
        marks += ' readonly="yes"'
    name = esc(f.name)
    if f.kind == "select":
        return f'<select name="{name}"{marks}/>'
    if f.kind == "textdata":
        return f'<textdata name="{name}" type="msg"/>'
    if f.kind == "textarea":
        return f'<textarea name="{name}"{marks}/>'
    return f'<input type="{f.kind}" name="{name}"{marks}/>'


def done(*nodes: str, kind: str = "", address: str = "") -> str:
    """Write the success of a form or an action, with nodes such as the id of a new object."""
    if address:
        return element("ok", address, type=kind or "form") + "".join(nodes)
    return "<ok/>" + "".join(nodes)


def made(key: str | int) -> str:
    """Write the id of an object that was created."""
    return element("id", key)
