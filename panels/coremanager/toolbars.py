"""Toolbars: the functions that a login may call on a list (billmanager.md 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.coremanager.labels import ON_TOOLS, label, messages

if TYPE_CHECKING:
    from lxml import etree


@dataclass(frozen=True, slots=True)
class ToolButton:
    """A button above a list. `kind` 'group' acts on rows at once; 'edit' and 'new' open forms.

    `label` is what people read and `icon` its picture, each '' when absent. `hides` are a column
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
    texts = messages(root)
    return Toolbar(
        tuple(
            ToolButton(
                name=(name := button.get("name", "")),
                func=func,
                kind=button.get("type", ""),
                label=label(texts, name, ON_TOOLS) or button.get("label", ""),
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
