"""Step 6: “As staff who may handle the module's tasks: find the service activation task”.

Ours is the one whose item is our service and whose type is opening, open or in work (we may have
taken it before a crash). Never “the newest task”: a real customer's looks just the same
(billmanager.md 6.1).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from integrator.messages.message import say
from integrator.steps.verdicts import Ambiguous, Failed, NotYet, Proven, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from panels.billmanager.tasks.tasks import Task

NUMBER = 6
VERSION = 1

APPEARS_WITHIN = dt.timedelta(minutes=10)
"""How long BILLmanager may take to make the task (design.md, section 5)."""

IN_WORK = 1


def verify(
    service_id: int, tasks: Iterable[Task], waited: dt.timedelta, us: Collection[str]
) -> Verdict:
    """Which open task is for our service.

    ``us``: what the panel may call our staff login; ``waited``: time since the order was paid.
    """
    tasks = list(tasks)
    found = [task for task in tasks if task.service_id == service_id]
    if len(found) > 1:
        return Ambiguous(
            "several_tasks",
            say("task.several", count=len(found), service=service_id),
            {"tasks": [task.id for task in found]},
        )
    if not found:
        if waited > APPEARS_WITHIN:
            unsaid = [task.id for task in tasks if task.service_id is None]
            text = say("task.none", service=service_id)
            if unsaid:
                text = say("task.unread", service=service_id, tasks=", ".join(map(str, unsaid)))
            return Failed("no_task", text, {"tasks_unread": unsaid} if unsaid else {})
        return NotYet("task", say("task.not_yet", service=service_id))
    task = found[0]
    if task.status == IN_WORK and task.performer and not same_person(task.performer, us):
        return NotYet("colleague", say("task.taken", performer=task.performer, task=task.id))
    return Proven(
        {"task": task.id, "status": task.status, "performer": task.performer},
        {"task_id": task.id},
    )


def same_person(performer: str, us: Collection[str]) -> bool:
    """Whether a task's performer is our login; lists show a login, an id or a full name."""
    return performer.strip().lower() in {name.strip().lower() for name in us}
