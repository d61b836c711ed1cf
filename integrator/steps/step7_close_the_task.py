"""Step 7: “Edit the task: assign it, switch the module to ispmanager, … close it”.

In the vendor's words with the exact username and the password typed in between.

Until this step our service's module must still read *manual*. Its evidence is the service read
back: Active, on the ispmanager module, with exactly the account's username.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from integrator.messages.message import say
from integrator.steps import step3_order
from integrator.steps.step6_find_the_task import IN_WORK, same_person
from integrator.steps.verdicts import Absent, Ambiguous, Failed, NotYet, Proven, Verdict
from panels.billmanager.services import ACTIVE, IN_PROGRESS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Collection

    from integrator.models import Binding
    from panels.billmanager import Address, BillManager
    from panels.billmanager.services import Service
    from panels.billmanager.tasks.tasks import TaskForm

NUMBER = 7
VERSION = 1
TAKE = "take"
CLOSE = "close"
CLOSED = 2
"""State of a task that is closed (billmanager.md 6.1)."""


def probe(form: TaskForm, us: Collection[str]) -> Proven | Absent | NotYet:
    """Who has the task. Proven: we have taken it; Absent: nobody has."""
    performer = form.performer or ""
    if performer and same_person(performer, us):
        return Proven({"task": form.task_id, "performer": performer})
    if form.status == IN_WORK and performer:
        return NotYet("colleague", say("task.taken", performer=performer, task=form.task_id))
    return Absent(say("task.free"))


@dataclass(frozen=True, slots=True)
class TakeTask:
    """Assigns the task of this form to our staff login."""

    kind: ClassVar = TAKE
    number: ClassVar = NUMBER

    bm: BillManager
    form: TaskForm

    def describe(self) -> dict[str, Any]:
        """Which task."""
        return {"task": self.form.task_id}

    def before(self) -> dict[str, Any]:
        """Who had it, in which state."""
        return {"performer": self.form.performer, "status": self.form.status}

    def apply(self, send_by: float) -> Address | None:
        """Take it; where the form to close it is then, None: where it was.

        Raises what ``panels`` raises.
        """
        return self.bm.tasks.take(self.form, send_by=send_by)


@dataclass(frozen=True, slots=True)
class CloseTask:
    """Closes the task of this form with the ispmanager module, the username and the password."""

    kind: ClassVar = CLOSE
    number: ClassVar = NUMBER

    bm: BillManager
    binding: Binding
    form: TaskForm

    def describe(self) -> dict[str, Any]:
        """With what it is closed, but for the password."""
        binding = self.binding
        return {
            "task": binding.task_id,
            "module": binding.module_id,
            "username": binding.account.username,
        }

    def before(self) -> dict[str, Any]:
        """Who had it, in which state."""
        return {"status": self.form.status, "performer": self.form.performer}

    def apply(self, send_by: float) -> None:
        """Submit its form. Raises what ``panels`` raises."""
        binding = self.binding
        self.bm.tasks.close(
            self.form,
            module_id=binding.module_id,
            username=binding.account.username,
            password=binding.password,
            domain=binding.domain,
            send_by=send_by,
        )


def guard(service: Service, binding: Binding, manual_modules: Collection[int]) -> Verdict:
    """Before closing: whether our service still waits for us, on the manual module.

    Proven with a changed username and our module: it was closed already (by us before a crash,
    or by hand) and is adopted.
    """
    bound = verify(service, binding)
    if isinstance(bound, Proven):
        return bound
    judged = step3_order.judge(binding, service, manual_modules)
    if isinstance(judged, Failed | Ambiguous):
        return judged
    if service.status == ACTIVE:
        return Failed(
            "service_active",
            say("service.active", service=service.id, username=service.username),
            step3_order.row(service),
        )
    return Absent(say("task.waits"))


def verify(service: Service, binding: Binding) -> Verdict:
    """Whether the service is Active, on our ispmanager module, with exactly our username."""
    evidence = step3_order.row(service)
    right_name = service.username == binding.account.username
    right_module = service.module_id == binding.module_id
    if service.status == ACTIVE and right_name and right_module:
        return Proven(evidence)
    if service.status == ACTIVE and right_module:
        return Failed(
            "wrong_username",
            say(
                "service.other_username",
                service=service.id,
                username=service.username,
                wanted=binding.account.username,
            ),
            evidence,
        )
    if service.status in (IN_PROGRESS, ACTIVE) or service.status not in STATUSES:
        return Absent(step3_order.state_of(service))
    return Failed("service_closed", step3_order.state_of(service), evidence)
