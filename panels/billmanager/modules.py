"""Processing modules: what opens the services of a plan, an ispmanager or people (step 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from panels.billmanager.context import VHOST, is_on, marker, ref
from panels.billmanager.dialect import vocabulary
from panels.coremanager.listing import number
from panels.coremanager.whole_lists import all_rows

if TYPE_CHECKING:
    from panels.billmanager.context import Context
    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row

Kind = Literal["manual", "ispmanager", "other"]

CREATE = "processing.add.settings"
"""Last step of the wizard; it accepts all values at once (billmanager.md 2.2). Where another name
was found, the dialect has it."""

_MANUAL = vocabulary.MANUAL
"""In an internal name, or in the title in either language of the panel (billmanager.md 13)."""
_ISPMANAGER = re.compile(r"isp.{0,40}mgr|ispmanager", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Module:
    """One row of `processing` (billmanager.md 2.1).

    `intname` is the internal name, or the English title where the list shows only that.
    `datacenter_id` and `department_id` are None when the list does not show them, `orderpriority`
    when it is empty: the lowest number is used first. `url` is None in a list: see `Modules.url`.
    """

    id: int
    name: str
    intname: str
    kind: Kind
    datacenter_id: int | None
    datacenter_name: str
    department_id: int | None
    orderpriority: int | None
    enabled: bool
    url: str | None = None


class Modules:
    """Reads and makes processing modules."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self) -> list[Module]:
        """List all processing modules, of any product type."""
        rows = all_rows(self._context.transport, "processing")
        column = marker(rows)
        return [_module(row, column, self._context.dialect) for row in rows]

    def url(self, module_id: int) -> str | None:
        """Give the address of the panel behind a module; None when its form has none.

        The field is labelled URL (billmanager.md 2.2); its name is taken to be or to end in `url`.
        """
        form = self.form(module_id)
        named = [f for f in form.fields.values() if f.name.lower().endswith("url") and f.value]
        named.sort(key=lambda item: item.name != "url")
        return named[0].value if named else None

    def department(self, module_id: int) -> int | None:
        """Give the department that gets a module's tasks; None when its form does not show it."""
        return number(self.form(module_id).value("department"))

    def form(self, module_id: int) -> Form:
        """Read a module's form; the password in it is not kept."""
        return self._context.transport.read(
            "processing.edit", {"elid": module_id}, devel=True
        ).form()

    def creation_form(self) -> Form:
        """Read the form in which a manual module is made; nothing is made by it."""
        params = {"module": self._context.need("manual_module"), "type": VHOST}
        return self._context.renamed(
            lambda: self._context.transport.read(self._create, params, devel=True)
        ).form()

    def create_manual(
        self,
        name: str,
        datacenter_id: int,
        department_id: int,
        orderpriority: int,
        *,
        send_by: float,
    ) -> int | None:
        """Make a module for manual processing; give its id, None when it is absent."""
        button = self._context.dialect.module_button
        answer = self._context.transport.act(
            self._create,
            {
                "module": self._context.need("manual_module"),
                "type": VHOST,
                "datacenter": datacenter_id,
                "department": department_id,
                "name": name,
                "orderpriority": orderpriority,
                "clicked_button": button.value if button else "finish",
                "sok": "ok",
            },
            send_by=send_by,
        )
        return number(answer.id)

    @property
    def _create(self) -> str:
        found = self._context.dialect.module_create
        return found.value if found else CREATE


def kind_of(intname: str, dialect: Dialect) -> Kind:
    """Sort a module by its internal name or title: the dialect first, then the patterns.

    A title stands for the internal name that it is offered with.
    """
    offered = [name for name, title in dialect.module_titles if title == intname]
    names = [intname, *offered] if len(offered) == 1 else [intname]
    if dialect.manual_module is not None and dialect.manual_module.value in names:
        return "manual"
    if any(name in dialect.ispmanager_modules for name in names):
        return "ispmanager"
    if any(map(_MANUAL.search, names)):
        return "manual"
    return "ispmanager" if any(map(_ISPMANAGER.search, names)) else "other"


def _module(row: Row, column: str, dialect: Dialect) -> Module:
    intname = row.code("module")
    datacenter = ref(row, "datacenter", "datacenter_name")
    return Module(
        id=row.int("id"),
        name=row.text("name"),
        intname=intname,
        kind=kind_of(intname, dialect),
        datacenter_id=datacenter.id,
        datacenter_name=datacenter.title or row.get("datacenter_name"),
        department_id=ref(row, "department").id,
        orderpriority=number(row.get("orderpriority") or None),
        enabled=is_on(row, column),
    )
