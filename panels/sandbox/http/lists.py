"""Lists: filters, sorting, pages; under ``out=devel`` toolbar and columns (billmanager.md 1.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from panels.sandbox.http.forms import Field, done, form
from panels.sandbox.http.xml import element, esc
from panels.sandbox.world.records import SavedFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from panels.sandbox.http.call import Call

_REPEATED = 2


class Tool(NamedTuple):
    """A button above a list: its name, the function that it calls, and its kind.

    ``hides``: a column and a code; the button is not shown for a row with it.
    """

    name: str
    func: str
    kind: str = "group"
    hides: tuple[str, str] | None = None


class Match(NamedTuple):
    """The comparison of a filter field: equal to a code, or a part of a text.

    ``options``: the values that the filter's form offers, None where anything may be typed.
    """

    of: Callable[[Any], str]
    part: bool = False
    options: tuple[tuple[str, str], ...] | None = None

    def holds(self, row: object, wanted: str) -> bool:
        """Whether a row passes."""
        value = self.of(row)
        return wanted.lower() in value.lower() if self.part else value == wanted


class Listing(NamedTuple):
    """The description of a list. ``sorts`` maps a column to the value that it is sorted by.

    ``days``: fields of the filter that take a span of days, with the day of a row
    (billmanager.md 1.6). ``idlist``: the filter takes ids with commas between (7.1, assumed).
    ``properties``: columns that are there where something is true (ispmanager.md 1.4).
    """

    write: Callable[[Any], str]
    columns: tuple[str, ...]
    filters: Mapping[str, Match] = {}
    sorts: Mapping[str, Callable[[Any], Any]] = {}
    tools: tuple[Tool, ...] = ()
    key: str = "id"
    days: Mapping[str, Callable[[Any], str]] = {}
    idlist: bool = False
    properties: tuple[str, ...] = ()


def listing(call: Call, shape: Listing, rows: Sequence[Any], extra: str = "") -> str:
    """Write the page of a list that was asked for; ``rows`` are in the order of their making."""
    wanted = _wanted(call, shape)
    rows = call.world.listed(rows)
    if wanted:
        rows = [row for row in rows if all(m.holds(row, value) for m, value in wanted)]
    rows = _of_days(call, shape, _of_ids(call, shape, rows))
    there, cut = len(rows), call.world.dials.list_cut or len(rows)
    if call.world.dials.list_cut_first:
        rows = rows[:cut]
    column, falling, rows = _sorted(call, shape, rows)
    rows = rows[:cut]
    total = there if call.world.dials.list_cut_tells_all else len(rows)
    size = _page_size(call)
    number = max(1, _whole(call.get("p_num"), 1))
    start = (number - 1) * size
    if call.fault is not None and call.fault.kind == "repeat_rows" and start:
        start = max(0, start - _REPEATED)
    page = rows[start : start + size]
    body = "".join([f"<elem>{shape.write(row)}</elem>" for row in page])
    for what, shown in call.world.dials.odd_cells.items():
        body = _with_odd_cell(body, shape, call.func, what, shown)
    order = "desc" if falling else "asc"
    return (
        f"{_metadata(call, shape) if call.devel else ''}{extra}"
        f"<p_sort>{column}</p_sort><p_order>{order}</p_order>{body}"
        f"<p_cnt>{size}</p_cnt><p_num>{number}</p_num><p_elems>{total}</p_elems>"
        f"{_possible(shape)}"
    )


def _with_odd_cell(body: str, shape: Listing, func: str, what: str, shown: str) -> str:
    """Let one cell show what it should not, for rehearsing how such a row is dealt with."""
    where, key, column = what.split(" ", 2)
    if where != func:
        return body
    own = "" if key == "*" else f"<{shape.key}>{esc(key)}</{shape.key}>"
    cell = re.compile(rf"<{re.escape(column)}(?:\s[^>]*)?(?:/>|>.*?</{re.escape(column)}>)")
    odd = element(column, shown) if shown else ""
    rows = body.split("</elem>")
    return "</elem>".join(cell.sub(lambda _: odd, row) if own in row else row for row in rows)


def filter_form(call: Call, shape: Listing) -> str:
    """Show or save the filter of a list; saving changes what the login's next lists hold."""
    base = call.func.removesuffix(".filter")
    key = f"{call.panel}/{call.actor.real}/{base}"
    if call.submitted:
        values = tuple((name, call.get(name)) for name in shape.filters if call.get(name))
        if values:
            call.world.filters.put(SavedFilter(key, values))
        else:
            call.world.filters.drop(key)
        return done()
    saved = call.world.filters.get(key)
    now = dict(saved.values) if saved else {}
    return form(
        call,
        [
            Field(
                name,
                now.get(name, ""),
                "text" if of.options is None else "select",
                options=of.options,
            )
            for name, of in shape.filters.items()
        ],
    )


def _wanted(call: Call, shape: Listing) -> list[tuple[Match, str]]:
    mode = call.get("filter")
    if mode == "off":
        return []
    if mode in {"on", "yes"}:
        ignored = call.world.dials.ignored_filters
        values = {name: call.get(name) for name in shape.filters if name not in ignored}
    else:
        saved = call.world.filters.get(f"{call.panel}/{call.actor.real}/{call.func}")
        values = dict(saved.values) if saved else {}
    return [(shape.filters[name], value) for name, value in values.items() if value]


def _of_ids(call: Call, shape: Listing, rows: Sequence[Any]) -> Sequence[Any]:
    ids = filtered(call, "idlist") if shape.idlist else ""
    wanted = set(ids.split(","))
    return [row for row in rows if str(row.id) in wanted] if ids else rows


def _of_days(call: Call, shape: Listing, rows: Sequence[Any]) -> Sequence[Any]:
    for name, day_of in shape.days.items():
        if filtered(call, name) == "other":
            start, end = call.get(f"{name}start"), call.get(f"{name}end", "9999")
            rows = [row for row in rows if start <= day_of(row) <= end]
    return rows


def filtered(call: Call, name: str) -> str:
    """Give the value of a filter's field; '' when it is not filtered by, or not known."""
    on = call.get("filter") in {"on", "yes"}
    return call.get(name) if on and name not in call.world.dials.ignored_filters else ""


def _sorted(call: Call, shape: Listing, rows: Sequence[Any]) -> tuple[str, bool, Sequence[Any]]:
    asked = call.get("p_col")
    column = asked.lstrip("+- ") or call.get("p_sort") or shape.key
    falling = asked.startswith("-") if asked else call.get("p_order") == "desc"
    by = shape.sorts.get(column)
    if by is not None:
        return column, falling, sorted(rows, key=by, reverse=falling)
    if column == shape.key:
        return column, falling, rows[::-1] if falling else rows
    return shape.key, False, rows


def _page_size(call: Call) -> int:
    dials = call.world.dials
    size = max(1, _whole(call.get("p_cnt"), dials.default_rows))
    return min(size, dials.max_rows) if dials.max_rows else size


def _whole(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else default


def _metadata(call: Call, shape: Listing) -> str:
    known = {tool.func for tool in shape.tools}
    reported = [Tool(*tool) for tool in call.dialect.tools(call.func) if tool[1] not in known]
    # A toolbar names what this login may call (billmanager.md 1.6).
    shown = [tool for tool in (*shape.tools, *reported) if call.offers(tool.func)]
    tools = "".join(_button(call, tool) for tool in shown)
    columns = "".join(
        f'<col name="{name}" type="{"property" if name in shape.properties else "data"}"/>'
        for name in shape.columns
    )
    labels = call.dialect.labels.get(call.func, {})
    messages = "".join(element("msg", name, name=name) for name in shape.columns)
    messages += "".join(
        element("msg", labels[tool.name], name=f"short_{tool.name}")
        for tool in shown
        if tool.name in labels
    )
    name = esc(call.func)
    return (
        f'<metadata name="{name}" type="list" key="{shape.key}" keyname="name" '
        f'mgr="{call.panel}"><toolbar view="buttontext"><toolgrp name="main">{tools}</toolgrp>'
        f"</toolbar><coldata>{columns}</coldata></metadata>"
        f'<messages name="{name}">{messages}</messages>'
    )


def _button(call: Call, tool: Tool) -> str:
    """Write a button of the toolbar (attributes and ``hide`` as in billmanager.md 1.6)."""
    icon = call.dialect.icons.get(call.func, {}).get(tool.name, "")
    image = f' img="{esc(icon)}"' if icon else ""
    head = f'func="{esc(tool.func)}" name="{esc(tool.name)}" type="{esc(tool.kind)}"{image}'
    if tool.hides is None:
        return f"<toolbtn {head}/>"
    column, code = tool.hides
    return f'<toolbtn {head}><hide name="{esc(column)}" value="{esc(code)}"/></toolbtn>'


def _possible(shape: Listing) -> str:
    names = "".join(f'<filter name="{name}"/>' for name in shape.filters)
    return f"<p_possible_filters>{names}</p_possible_filters>"
