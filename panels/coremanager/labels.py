"""Labels: texts that people read on buttons and fields with internal names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

ON_TOOLS = ("short_{}", "hint_{}", "{}")
ON_BUTTONS = ("but_{}", "button_{}", "msg_{}", "{}")
"""How the texts of buttons are called among an answer's messages; inferred, none is documented."""


def messages(root: etree._Element) -> dict[str, str]:
    """Give the texts of an answer by name; of two with one name the first."""
    found: dict[str, str] = {}
    for message in root.iterfind("messages//msg"):
        name = message.get("name")
        if name:
            found.setdefault(name, "".join(map(str, message.itertext())).strip())
    return found


def label(texts: Mapping[str, str], name: str, ways: tuple[str, ...]) -> str:
    """Return the label; '' when it is absent, or only repeats the name."""
    shown = (texts.get(way.format(name), "") for way in ways)
    return next((text for text in shown if text and text != name), "")
