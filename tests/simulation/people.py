"""The people at our pages: which buttons they press, knowing the panels' true state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from integrator.bindings import intents
from integrator.bindings.operator import actions, undecided_evidence
from integrator.core import clock
from integrator.core.errors import ActionRefused, Refused
from integrator.models import Binding, Intent, Panel, Run, Window
from integrator.models.states import BindingState, Phase, RunState
from integrator.previews.corrections import corrected
from integrator.steps import step1_add_manual_module as step1
from integrator.steps import step4_pay as step4
from panels.coremanager.errors import PanelError
from panels.sandbox.world import acts
from panels.sandbox.world import records as r
from tests.simulation.batch import ANNA, Batch
from tests.simulation.handovers import Handovers
from tests.simulation.undos import Undos

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from panels.sandbox.world.records import Service
    from panels.sandbox.world.world import World
    from tests.simulation.scheduler import Scheduler

HELD = Q(held=True, held_until=None)
"""Held windows that need a person's decision; others go on by themselves in time."""
RETRIES = 5
"""Retries of one binding by a person; a cause that is left after them is a violation."""


def _following() -> QuerySet[Window]:
    """Windows that have taken a plan over and switched nothing of it yet."""
    opening = Window.objects.filter(phase=Phase.OPENING, closing=False)
    return opening.filter(follows__isnull=False)


class People:
    """Those who press our buttons. They know the panels' true state and answer by it."""

    def __init__(self, scheduler: Scheduler, world: World, batch: Batch) -> None:
        self._scheduler = scheduler
        self._world = world
        self._batch = batch
        self._retried: dict[int, int] = {}
        self.held_for_ever: list[str] = []
        """Windows that nothing will let go, as a person has met them."""
        self.taken_out: set[str] = set()
        """The marks of lines that a person has taken out of a cart."""
        self.undos = Undos(scheduler, world, batch, self._say)
        self.handovers = Handovers(scheduler, world, self._say)

    def press(self, what: str) -> None:
        """Do one thing at a moment nobody asked for."""
        ways: dict[str, Callable[[], None]] = {
            "retry": lambda: self._retry(Binding.objects.all()),
            "pause": lambda: self._runs(RunState.RUNNING, actions.pause),
            "resume": lambda: self._runs(RunState.PAUSED, actions.resume),
            "cancel": lambda: self._runs(RunState.RUNNING, actions.cancel),
            "restore": self._restore_any,
            "restore_following": self._restore_following,
            "keep_waiting": self._wait_on,
            "decide": self.decide,
            "undo": self.undos.begin,
            "hand": self.handovers.begin,
        }
        self._scheduler.tell(f"presses {what}")
        ways[what]()

    def can_press(self, what: str) -> bool:
        """Whether the page shows that button now; most are always there."""
        if what == "undo":
            return self.undos.can_begin()
        if what == "restore_following":
            return _following().exists()
        return what != "hand" or self.handovers.can_begin()

    def settle(self) -> None:
        """Do all that a person can do so that everything comes to its end."""
        for panel in Panel.objects.exclude(stopped=""):
            Panel.objects.filter(pk=panel.pk).update(stopped="")
            self._scheduler.seen["stopped panel checked"] += 1
        for_ever = clock.now() + 2 * intents.horizon()
        for window in Window.objects.filter(held=True, held_until__gt=for_ever):
            self.held_for_ever.append(f"{window} is held until {window.held_until}")
        for window in Window.objects.open().filter(HELD):
            self._held(window)
        self.decide()
        self._runs(RunState.PAUSED, actions.resume)
        self.undos.go_on()
        self.handovers.go_on()
        failed = Binding.objects.filter(state=BindingState.FAILED)
        self._retry(failed)

    def wants_more(self) -> bool:
        """Whether anything is left that they would do once more."""
        failed = Binding.objects.filter(state=BindingState.FAILED).exclude(pk__in=self.undos.begun)
        retries = [self._retried.get(pk, 0) for pk in failed.values_list("pk", flat=True)]
        again = any(tries < RETRIES for tries in retries)
        return again or bool(self.undos.left or self.handovers.left)

    def _say(self, say: Callable[[], object]) -> bool:
        try:
            say()
        except ActionRefused as refused:
            self._scheduler.tell(f"is refused: {refused}")
            self._scheduler.seen["action refused"] += 1
            return False
        except PanelError as error:
            self._scheduler.tell(f"sees an error: {error}")
            return False
        return True

    def _runs(self, state: RunState, act: Callable[[int, str], None]) -> None:
        for run in Run.objects.filter(state=state):
            if self._say(partial(act, run.pk, ANNA)):
                self._scheduler.seen[f"{act.__name__} pressed"] += 1

    def _retry(self, bindings: Any) -> None:
        failed = bindings.filter(state=BindingState.FAILED).exclude(pk__in=self.undos.begun)
        for binding in failed.select_related("account__panel", "client", "plan", "run__preview"):
            if self._retried.get(binding.pk, 0) >= RETRIES:
                continue
            self._remove_cause(binding)
            self._say(partial(self._retry_one, binding))
            # Not counted when the page's process died before it came to this one.
            self._retried[binding.pk] = self._retried.get(binding.pk, 0) + 1

    def _retry_one(self, binding: Binding) -> None:
        """*Correct and retry*, with what of it was a slip and is now right."""
        wish = self._batch.wish(binding)
        try:
            if binding.cause == "debt" or self._batch.has_debts:
                wish = replace(wish, confirmed=frozenset({"debt"}))
            fix = corrected(binding, wish)
        except Refused as refused:
            self._scheduler.tell(f"may not correct b{binding.pk}: {refused.text} {refused.lines}")
            return
        password = self._password(binding)
        own = Binding.objects.filter(pk=binding.pk)
        if actions.retry(
            own, ANNA, password=password, corrected=fix.fields, confirmed=fix.words
        ).retried:
            self._scheduler.seen["retry pressed"] += 1
            self._scheduler.seen["corrected and retried"] += bool(fix.fields)

    def _password(self, binding: Binding) -> str | None:
        """The account's true one, where ours is missing or is what the cause speaks of."""
        if binding.password and binding.cause not in {"wrong_password", "task_refused"}:
            return None
        user = self._world.hosting.get(f"{binding.account.panel.name}/{binding.account.username}")
        return user.password if user is not None else None

    def _remove_cause(self, binding: Binding) -> None:
        """Do in BILLmanager what the cause asks for."""
        if binding.cause in {"balance", "unpaid_order", "debt"}:
            client = self._world.clients[binding.client.remote_id]
            self._world.clients.put(client._replace(balance=1_000_000))
            self._scheduler.tell(f"tops up client {client.id}")
        if binding.cause == "unpaid_order" and binding.step == 3:
            self._tidy_cart(binding)
        if binding.cause == "form_unknown" and binding.step == 4:
            self._tidy_basket(binding)
        service = self.service_of(binding)
        lost = binding.cause == "form_unknown" and binding.step == 7
        if lost and service is not None and self._has_open_task(service):
            # The way to the task's second form was lost with the answer: a person closes it.
            right = {"module": binding.module_id, "username": binding.account.username}
            self._scheduler.tell(f"closes the task of service {service.id} by hand")
            self._scheduler.seen["closed by hand, its form was lost"] += 1
            acts.perform(self._world, {"act": "close_task", "service": service.id, **right})

    def _tidy_cart(self, binding: Binding) -> None:
        """Take out of the client's cart what is there of the same, with its unpaid service.

        A refused order has left it, or a deleted one, or the client himself, who cannot pay it.
        """
        for line in self._world.lines.find("client", binding.client.remote_id):
            if line.domain == binding.domain:
                if line.service:
                    acts.perform(self._world, {"act": "close_service", "service": line.service})
                self._scheduler.tell(f"takes line {line.id} out of the cart")
                self._scheduler.seen["line of a refused order taken out"] += 1
                self._world.lines.drop(line.id)
                self.taken_out.add(line.remoteid)

    def _tidy_basket(self, binding: Binding) -> None:
        """Take what a colleague has closed out of the client's basket, which is paid as one."""
        for line in self._world.lines.find("client", binding.client.remote_id):
            if self._world.services[line.service].status == r.DELETED:
                self._scheduler.tell(f"takes line {line.id} out of the basket")
                self._world.lines.drop(line.id)

    def _has_open_task(self, service: Service) -> bool:
        """Whether nobody has closed its task meanwhile."""
        tasks = self._world.tasks.find("service", service.id)
        return any(task.status != r.TASK_CLOSED for task in tasks)

    def decide(self) -> None:
        """Answer every undecided binding from what is true."""
        undecided = Binding.objects.filter(state=BindingState.UNDECIDED)
        for binding in undecided.select_related("client", "account"):
            if undecided_evidence.is_about_payment(binding) and self._adopt_payment(binding):
                continue
            service = self.service_of(binding)
            ours = service is not None and (binding.step < 7 or self._bound(binding, service))
            if service is not None and ours:
                self._say(partial(actions.adopt, binding.pk, service.id, ANNA))
            elif service is not None and self._being_closed(service):
                self._scheduler.tell(f"waits for service {service.id} to become active")
            else:
                self._tidy_payment(binding)
                self._say(partial(actions.try_again, binding.pk, ANNA))

    def service_of(self, binding: Binding) -> Service | None:
        """The service that truly came of this binding's order, if one is there."""
        found = self._world.services.find("remoteid", binding.marker)
        return next((s for s in found if s.status != r.DELETED), None)

    @staticmethod
    def _bound(binding: Binding, service: Service) -> bool:
        right = service.module == binding.module_id
        return right and service.username == binding.account.username

    def _being_closed(self, service: Service) -> bool:
        """Whether the panel has yet to do what closing the task asked for."""
        jobs = [job for job in self._world.jobs.all() if job.kind == "finish_task"]
        return any(self._world.tasks[job.target].service == service.id for job in jobs)

    def _payments_of(self, binding: Binding) -> list[r.Payment]:
        """The payments that truly came of this binding's credits, the newest first."""
        found = []
        for intent in Intent.objects.filter(binding=binding, kind=step4.CREDIT):
            number = intent.before["request"].get("randomnumber")
            found += self._world.payments.find("randomnumber", number)
        return sorted(found, key=lambda payment: -payment.id)

    def _adopt_payment(self, binding: Binding) -> bool:
        """Say which payment is ours, if there is one; False: there is none, or it is not taken.

        One that is not credited may be deleted instead, and credited anew.
        """
        found = self._payments_of(binding)
        if not found:
            return False
        lies_about = found[0].status != r.PAYMENT_CREDITED
        if lies_about and self._scheduler.chance.random() < 0.3:
            return False
        return self._say(partial(actions.adopt_payment, binding.pk, found[0].id, ANNA))

    def _tidy_payment(self, binding: Binding) -> None:
        """A payment of ours that lies about uncredited is deleted before *try again*."""
        for payment in self._payments_of(binding):
            if payment.status != r.PAYMENT_CREDITED:
                self._world.payments.drop(payment.id)
                self._scheduler.tell(f"deletes payment {payment.id}")

    def _restore_following(self) -> None:
        """Restore a plan that its next cohort has just taken over."""
        for window in _following():
            self._say(partial(actions.restore, window.pk, ANNA))

    def _restore_any(self) -> None:
        window = Window.objects.open().order_by("pk").first()
        if window is not None and self._say(lambda: actions.restore(window.pk, ANNA)):
            self._scheduler.seen["restore pressed"] += 1

    def _wait_on(self) -> None:
        for window in Window.objects.filter(held=True):
            if self._say(partial(actions.keep_waiting, window.pk, ANNA)):
                self._scheduler.seen["keep waiting pressed"] += 1

    def _held(self, window: Window) -> None:
        """*Restore anyway* only when it harms nobody: nothing of ours can still be opened."""
        ours = [self.service_of(b) for b in Binding.objects.filter(window=window)]
        unsafe = [s for s in ours if s is not None and s.item_status == "5_open" and not s.module]
        if unsafe:
            self._bring_back_manual(window)
            self._wait_on()
            return
        if self._say(lambda: actions.restore(window.pk, ANNA, anyway=True)):
            self._scheduler.seen["held window restored by a person"] += 1

    def _bring_back_manual(self, window: Window) -> None:
        """A colleague has switched off the module that our orders wait for: on with it again."""
        plan = self._world.plans[window.plan.remote_id]
        for centre in Binding.objects.filter(window=window).values_list("datacenter_id", flat=True):
            ours = [m for m in self._world.modules.all() if m.name == step1.name_for(centre)]
            for module in ours:
                if module.id not in self._world.plans[plan.id].modules:
                    self._scheduler.tell(f"switches module {module.id} on again by hand")
                    act = {"act": "switch_module", "plan": plan.id, "module": module.id, "on": True}
                    acts.perform(self._world, act)


def needs_a_person() -> bool:
    """Whether something waits for a person's decision."""
    return (
        Window.objects.open().filter(HELD).exists()
        or Binding.objects.filter(state=BindingState.UNDECIDED).exists()
        or Run.objects.filter(state=RunState.PAUSED).exists()
    )


def moves() -> bool:
    """Whether the product has something under way."""
    return Window.objects.open().exists() or Run.objects.filter(state=RunState.RUNNING).exists()


def unfinished() -> bool:
    """Whether something still waits for the product or for a person."""
    return moves() or needs_a_person()
