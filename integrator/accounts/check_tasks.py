"""What steps 6 and 7 need, asked as the staff who handle tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.accounts import dialect_entries
from panels.billmanager import taskforms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.accounts.check_rows import Asker
    from panels.billmanager import BillManager, Dialect, TaskForm

FORM_NAMES = ("task_module", "task_username", "task_password", "task_close")


def ask_tasks(asker: Asker, bm: BillManager) -> None:
    """Ask for the list of tasks, and look at the form of an opening task that waits, if any."""
    what = _("list the tasks as “%(login)s”") % {"login": asker.transport.username}
    if not asker.list(6, what, "task"):
        return
    found: list[TaskForm] = []

    def open_one() -> None:
        waiting = bm.tasks.openings()
        if waiting:
            found.append(bm.tasks.form(waiting[0].id))

    if not asker.ask(7, _("open a task's form"), "task.edit", open_one):
        return
    if not found:
        asker.rows.pop()
        asker.button(7, _("open a task's form"), "task.edit", "task")
        _unseen(asker, bm.dialect)
        return
    _form(asker, bm.tasks.learn(found[0]), found[0])


def _unseen(asker: Asker, dialect: Dialect) -> None:
    """No opening task waits: what is known from earlier holds, else the canary finds out."""
    lacking = [name for name in ("task_take", *FORM_NAMES) if getattr(dialect, name) is None]
    if lacking:
        text = _(
            "No activation task waits now, so that its form cannot be seen: %(names)s will be"
            " found at the canary, the first account of a run. Nothing is sent before they are."
        )
        asker.note(7, _("the names in a task's form"), "task.edit", "warning",
                   text % {"names": ", ".join(lacking)})  # fmt: skip
    earlier = asker.panel.learnt.get("task_forms", {}).values()
    known = _closing(dialect)
    unfilled = {name for one in earlier for name in taskforms.unfilled_in(one, dialect, known)}
    if unfilled:
        _unfilled(asker, sorted(unfilled))


def _form(asker: Asker, dialect: Dialect, shown: TaskForm) -> None:
    """Judge the form that is there by what step 7 will do with it."""
    what = _("what a task's form asks for")
    if dialect.task_take is None:
        text = _(
            "How a task is taken was not found (set “task_take” below). Looked for: a button whose"
            " name says take, assign, get, perform or work; such a function above the list; a"
            " choice of performers. The form's buttons: %(buttons)s."
        )
        buttons = ", ".join(one.name for one in shown.form.buttons)
        text = f"{text % {'buttons': buttons}} {dialect_entries.LOOK['task_take']}"
        asker.note(7, _("take a task"), "task_take", "needs choice", text)
    lacking = [name for name in FORM_NAMES if getattr(dialect, name) is None]
    if lacking and dialect.task_take is not None and dialect.task_take.kind != "none":
        text = _(
            "%(names)s are not in the form before a task is taken; perhaps taking leads to a second"
            " form. That will be found at the canary; nothing is sent before they are found."
        )
        asker.note(7, what, "task.edit", "warning", text % {"names": ", ".join(lacking)})
        return
    if lacking:
        text = _("Not found in the form; set below: %(names)s. Its fields: %(fields)s.")
        values = {"names": ", ".join(lacking), "fields": ", ".join(shown.form.fields)}
        looks = " ".join(str(dialect_entries.LOOK[name]) for name in lacking)
        asker.note(7, what, "task.edit", "needs choice", f"{text % values} {looks}")
        return
    unfilled = taskforms.unfilled(shown.form, dialect, _closing(dialect))
    if unfilled:
        _unfilled(asker, unfilled)
        return
    asker.note(7, what, "task.edit", "allowed")


def _unfilled(asker: Asker, fields: Iterable[str]) -> None:
    text = _(
        "The form of a task requires %(fields)s, which nothing here fills. Step 7 would stop there"
        " and send nothing. Say below, as “task_fields”, what to fill in; a field that is not in"
        " the form any more is left out."
    )
    what = _("what a task's form asks for")
    asker.note(7, what, "task.edit", "needs choice", text % {"fields": ", ".join(fields)})


def _closing(dialect: Dialect) -> dict[str, str]:
    """What closing sends besides module, username and password."""
    close = dialect.task_close
    return {close.name: close.value} if close is not None and close.kind == "field" else {}
