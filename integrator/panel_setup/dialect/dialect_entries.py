"""The entries of the dialect that a person may set: labels, advice, candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from integrator.messages.checks import LOOK
from integrator.messages.message import NOTHING, named, say, sentences
from integrator.panel_access import proven_names, stored_dialect
from integrator.steps.dialect_entries import OF_STEP
from panels.billmanager.dialect.grammar import CHOICES
from panels.billmanager.dialect.names import Close, Found, Take

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.utils.functional import Promise

    from integrator.messages.message import Message
    from integrator.models import Panel
    from panels.billmanager.dialect.dialect import Dialect

WORDS: dict[str, str | Promise] = {
    "order": gettext_lazy("Generation of the order functions: v2 or old"),
    "cart": gettext_lazy("Where unpaid orders lie: cart or basket"),
    "plan_modules_list": gettext_lazy("List of a plan's modules"),
    "plan_modules_enable": gettext_lazy("Switching a plan's module on"),
    "plan_modules_disable": gettext_lazy("Switching a plan's module off"),
    "plan_modules_parent": gettext_lazy("How that list takes the plan: elid or plid"),
    "plan_modules_marker": gettext_lazy("What tells which modules of a plan are on"),
    "manual_module": gettext_lazy("Internal name of the manual module"),
    "ispmanager_modules": gettext_lazy("Internal names of ispmanager modules"),
    "module_create": gettext_lazy("Form in which a module is made"),
    "module_button": gettext_lazy("Button that makes the module"),
    "module_department": gettext_lazy("Department of the manual module, by its id"),
    "task_take": gettext_lazy("How a task is taken"),
    "task_close": gettext_lazy("How a task is closed"),
    "task_module": gettext_lazy("The task form's field for the module"),
    "task_username": gettext_lazy("The task form's field for the username"),
    "task_password": gettext_lazy("The task form's field for the password"),
    "task_fields": gettext_lazy("Further fields of the task form to fill in: NAME=VALUE, …"),
    "task_open_types": gettext_lazy("Types of an activation task"),
    "staff_names": gettext_lazy("What the panel calls the staff login for tasks"),
    "client_filter": gettext_lazy("Filter of the services by client"),
    "itemtype_id": gettext_lazy("Id of the product type shared hosting"),
    "itemtype_name": gettext_lazy("English title of the product type shared hosting"),
}
"""In the order of the page."""

OPTIONAL = frozenset({"module_department", "task_fields"})
"""Entries that most panels do not need; discovery never finds them."""

_FIELDS = ("task_module", "task_username", "task_password")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands.

    ``value`` is '' while it is not known; ``where`` says where it was found, or why it was not.
    ``sure`` is False for what was picked by the look of its name. ``correction`` is what a person
    said, '' where nobody did. ``proven``: a step has succeeded with it on this version of the
    panel. ``steps`` use it. ``candidates``: what the panel has shown that it could be.
    """

    name: str
    word: str | Promise
    value: str
    where: str
    sure: bool
    correction: str
    proven: bool
    steps: tuple[int, ...]
    look: str | Promise
    candidates: tuple[str, ...]

    @property
    def optional(self) -> bool:
        """Whether most panels do without it."""
        return self.name in OPTIONAL


def entries(panel: Panel) -> list[Entry]:
    """All entries of a BILLmanager that may be set, as they stand."""
    found = stored_dialect.found_for(panel)
    given = found.with_overrides(panel.overrides)
    proven = proven_names.entries(panel)
    return [
        Entry(
            name=name,
            word=word,
            value=proven_names.text_of(getattr(given, name)),
            where=_where(found, given, name),
            sure=getattr(getattr(given, name), "sure", True),
            correction=panel.overrides.get(name, ""),
            proven=name in proven,
            steps=tuple(step for step, names in OF_STEP.items() if name in names),
            look=LOOK[name],
            candidates=tuple(candidates(panel, found, name)),
        )
        for name, word in WORDS.items()
    ]


def _where(found: Dialect, given: Dialect, name: str) -> str:
    value = getattr(given, name)
    if isinstance(value, Found | Take | Close):
        return value.where
    return "" if name in given.overridden else found.places.get(name, "")


def candidates(panel: Panel, dialect: Dialect, name: str) -> Iterator[str]:
    """The candidates for this entry that the panel has shown, written as they would be set."""
    if dialect.choices.get(name):
        yield from dialect.choices[name]
    elif name in {"manual_module", "ispmanager_modules"}:
        yield from (module for module, _title in dialect.module_titles)
    elif name in CHOICES:
        yield from CHOICES[name]
    elif name == "module_department":
        yield from (str(key) for key, _title in dialect.task_departments or dialect.departments)
    elif name.startswith("task_"):
        yield from dict.fromkeys(_of_task_forms(panel, name))


def _of_task_forms(panel: Panel, name: str) -> Iterator[str]:
    for form in stored_dialect.task_forms(panel).values():
        shown = [one for one in form["fields"] if not one.get("readonly")]
        if name in _FIELDS:
            chosen = [one for one in shown if ("options" in one or "choices" in one)]
            fields = chosen if name == "task_module" else shown
            yield from (one["name"] for one in fields if not one.get("hidden"))
        elif name in {"task_take", "task_close"}:
            yield from (f"button:{one['name']}" for one in form["buttons"])
        elif name == "task_fields":
            required = [one for one in shown if one.get("required") and not one.get("filled")]
            yield from (f"{one['name']}=" for one in required)


def advice(name: str, choices: Iterable[str] = ()) -> Message:
    """One or two sentences for a person: what to look for, and the candidates."""
    names = ", ".join(choices)
    could_be = say("check.could_be", names=names) if names else NOTHING
    return sentences(named("look", name), could_be)
