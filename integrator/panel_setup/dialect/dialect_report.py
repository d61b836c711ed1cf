"""The dialect report of a registered panel: its names without personal data, as a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.models import Call, Panel
from integrator.panel_access import call_log, panel_connections, stored_dialect
from panels.billmanager.discovery.report import fault_of, report
from panels.coremanager.documents import parse
from panels.coremanager.error_nodes import refusal
from panels.coremanager.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FAULTS = 500
"""The last refusals in the journal whose shapes are reported."""


def make(panel: Panel) -> str:
    """Read the panel's lists and forms and return the report as text; nothing is changed.

    Raises Refused for a panel that has no dialect, and PanelError when the panel
    cannot be asked.
    """
    if panel.kind != Panel.Kind.BILLMANAGER:
        raise Refused(_("Only BILLmanager has a dialect; “%s” is an ispmanager.") % panel.name)
    with call_log.about():
        if not panel.dialect:
            stored_dialect.learn_dialect(panel)
        written = report(
            panel_connections.billmanager(panel),
            forms=stored_dialect.task_forms(panel),
            faults=list(_faults(panel)),
        )
    return to_text(written)


def file_name(panel: Panel) -> str:
    """The file's name, without the panel's own, which may say whose it is."""
    version = "".join(c for c in panel.version if c.isalnum() or c in ".-")
    return f"dialect-{version or 'billmanager'}.json"


def to_text(written: dict[str, Any]) -> str:
    """The file as people read it: a line for each key, field, button and refusal."""
    lines = []
    for name, part in written.items():
        if name in {"keys", "found", "faults"}:
            lines.append(f'  "{name}": {_spread(part, 1)}')
        elif name in {"lists", "forms"}:
            inner = [f"    {_json(func)}: {_shape(shape)}" for func, shape in part.items()]
            lines.append(f'  "{name}": {{\n' + ",\n".join(inner) + "\n  }")
        else:
            lines.append(f'  "{name}": {_json(part)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _shape(shape: dict[str, Any]) -> str:
    parts = [
        f'      "{name}": {_spread(value, 3)}'
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else f'      "{name}": {_json(value)}'
        for name, value in shape.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n    }"


def _spread(part: dict[str, Any] | list[Any], depth: int) -> str:
    """A list or an object with one line for each of its parts."""
    pad = "  " * (depth + 1)
    if isinstance(part, dict):
        lines = [f"{pad}{_json(name)}: {_json(value)}" for name, value in part.items()]
    else:
        lines = [f"{pad}{_json(value)}" for value in part]
    left, right = ("{", "}") if isinstance(part, dict) else ("[", "]")
    return f"{left}\n" + ",\n".join(lines) + f"\n{'  ' * depth}{right}" if lines else left + right


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _faults(panel: Panel) -> Iterator[dict[str, str]]:
    """The shapes of the refusals that the journal still has."""
    refused = Call.objects.filter(panel=panel.name, outcome="refused").order_by("-pk")
    for call in refused[:MAX_FAULTS]:
        try:
            fault = parse(call.answer.encode(), panel=panel.name, func=call.func).fault
        except UnexpectedAnswer:
            continue  # only the head of an answer is kept
        if fault is not None:
            yield fault_of(call.func, refusal(fault, panel=panel.name, func=call.func))
