"""Step 1: “Add a *Manual processing* module for shared hosting”.

One per data centre in use, under our own name, in a department whose tasks our staff login may
handle, sorted after the ispmanager modules, so that while both are on, orders of real customers
are opened automatically as ever (design.md, sections 1 and 5). It is made once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from integrator.messages.message import say
from integrator.steps.verdicts import Failed, Proven
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from panels.billmanager import BillManager
    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.modules import Module

NUMBER = 1
VERSION = 1
KIND = "create_module"
NAME = "Integrator manual"


def name_for(datacenter_id: int) -> str:
    """The name of our module; one per data centre."""
    return f"{NAME} {datacenter_id}"


def ours(modules: Iterable[Module]) -> list[Module]:
    """All manual modules that bear our name."""
    return [m for m in modules if m.kind == "manual" and m.name.startswith(NAME)]


def probe(modules: Sequence[Module], datacenter_id: int) -> Proven | Failed | None:
    """Whether our module for this data centre exists and can be used.

    None: it does not exist and can be made.
    """
    found = [
        m
        for m in ours(modules)
        if m.name == name_for(datacenter_id) and m.datacenter_id in (None, datacenter_id)
    ]
    if not found:
        return None
    if len(found) > 1:
        ids = ", ".join(str(m.id) for m in found)
        text = say("module.several", count=len(found), name=found[0].name, modules=ids)
        return Failed("manual_module", text)
    module = found[0]
    if not module.enabled:
        text = say("module.off", module=module.id, name=module.name)
        return Failed("manual_module", text)
    highest = max((m.orderpriority or 0 for m in modules if m.kind == "ispmanager"), default=0)
    if module.orderpriority is not None and module.orderpriority <= highest:
        return Failed(
            "manual_module",
            say(
                "module.too_early",
                module=module.id,
                name=module.name,
                priority=module.orderpriority,
                highest=highest,
            ),
        )
    return Proven({"module": module.id, "name": module.name, "datacenter": datacenter_id})


def only_department(dialect: Dialect) -> int | None:
    """The department that a person named, else the only one there is or our staff login sees.

    None: none of these tells.
    """
    given = dialect.module_department
    if given is not None and given.value.isdecimal():
        return int(given.value)
    for known in (dialect.departments, dialect.task_departments):
        if len(known) == 1:
            return known[0][0]
    return None


def department(bm: BillManager, modules: Sequence[Module], datacenter_id: int) -> int:
    """The department that gets our tasks.

    The one that an administrator named; the only one there is, or the only one whose tasks our
    staff login sees; else that of the ispmanager module in the same data centre, whose failed
    openings our staff handle already.
    Raises FormLacks when none of these tells.
    """
    only = only_department(bm.dialect)
    if only is not None:
        return only
    for module in modules:
        if module.kind == "ispmanager" and module.datacenter_id in (None, datacenter_id):
            found = module.department_id or bm.modules.department(module.id)
            if found is not None:
                return found
    raise FormLacks(("dialect entry module_department",), func="processing.add.settings")


@dataclass(frozen=True, slots=True)
class AddModule:
    """Makes our manual module in a data centre. ``modules``: all that there are."""

    kind: ClassVar = KIND
    number: ClassVar = NUMBER

    bm: BillManager
    modules: Sequence[Module]
    datacenter_id: int

    def describe(self) -> dict[str, Any]:
        """Its name, and where."""
        return {"name": name_for(self.datacenter_id), "datacenter": self.datacenter_id}

    def before(self) -> dict[str, Any]:
        """Nothing: it is told by its name."""
        return {}

    def apply(self, send_by: float) -> None:
        """Make it, behind all ispmanager modules.

        Raises what ``panels`` raises; FormLacks when no department is known.
        """
        others = [m.orderpriority or 0 for m in self.modules if m.kind == "ispmanager"]
        self.bm.modules.create_manual(
            name_for(self.datacenter_id),
            self.datacenter_id,
            department(self.bm, self.modules, self.datacenter_id),
            max(others, default=0) + 1,
            send_by=send_by,
        )
