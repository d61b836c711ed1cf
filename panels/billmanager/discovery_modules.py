"""Finding out the names of modules and of a plan's list of them (billmanager.md 2 and 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from panels.billmanager.asking import asked, asked_form, is_form, is_list, numbered, options
from panels.billmanager.context import VHOST
from panels.billmanager.markers import Inferred, Sample, infer
from panels.billmanager.modules import CREATE, kind_of
from panels.billmanager.names import Found
from panels.billmanager.plans import is_vhost, told_of
from panels.billmanager.searching import SAMPLE
from panels.paging import all_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from panels.billmanager.dialect import Dialect
    from panels.billmanager.searching import Search
    from panels.forms import Option, Toolbar, ToolButton
    from panels.listing import Row
    from panels.transport import Transport

MOST_PLANS = 25
"""So many plans are looked at for what tells which of their modules are on."""
LONGEST = 500
"""Rows of a plan's list of modules that are read for it."""

_ENABLE = ("resume", "enable", "on", "activate")
_DISABLE = ("suspend", "disable", "off", "deactivate")
_SUB_LIST = re.compile(r"processing|module", re.IGNORECASE)
_LAST_STEPS = ("settings", "finish", "params", "param", "step2", "step3", "step4")
"""What the last step of the wizard of modules may be called: the first was seen in code
(billmanager.md 2.2), the others are guesses, and a form is all that is read by them."""


def modules(search: Search) -> None:
    """Internal names from the list, then from the form in which modules are made."""
    choices: list[tuple[str, str]] = []
    listed = asked(search.transport, "processing", devel=True, filter="off", p_cnt=SAMPLE)
    rows = listed.listing().rows if listed is not None and not is_form(listed) else ()
    for row in rows:
        code = row.code_or_none("module")
        if code is not None:
            choices.append((code, row.get("module")))
    add = _adding(listed.toolbar() if listed is not None else None)
    form = asked_form(search.transport, add, type=VHOST)
    _name_modules(search, choices, options(form, "module"), where=f"{add} form")
    manual = search.dialect.manual_module
    if manual is not None:
        _creation(search, add, manual.value)


def _name_modules(
    search: Search, listed: list[tuple[str, str]], offered: Iterable[Option], *, where: str
) -> None:
    """Prefer what the form offers: a list may show titles instead of internal names."""
    names = [(option.key, option.label) for option in offered]
    search.listed(where, module_titles=tuple((name, label) for name, label in names if label))
    if not names:
        where, names = "processing list", listed
    kinds = {name: _kind(name, label, search.dialect) for name, label in names}
    manual = sorted(name for name, kind in kinds.items() if kind == "manual")
    ispmanager = [name for name, kind in kinds.items() if kind == "ispmanager"]
    titles = [name for name, _ in listed if kind_of(name, search.dialect) == "ispmanager"]
    search.keep(manual_module=Found(manual[0], where, sure=False) if len(manual) == 1 else None)
    search.listed(where, ispmanager_modules=tuple(dict.fromkeys([*ispmanager, *titles])))
    if len(manual) != 1:
        seen = ", ".join(manual or kinds) or "nothing"
        search.places["manual_module"] = f"{where}: which of these is it? {seen}"


def _creation(search: Search, add: str, manual: str) -> None:
    """Find the step that makes a module from all values at once; its form has a department."""
    tried = dict.fromkeys([CREATE, *(f"{add}.{step}" for step in _LAST_STEPS)])
    for func in tried:
        form = asked_form(search.transport, func, module=manual, type=VHOST)
        if form is None or not {"name", "datacenter", "department"} & set(form.fields):
            continue
        where = f"{func} form"
        button = next((b for n in ("finish", "ok") if (b := form.button(n))), None)
        search.keep(
            module_create=Found(func, where, sure=func == CREATE),
            module_button=Found(button.name, where) if button else None,
        )
        search.listed(
            where,
            departments=numbered(options(form, "department")),
            datacenters=numbered(options(form, "datacenter")),
        )
        return
    search.places["module_create"] = f"none of these is its form: {', '.join(tried)}"


def plan_modules(search: Search) -> None:
    """The list of modules of a plan: named by the toolbar above the plans (3.2)."""
    answer = asked(search.transport, "pricelist", devel=True, filter="off", p_cnt=SAMPLE)
    if answer is None or is_form(answer):
        search.places["plan_modules_list"] = "the list pricelist was refused"
        return
    where = "toolbar of pricelist"
    given = search.dialect.plan_modules_list
    funcs = [given.value] if given else _sub_lists(answer.toolbar())
    if given is None and len(funcs) == 1:
        search.keep(plan_modules_list=Found(funcs[0], where))
    rows = answer.listing().rows
    plans = [row for row in rows if is_vhost(row, search.dialect)] or list(rows)
    opened = {}
    for func in funcs if plans else ():
        found = _opened(search, func, plans[0].text("id"))
        if found is not None:
            opened[func] = found
    if len(opened) != 1:
        search.places["plan_modules_list"] = _not_one(where, funcs, opened)
        return
    ((func, (parent, toolbar)),) = opened.items()
    search.keep(plan_modules_list=Found(func, where, sure=len(funcs) == 1))
    _plan_actions(search, func, parent, toolbar)
    if search.dialect.plan_modules_marker is None:
        inferred = infer_marker(search.transport, search.dialect, plans)
        if inferred.marker is None:
            search.places["plan_modules_marker"] = inferred.why
        else:
            marker = Found(str(inferred.marker), inferred.why, sure=inferred.sure)
            search.keep(plan_modules_marker=marker)


def infer_marker(transport: Transport, dialect: Dialect, plans: Sequence[Row]) -> Inferred:
    """Find out what tells of a module that it is on for a plan, from these rows of `pricelist`.

    Raises what `samples_of` raises.
    """
    return infer(samples_of(transport, dialect, plans))


def samples_of(transport: Transport, dialect: Dialect, plans: Sequence[Row]) -> list[Sample]:
    """Read the modules of these rows of `pricelist`, and what each row tells of them.

    A plan whose modules cannot be listed, or are others than it is said to have, is left out.
    Raises what a read raises when the panel cannot be reached or lets nobody in, and `FormLacks`
    where the list of a plan's modules is not known.
    """
    func, parent = dialect.need("plan_modules_list"), dialect.need("plan_modules_parent")
    samples = []
    for plan in plans[:MOST_PLANS]:
        key = plan.get("id")
        answer = asked(transport, func, devel=False, filter="off", p_cnt=LONGEST, **{parent: key})
        if answer is None or is_form(answer):
            continue
        rows = answer.listing().rows
        told = told_of(plan, rows)
        if told is not None:
            samples.append(Sample(key, rows, told))
    return samples


def marker_again(transport: Transport, dialect: Dialect) -> Inferred:
    """The same, for all plans of shared hosting as they are now."""
    return infer_marker(transport, dialect, hosting_plans(transport, dialect))


def hosting_plans(transport: Transport, dialect: Dialect) -> list[Row]:
    """Give the rows of all plans of shared hosting."""
    return list(all_rows(transport, "pricelist", keep=lambda row: is_vhost(row, dialect)))


def _opened(search: Search, func: str, plan: str) -> tuple[str, Toolbar] | None:
    # A sub-list is opened with elid of its parent (billmanager.md 13); plid is the second try.
    for parent in ("elid", "plid"):
        answer = asked(search.transport, func, devel=True, filter="off", **{parent: plan})
        if answer is not None and is_list(answer):
            return parent, answer.toolbar()
    return None


def _plan_actions(search: Search, func: str, parent: str, toolbar: Toolbar) -> None:
    where = f"toolbar of {func}"
    enable, disable = (_action(toolbar, func, n, where) for n in (_ENABLE, _DISABLE))
    search.keep(
        plan_modules_parent=Found(parent, f"{func} opens with it"),
        plan_modules_enable=enable,
        plan_modules_disable=disable,
    )
    seen = ", ".join(button.func for button in toolbar.buttons) or "nothing"
    for name in ("plan_modules_enable", "plan_modules_disable"):
        if getattr(search.found, name) is None:
            search.places[name] = f"{where} shows this login: {seen}"


def _adding(toolbar: Toolbar | None) -> str:
    """Give the function that adds a processing module; its wizard begins with it."""
    buttons = toolbar.buttons if toolbar else ()
    funcs = [b.func for b in buttons if b.kind == "new" and b.func.startswith("processing.")]
    return funcs[0] if len(funcs) == 1 else "processing.add"


def _sub_lists(toolbar: Toolbar) -> list[str]:
    """Give the functions above the plans that may open a plan's modules; never a group action."""
    return list(
        dict.fromkeys(
            button.func
            for button in toolbar.buttons
            if button.func.startswith("pricelist.")
            and button.kind != "group"
            and (_SUB_LIST.search(button.func) or _SUB_LIST.search(button.name))
        )
    )


def _not_one(where: str, funcs: list[str], opened: Iterable[str]) -> str:
    if not funcs:
        return f"{where}: no function of this login's speaks of modules"
    if not list(opened):
        return f"{where}: could not be opened with a plan: {', '.join(funcs)}"
    return f"{where}: which of these is it? {', '.join(opened)}"


def _kind(name: str, label: str, dialect: Dialect) -> str:
    by_name = kind_of(name, dialect)
    return by_name if by_name != "other" else kind_of(label, dialect)


def _action(toolbar: Toolbar, func: str, names: tuple[str, ...], where: str) -> Found | None:
    """Give the function behind a button with one of these names, below the list's own function."""
    button = toolbar.named(*names) or _ends(toolbar.buttons, names)
    if button is None:
        return None
    sure = button.func.startswith(f"{func}.")
    return Found(button.func, where, sure=sure, kind=button.kind)


def _ends(buttons: Iterable[ToolButton], names: tuple[str, ...]) -> ToolButton | None:
    """Give the one button whose function, not its own name, ends in one of these names."""
    found = [b for b in buttons if b.func.rpartition(".")[2].lower() in names]
    return found[0] if len(found) == 1 else None
