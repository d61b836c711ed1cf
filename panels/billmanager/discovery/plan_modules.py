"""Discovery of the list of a plan's modules and its switches, by what it shows (steps 2, 5, 8).

The list was found nowhere in public (billmanager.md 3.2), so that its name tells nothing: it is the
one whose rows are modules of `processing`. It is opened to see that; the switches above it act when
they are called, so that they are judged by the toolbar alone: by name, label, icon, and the rows
for which they are hidden.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.dialect import markers
from panels.billmanager.dialect.markers import Inferred, Sample, infer
from panels.billmanager.dialect.names import Found
from panels.billmanager.dialect.vocabulary import way
from panels.billmanager.discovery.search import SAMPLE
from panels.billmanager.group_forms import GROUP_FORM
from panels.billmanager.optional_reads import is_form, is_list, read_optional
from panels.billmanager.plans import is_vhost, marked_in_plan, title_of
from panels.coremanager.whole_lists import all_rows
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.dialect.markers import Marker
    from panels.billmanager.discovery.search import Search
    from panels.coremanager.documents import Document
    from panels.coremanager.listing import Row
    from panels.coremanager.toolbars import Toolbar, ToolButton
    from panels.http.transport import Transport

MAX_PLANS = 25
"""Plans whose modules are read to infer the marker."""
MAX_OPENED = 3
"""With so many plans a list is tried that shows nothing, or is refused, with the first."""
MAX_ROWS = 500
"""Rows of a plan's list of modules that are read for it."""

_ACTS = frozenset({"group", GROUP_FORM, "new"})
"""Kinds of buttons that do not open a list; a group action acts when it is called."""
_OPENS = frozenset({"list", "editlist", "edit"})
"""Kinds that open something; which of them opens a list is not documented."""
_SUB_LIST = re.compile(r"processing|module|obrabot|modul", re.IGNORECASE)
_KNOWN = frozenset(
    f"pricelist.{name}"
    for name in ("edit", "add", "delete", "resume", "suspend", "filter", "setfilter", "detail",
                 "history", "export", "orderreference", "clone", "copy")
)  # fmt: skip
"""Functions above the plans that are known to be something else (billmanager.md 3.1)."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A list below a plan: how it takes the plan, and whether its rows are modules.

    `modules`: None where it has no rows, or no modules are known to compare them with.
    """

    func: str
    parent: str
    toolbar: Toolbar
    modules: bool | None


def plan_modules(search: Search) -> None:
    """Discover a plan's list of modules, the marker of those that are on, and the switches."""
    answer = read_optional(search.transport, "pricelist", devel=True, filter="off", p_cnt=SAMPLE)
    if answer is None or is_form(answer):
        search.places["plan_modules_list"] = note("place.refused", func="pricelist")
        return
    rows = answer.listing().rows
    plans = [row for row in rows if is_vhost(row, search.dialect)] or list(rows)
    given = search.dialect.plan_modules_list
    funcs = [given.value] if given else _sub_lists(answer.toolbar())
    opened = [one for func in funcs if (one := _opened(search, func, plans)) is not None]
    likely = opened if given else _likeliest(opened)
    where = note("place.toolbar", func="pricelist")
    if len(likely) != 1:
        candidates = [one.func for one in likely or opened] or funcs
        search.unclear("plan_modules_list", candidates, _not_one(where, funcs, likely or opened))
        return
    (one,) = likely
    search.keep(
        plan_modules_list=Found(one.func, where, sure=one.modules is True),
        plan_modules_parent=Found(one.parent, note("place.opens", func=one.func)),
    )
    _see_marker(search, plans)
    _see_switches(search, one)


def _sub_lists(toolbar: Toolbar) -> list[str]:
    """Give the functions above the plans that may open a list; never one that acts."""
    return list(
        dict.fromkeys(
            button.func
            for button in toolbar.buttons
            if button.func.startswith("pricelist.")
            and button.func not in _KNOWN
            and button.kind not in _ACTS
            and (
                button.kind in _OPENS
                or _SUB_LIST.search(button.func)
                or _SUB_LIST.search(button.name)
            )
        )
    )


def _opened(search: Search, func: str, plans: Sequence[Row]) -> _Opened | None:
    """Open a list with a plan; None where no plan opens one."""
    known = {str(key): name for key, name in search.dialect.modules}
    empty: _Opened | None = None
    # A sub-list is opened with elid of its parent (billmanager.md 13); plid is the second try.
    given = search.dialect.plan_modules_parent
    for parent in [given.value] if given else ["elid", "plid"]:
        for plan in plans[:MAX_OPENED]:
            answer = read_optional(search.transport, func, devel=True, filter="off",
                           p_cnt=MAX_ROWS, **{parent: plan.text("id")})  # fmt: skip
            if answer is None or not is_list(answer):
                continue
            are = _are_modules(answer.listing().rows, known)
            found = _Opened(func, parent, answer.toolbar(), are)
            if are is not None:
                return found
            empty = empty or found
    return empty


def _are_modules(rows: Sequence[Row], known: Mapping[str, str]) -> bool | None:
    """Whether these rows are processing modules; None where that is not clear."""
    if not rows or not known:
        return None
    same = [known.get(row.get("id")) in {title_of(row), row.get("module")} for row in rows]
    return all(same)


def _likeliest(opened: Sequence[_Opened]) -> list[_Opened]:
    """The lists that are the likeliest: with modules in it, then with switches above it."""
    likely = [one for one in opened if one.modules]
    if not likely:
        # Nothing in it to compare: then its name must speak of modules.
        likely = [o for o in opened if o.modules is None and _SUB_LIST.search(o.func)]
    switched = [one for one in likely if any(b.kind in _ACTS for b in one.toolbar.buttons)]
    return switched if len(likely) > 1 and switched else likely


def _not_one(where: str, funcs: list[str], opened: Sequence[_Opened]) -> str:
    if not funcs:
        return note("place.no_function", place=where)
    if not opened:
        return note("place.unopened", place=where, names=", ".join(funcs))
    return note("place.several", place=where, names=", ".join(one.func for one in opened))


def _see_marker(search: Search, plans: Sequence[Row]) -> None:
    if search.dialect.plan_modules_marker is not None:
        return
    inferred = infer_marker(search.transport, search.dialect, plans)
    if inferred.marker is None:
        search.unclear("plan_modules_marker", inferred.columns, inferred.why)
    else:
        marker = Found(str(inferred.marker), inferred.why, sure=inferred.sure)
        search.keep(plan_modules_marker=marker)


def _see_switches(search: Search, opened: _Opened) -> None:
    where = note("place.toolbar", func=opened.func)
    marker = search.dialect.plan_modules_marker
    known = markers.parse(marker.value) if marker is not None else None
    ways = {
        button: direction
        for button in opened.toolbar.buttons
        if (button.kind in _ACTS or not button.kind) and button.kind != "new"
        for direction in [direction_of(button, known)]
    }
    shown = ", ".join(button.func for button in opened.toolbar.buttons) or note("place.nothing")
    for entry, on in (("plan_modules_enable", True), ("plan_modules_disable", False)):
        likely = _clearest([button for button, way_of in ways.items() if way_of is on], opened.func)
        if len(likely) == 1:
            (button,) = likely
            sure = button.func.startswith(f"{opened.func}.")
            search.keep(**{entry: Found(button.func, where, sure=sure, kind=button.kind)})
        else:
            others = [b for b, way_of in ways.items() if way_of is not (not on)]
            candidates = [b.func for b in likely or others]
            search.unclear(entry, candidates, note("place.shown", place=where, names=shown))


def direction_of(button: ToolButton, marker: Marker | None) -> bool | None:
    """The way a button switches, by all that it shows; None where it shows neither or both.

    A button that is hidden for what is on switches on.
    """
    said = {way(button.func), way(button.name), way(button.label), way(button.icon)}
    if marker is not None:
        for column, code in button.hides:
            if column == marker.column:
                said.add(marker.says(code or markers.EMPTY))
    ways = said - {None}
    return ways.pop() if len(ways) == 1 else None


def _clearest(buttons: Sequence[ToolButton], func: str) -> list[ToolButton]:
    """Of several that switch one way, those below the list's own function, by their own name."""
    for is_clear in (
        lambda b: b.func.startswith(f"{func}."),
        lambda b: way(b.func) is not None,
    ):
        clear = [button for button in buttons if is_clear(button)]
        buttons = clear or buttons
    return list(dict.fromkeys(buttons))


def infer_marker(transport: Transport, dialect: Dialect, plans: Sequence[Row]) -> Inferred:
    """Infer the marker of modules that are on for a plan, from these rows of `pricelist`.

    Raises what `samples_of` raises.
    """
    return infer(*samples_of(transport, dialect, plans))


def samples_of(
    transport: Transport, dialect: Dialect, plans: Sequence[Row]
) -> tuple[list[Sample], list[str]]:
    """Read the modules of these plans (rows of `pricelist`): samples, and all columns.

    A plan whose modules cannot be listed, or are others than it is said to have, is left out.
    Raises what a read raises when the panel cannot be reached or lets nobody in, and `FormLacks`
    where the list of a plan's modules is not known.
    """
    func, parent = dialect.need("plan_modules_list"), dialect.need("plan_modules_parent")
    samples = []
    columns: dict[str, None] = {}
    for plan in plans[:MAX_PLANS]:
        key = plan.get("id")
        answer = read_optional(
            transport, func, devel=True, filter="off", p_cnt=MAX_ROWS, **{parent: key}
        )
        if answer is None or is_form(answer):
            continue
        rows = answer.listing().rows
        columns |= dict.fromkeys([*(n for row in rows for n in row), *_properties(answer)])
        attached = marked_in_plan(plan, rows)
        if attached is not None:
            samples.append(Sample(key, rows, attached))
    return samples, list(columns)


def _properties(answer: Document) -> Iterable[str]:
    """Columns that are in a row only where something is true (ispmanager.md 1.4)."""
    columns = answer.elements("metadata/coldata/col")
    return [name for c in columns if "prop" in c.get("type", "") and (name := c.get("name", ""))]


def infer_marker_again(transport: Transport, dialect: Dialect) -> Inferred:
    """Infer the marker from all plans of shared hosting as they are now."""
    return infer_marker(transport, dialect, hosting_plans(transport, dialect))


def hosting_plans(transport: Transport, dialect: Dialect) -> list[Row]:
    """Give the rows of all plans of shared hosting."""
    return list(all_rows(transport, "pricelist", keep=lambda row: is_vhost(row, dialect)))
