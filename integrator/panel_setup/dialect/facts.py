"""Facts about a BILLmanager besides names: which module serves what, what bindings have proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrator.models import Module, Panel
from integrator.panel_access import remoteid_column, stored_dialect
from integrator.steps import step1_add_manual_module as step1
from panels.billmanager.discovery.discovery import NO_USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.billmanager.dialect.dialect import Dialect


LISTED = {
    "departments": gettext_lazy("Departments"),
    "task_departments": gettext_lazy("Departments whose tasks the staff login handles"),
    "datacenters": gettext_lazy("Data centres"),
    "paymethods": gettext_lazy("Payment methods"),
    "currencies": gettext_lazy("Currencies"),
}
"""Entries that are shown alone: they are the panel's own, and chosen where they are needed."""


def listed(dialect: Dialect) -> Iterator[dict[str, Any]]:
    """The entries in ``LISTED`` that are known, as {"word", "value", "where"}."""
    for name, word in LISTED.items():
        items = getattr(dialect, name)
        yield {
            "word": word,
            "value": ", ".join(f"{title} #{key}" for key, title in items),
            "where": dialect.places.get(name, ""),
        }


def servers() -> list[dict[str, Any]]:
    """The server that each ispmanager module points at, and the panel that it is registered as.

    ``panel``: None where no registered ispmanager is linked to the module.
    """
    panels = {p.module_id: p for p in Panel.objects.filter(kind=Panel.Kind.ISPMANAGER)}
    modules = Module.objects.filter(gone_at=None, kind="ispmanager").order_by("remote_id")
    return [{"module": module, "panel": panels.get(module.remote_id)} for module in modules]


def facts(panel: Panel, dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Facts as {"word", "value", "where"}; value "" where it is not known yet."""
    yield _sees_tasks(dialect)
    yield _remoteid()
    known = dialect.randomnumber is not None
    yield {
        "word": _("A payment's randomnumber, which the panel checks for repeats"),
        "value": _("its form has one; no payment of ours is sent twice all the same")
        if known
        else "",
        "where": dialect.randomnumber.where if dialect.randomnumber else "",
    }
    forms = sorted(stored_dialect.task_forms(panel))
    yield {
        "word": _("Task forms seen by bindings"),
        "value": ", ".join(forms),
        "where": _("step 7 of the first bindings") if forms else "",
    }


def _sees_tasks(dialect: Dialect) -> dict[str, Any]:
    """Whether our staff login handles the tasks of our manual modules' departments."""
    ours = Module.objects.filter(gone_at=None, kind="manual", name__startswith=step1.NAME)
    known = ours.values_list("department_id", flat=True)
    wanted = {key for key in known if key is not None}
    own = {key for key, _title in dialect.task_departments}
    where = _("departments of our modules and of the staff login")
    if not wanted:
        chosen = step1.only_department(dialect)
        wanted = set() if chosen is None else {chosen}
        where = _("the department that step 1 would choose, and those of the staff login")
    titles = dict(dialect.departments)
    named = ", ".join(titles.get(key, f"#{key}") for key in sorted(wanted))
    value = ""
    nobodys = dialect.places.get("task_departments") == NO_USER
    if wanted and (own or nobodys):
        value = _("yes, of %s") if wanted <= own else _("no, not those of %s")
        value %= named
    return {
        "word": _("The staff login sees the tasks of our manual module"),
        "value": value,
        "where": where if value else "",
    }


def _remoteid() -> dict[str, Any]:
    """Whether the list of services shows our own id, by the newest order that is proven."""
    step = remoteid_column.newest_order()
    value = where = ""
    if step is not None and step.binding is not None:
        value = (
            _("yes")
            if remoteid_column.is_shown(step)
            else _("no: orders are found by plan, domain and period")
        )
        where = _("step 3 of binding b%d") % step.binding.pk
    return {"word": _("The services' list shows our remoteid"), "value": value, "where": where}
