"""Discovery of the names of processing modules, and of the form in which one is made (step 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from panels.billmanager.context import VHOST
from panels.billmanager.dialect.names import Found
from panels.billmanager.modules import CREATE, kind_of
from panels.billmanager.optional_reads import (
    is_form,
    numbered,
    options,
    read_optional,
    read_optional_form,
)
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.discovery.search import Search
    from panels.coremanager.forms import Form, Option
    from panels.coremanager.listing import Row
    from panels.coremanager.toolbars import Toolbar

MAX_ROWS = 500
"""Rows of the list of modules that are read."""
MAX_FORMS = 10
"""So many kinds of modules are looked into for the panel that they drive."""

_LAST_STEPS = ("settings", "finish", "params", "param", "step2", "step3", "step4")
"""What the last step of the wizard of modules may be called: the first was seen in code
(billmanager.md 2.2), the others are guesses, and a form is all that is read by them."""
_ISPMANAGER_URL = re.compile(r"https?://[^\s/]+(?:/manager)?/ispmgr/?", re.IGNORECASE)
"""The address of an ispmanager, which its module has in its settings (billmanager.md 2.3)."""
_NO_SUBMIT = frozenset({"cancel", "back", "prev", "reset"})


def modules(search: Search) -> None:
    """Internal names from the list, then from the form in which modules are made."""
    choices: list[tuple[str, str]] = []
    listed = read_optional(search.transport, "processing", devel=True, filter="off", p_cnt=MAX_ROWS)
    rows = listed.listing().rows if listed is not None and not is_form(listed) else ()
    for row in rows:
        code = row.code_or_none("module")
        if code is not None:
            choices.append((code, row.get("module")))
    named = tuple((int(key), row.get("name")) for row in rows if (key := row.get("id")).isdigit())
    search.listed(note("place.list", func="processing"), modules=named)
    add = _adding(listed.toolbar() if listed is not None else None)
    form = read_optional_form(search.transport, add, type=VHOST)
    _name_modules(search, choices, options(form, "module"), where=note("place.form", func=add))
    if rows and not any(_is_ispmanager(row, search.dialect) for row in rows):
        _find_by_address(search, rows)
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
        where, names = note("place.list", func="processing"), listed
    kinds = {name: _kind(name, label, search.dialect) for name, label in names}
    manual = sorted(name for name, kind in kinds.items() if kind == "manual")
    ispmanager = [name for name, kind in kinds.items() if kind == "ispmanager"]
    titles = [name for name, _ in listed if kind_of(name, search.dialect) == "ispmanager"]
    search.keep(manual_module=Found(manual[0], where, sure=False) if len(manual) == 1 else None)
    search.listed(where, ispmanager_modules=tuple(dict.fromkeys([*ispmanager, *titles])))
    if len(manual) != 1:
        others = [name for name, kind in kinds.items() if kind != "ispmanager"]
        seen = ", ".join(manual or kinds) or note("place.nothing")
        why = note("place.several", place=where, names=seen)
        search.unclear("manual_module", manual or others, why)


def _is_ispmanager(row: Row, dialect: Dialect) -> bool:
    code = row.code_or_none("module")
    return code is not None and _kind(code, row.get("module"), dialect) == "ispmanager"


def _find_by_address(search: Search, rows: Sequence[Row]) -> None:
    """Find ispmanager modules by an address in their settings, where no name shows them."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.code_or_none("module") or "", row)
    found = []
    for code, row in list(first.items())[:MAX_FORMS]:
        form = read_optional_form(search.transport, "processing.edit", elid=row.text("id"))
        if code and form is not None and _has_ispmanager_address(form):
            found.append(code)
    if found:
        known = search.found.ispmanager_modules
        where = note("place.addresses")
        search.listed(where, ispmanager_modules=tuple(dict.fromkeys([*known, *found])))
    else:
        why = note("place.no_ispmanager")
        search.unclear("ispmanager_modules", [code for code in first if code], why)


def _has_ispmanager_address(form: Form) -> bool:
    return any(_ISPMANAGER_URL.fullmatch(field.value) for field in form.fields.values())


def _creation(search: Search, add: str, manual: str) -> None:
    """Find the step that makes a module from all values at once; its form has a department."""
    given = search.dialect.module_create
    steps = (
        [given.value] if given is not None else [CREATE, *(f"{add}.{step}" for step in _LAST_STEPS)]
    )
    tried = dict.fromkeys(steps)
    for func in tried:
        form = read_optional_form(search.transport, func, module=manual, type=VHOST)
        if form is None or not {"name", "datacenter", "department"} & set(form.fields):
            continue
        where = note("place.form", func=func)
        search.keep(module_create=Found(func, where, sure=func == CREATE))
        _button(search, form, where)
        search.listed(
            where,
            departments=numbered(options(form, "department")),
            datacenters=numbered(options(form, "datacenter")),
        )
        return
    search.unclear("module_create", [], note("place.no_form", names=", ".join(tried)))


def _button(search: Search, form: Form, where: str) -> None:
    """The button that makes the module: *finish* was seen in code (2.2), else the only one."""
    submits = [b.name for b in form.buttons if not {b.name.lower(), b.kind} & _NO_SUBMIT]
    known = [name for name in ("finish", "ok") if name in submits][:1] or submits
    if len(known) == 1:
        search.keep(module_button=Found(known[0], where, sure=known[0] in {"finish", "ok"}))
    elif known:
        why = note("place.several", place=where, names=", ".join(known))
        search.unclear("module_button", known, why)


def _adding(toolbar: Toolbar | None) -> str:
    """Give the function that adds a processing module; its wizard begins with it."""
    buttons = toolbar.buttons if toolbar else ()
    funcs = [b.func for b in buttons if b.kind == "new" and b.func.startswith("processing.")]
    return funcs[0] if len(funcs) == 1 else "processing.add"


def _kind(name: str, label: str, dialect: Dialect) -> str:
    by_name = kind_of(name, dialect)
    return by_name if by_name != "other" else kind_of(label, dialect)
