"""The check of steps 6 and 7, with the login of the staff who handle tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import named, say
from integrator.panel_access import stored_dialect
from integrator.panel_setup.checks.choices import needs_choice
from panels.billmanager.tasks import completeness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.panel_setup.checks.rows import Asker
    from panels.billmanager import BillManager, Dialect, TaskForm

FORM_NAMES = ("task_module", "task_username", "task_password", "task_close")


def ask_tasks(asker: Asker, bm: BillManager) -> None:
    """Ask for the list of tasks, and look at the form of an opening task that waits, if any."""
    what = say("need.tasks", login=asker.transport.username)
    if not asker.list(6, what, "task"):
        return
    _types(asker, bm.dialect)
    found: list[TaskForm] = []

    def open_one() -> None:
        # One that nobody has taken shows how that is done.
        waiting = sorted(bm.tasks.openings(), key=lambda task: (task.status, task.id))
        if waiting:
            found.append(bm.tasks.form(waiting[0].id))

    if not asker.ask(7, say("need.task_form"), "task.edit", open_one):
        return
    if not found:
        asker.rows.pop()
        asker.button(7, say("need.task_form"), "task.edit", "task")
        _names(asker, bm.dialect, seen=False)
        _earlier(asker, bm.dialect)
        return
    _form(asker, bm.tasks.learn(found[0]), found[0])


def _types(asker: Asker, dialect: Dialect) -> None:
    """Check that the types of tasks that open a service are known."""
    if "task_open_types" in dialect.choices:
        what = say("need.task_types")
        asker.rows.append(needs_choice(6, what, "task_open_types", dialect))


def _names(asker: Asker, dialect: Dialect, *, seen: bool) -> bool:
    """Add a row for each name that the forms left open; whether there was none.

    What no form has shown yet will be found at the first task. ``seen``: one is being looked at.
    """
    lacking = [name for name in ("task_take", *FORM_NAMES) if getattr(dialect, name) is None]
    asked = [name for name in lacking if name in dialect.choices]
    for name in asked:
        what = named("task_form", name)
        asker.rows.append(needs_choice(7, what, name, dialect))
    unseen = [name for name in lacking if name not in asked]
    names = ", ".join(unseen)
    if unseen and seen:
        text = say("check.before_taking", names=names)
        asker.note(7, say("need.task_fields"), "task.edit", "warning", text)
    elif unseen:
        text = say("check.no_task", names=names)
        asker.note(7, say("need.task_names"), "task.edit", "warning", text)
    return not asked


def _earlier(asker: Asker, dialect: Dialect) -> None:
    """Add what forms seen earlier require and no entry fills."""
    earlier = stored_dialect.task_forms(asker.panel).values()
    known = _closing(dialect)
    unfilled = {name for one in earlier for name in completeness.unfilled_in(one, dialect, known)}
    if unfilled:
        _unfilled(asker, dialect, sorted(unfilled))


def _form(asker: Asker, dialect: Dialect, shown: TaskForm) -> None:
    """Check whether step 7 could fill and close this form."""
    if not _names(asker, dialect, seen=True):
        return
    unfilled = completeness.unfilled(shown.form, dialect, _closing(dialect))
    if unfilled:
        _unfilled(asker, dialect, unfilled)
        return
    _earlier(asker, dialect)
    if all(getattr(dialect, name) for name in FORM_NAMES):
        asker.note(7, say("need.task_fields"), "task.edit", "allowed")


def _unfilled(asker: Asker, dialect: Dialect, fields: Iterable[str]) -> None:
    text = say("check.unfilled", fields=", ".join(fields))
    what = say("need.task_fields")
    asker.rows.append(needs_choice(7, what, "task_fields", dialect, func="task.edit", seen=text))


def _closing(dialect: Dialect) -> dict[str, str]:
    """The fields that closing sends besides module, username and password."""
    close = dialect.task_close
    return {close.name: close.value} if close is not None and close.kind == "field" else {}
