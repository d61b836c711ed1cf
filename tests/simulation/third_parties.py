"""Third parties at the panels: colleagues, strangers, clients, and what happens by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrator.models import Binding, Event, Intent, Window
from integrator.models.states import Phase
from integrator.steps import module_switches as sets
from integrator.steps import step4_pay as step4
from integrator.windows.switching import switches
from panels.sandbox.http.refusals import Refusal
from panels.sandbox.world import acts, jobs
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from panels.sandbox.world.records import Service
    from panels.sandbox.world.world import World
    from tests.simulation.scheduler import Scheduler


def _is_read_back(window: Window) -> bool:
    """Whether this window has seen its plan restored."""
    own = sets.own((window.snapshot or {"modules": []})["modules"])
    return window.phase == Phase.RESTORING and set(window.seen.get("enabled", ())) == set(own)


class ThirdParties:
    """Colleagues at BILLmanager, strangers, and what happens there by itself.

    ``plans``: what each plan must sell with at rest, as far as people other than us decide it;
    ``first``: what it sold with before anybody did anything; ``letters``: the opening letter that
    each had before us.
    """

    def __init__(self, scheduler: Scheduler, world: World) -> None:
        self._scheduler = scheduler
        self._world = world
        self.plans = {plan.id: plan.modules for plan in world.plans.all()}
        self.first = dict(self.plans)
        self.letters = {plan.id: plan.opennotify for plan in world.plans.all()}
        self.switched: list[tuple[float, int, int, bool]] = []
        self.touched: set[int] = set()
        self.twins: set[str] = set()
        self._meanwhile: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._after_all: dict[int, tuple[int, ...]] = {}
        self._read_before: dict[int, tuple[int, ...]] = {}
        self._taken: list[int] = []

    def act(self, what: str) -> bool:
        """Do one thing; False: there is nothing to do it to."""
        jobs.run_due(self._world)  # what the panel had begun before comes before
        ways: dict[str, Callable[[], str | None]] = {
            "order": self._order,
            "walk_in": self._walk_in,
            "twin": self._twin,
            "twin_before": self._twin_before,
            "pay_same": self._pay_same,
            "take_task": self._take,
            "close_task": self._close,
            "activate": self._activate,
            "switch": self._switch,
            "switch_in_orders": self._switch_in_orders,
            "close_service": self._close_service,
            "poor": self._poor,
            "upgrade": self._upgrade,
            "expire_sessions": lambda: str(acts.perform(self._world, {"act": "expire_sessions"})),
        }
        try:
            done = ways[what]()
        except Refusal as refusal:  # who is refused goes away
            self._scheduler.tell(f"somebody: {what} is refused: {refusal}")
            self._scheduler.seen["a stranger was refused"] += 1
            return True
        if done is not None:
            self._scheduler.seen[f"others: {what}"] += 1
            self._scheduler.tell(f"somebody: {what} {done}")
        return done is not None

    @property
    def meddled(self) -> bool:
        """Whether they did anything to our services or plans."""
        return bool(self.touched or self.switched or self.twins)

    def wanted(self, plan_id: int) -> list[tuple[int, ...]]:
        """What this plan must sell with at rest; mostly one thing alone.

        What a colleague changes while a window is open is undone with it, but not by a window
        that has read the plan and then switched nothing, as when its run was cancelled. Once it
        has seen the plan restored, it reads it again only if it is kept from closing.
        """
        window, modules = self._meanwhile.get(plan_id, (0, ()))
        switched = Intent.objects.filter(window=window, kind=switches.KIND)
        before = modules if window and not switched.exists() else self.plans[plan_id]
        found = [before]
        if plan_id in self._after_all:
            found.append(self._after_all[plan_id])
        told = Event.objects.filter(window__plan__remote_id=plan_id, why__key="plan.changed")
        if plan_id in self._read_before and told.exists():
            # It had been read a moment before: a person was told, and may have put it back so.
            found.append(self._read_before[plan_id])
        return found

    def give_back(self) -> None:
        """The colleague lets go of what is still open."""
        for key in self._taken:
            task = self._world.tasks[key]
            if task.status == r.TASK_IN_WORK and self._world.users[task.performer].login != "tasks":
                self._world.tasks.put(task._replace(status=r.TASK_OPEN, performer=0))
                self._scheduler.tell(f"colleague gives task {key} back")
        self._taken.clear()

    def _order(self) -> str | None:
        plan = self._scheduler.chance.choice([p for p in self._world.plans.all() if p.preset])
        found = acts.stranger_orders(self._world, {"plan": plan.id})
        return f"service {found['service']}"

    def _walk_in(self) -> str | None:
        """A stranger orders just while his plan sells manually: it becomes a task for people."""
        manually = Window.objects.filter(phase=Phase.ORDERS).order_by("pk")
        plan = manually.values_list("plan__remote_id", flat=True).first()
        if plan is None:
            return None
        found = acts.stranger_orders(self._world, {"plan": plan})
        return f"service {found['service']}"

    def _pay_same(self) -> str | None:
        """A client begins to pay in by himself just what is being credited to him."""
        being = (
            Intent.objects.unsettled()
            .filter(kind=step4.CREDIT, binding__isnull=False)
            .select_related("binding__client")
            .order_by("pk")
            .first()
        )
        if being is None or being.binding is None:
            return None
        before, client = being.before, being.binding.client.remote_id
        profile = self._world.profiles.find("client", client)[0]
        payment = r.Payment(
            id=self._world.payments.next_id(),
            client=client,
            profile=profile.id,
            method=1,
            amount=int(Decimal(before["amount"]) * 100),
            status=r.PAYMENT_NEW,
            randomnumber="",
            created=self._world.now(),
        )
        self._world.payments.put(payment)
        return f"payment {payment.id} of client {client}"

    def _twin(self) -> str | None:
        """A client who has no patience orders by himself what is being ordered for him."""
        return self._orders_same(Binding.objects.all())

    def _twin_before(self) -> str | None:
        """A client orders what is ordered for him a moment later, as his plan sells manually."""
        for window in Window.objects.filter(phase=Phase.OPENING).select_related("plan"):
            plan = self._world.plans[window.plan.remote_id]
            if plan.modules and not set(self.plans[plan.id]) & set(plan.modules):
                return self._orders_same(window.bindings.all())
        return None

    def _orders_same(self, bindings: QuerySet[Binding]) -> str:
        """The client of one of these orders its plan for its domain."""
        bindings = bindings.select_related("client", "plan")
        binding = self._scheduler.chance.choice(list(bindings.order_by("pk")))
        act: dict[str, Any] = {"client": binding.client.remote_id, "plan": binding.plan.remote_id}
        act |= {"domain": binding.domain, "datacenter": binding.datacenter_id}
        self.twins.add(binding.domain)  # first: even what is refused may leave a service
        found = acts.stranger_orders(self._world, act)
        return f"service {found['service']} for {binding.domain}"

    def _open_task(self) -> r.Task | None:
        opening = self._world.dialect["task.type_open"]
        tasks = [t for t in self._world.tasks.all() if t.type == opening]
        tasks = [t for t in tasks if t.status != r.TASK_CLOSED]
        ours = [t for t in tasks if self._world.services[t.service].remoteid]
        return self._scheduler.chance.choice(ours) if ours else None

    def _take(self) -> str | None:
        task = self._open_task()
        if task is None:
            return None
        acts.perform(self._world, {"act": "take_task", "task": task.id})
        self._taken.append(task.id)
        self._scheduler.after(self._scheduler.chance.uniform(3.0, 40.0), self.give_back)
        return f"task {task.id}"

    def _right(self, service: Service) -> dict[str, Any] | None:
        binding = Binding.objects.select_related("account").filter(marker=service.remoteid).first()
        if binding is None:
            return None
        return {"module": binding.module_id, "username": binding.account.username}

    def _close(self) -> str | None:
        """A colleague does step 7 by hand, rightly."""
        task = self._open_task()
        right = task and self._right(self._world.services[task.service])
        if not task or not right:
            return None
        acts.perform(self._world, {"act": "close_task", "task": task.id, **right})
        self.touched.add(task.service)
        return f"task {task.id}"

    def _activate(self) -> str | None:
        """A colleague binds a service by hand, rightly; one that is deleted nobody can open."""
        task = self._open_task()
        right = task and self._right(self._world.services[task.service])
        if not task or not right or self._world.services[task.service].status == r.DELETED:
            return None
        acts.perform(self._world, {"act": "activate_service", "service": task.service, **right})
        self.touched.add(task.service)
        return f"service {task.service}"

    def _close_service(self) -> str | None:
        ours = [s for s in self._world.services.all() if s.remoteid and s.status != r.ACTIVE]
        if not ours:
            return None
        service = self._scheduler.chance.choice(ours)
        acts.perform(self._world, {"act": "close_service", "service": service.id})
        self.touched.add(service.id)
        return f"service {service.id}"

    def _poor(self) -> str | None:
        client = self._scheduler.chance.choice(self._world.clients.all())
        self._world.clients.put(client._replace(balance=0))
        return f"client {client.id}"

    def _upgrade(self) -> str | None:
        """The panel is upgraded while a window is open: its switches are called otherwise."""
        if not Window.objects.open().exclude(snapshot=None).exists():
            return None
        ways = {"enable": "on", "disable": "off"}
        if self._world.dials.upgrade:
            ways = {"enable": "activate", "disable": "deactivate"}
        listed = self._world.dialect["plan_modules.list"]
        changes = {f"plan_modules.{way}": f"{listed}.{name}" for way, name in ways.items()}
        changes |= {f"plan_modules.{way}_button": name for way, name in ways.items()}
        if self._scheduler.chance.random() < 0.7:
            changes["version"] = f"6.{200 + len(self._world.dials.upgrade)}.0"
        self._world.turn({"upgrade": {**self._world.dials.upgrade, **changes}})
        return ", ".join(changes.values())

    def _switch(self) -> str | None:
        """A colleague switches a module: never the last one off, nor another plan's on."""
        world = self._world
        plan = self._scheduler.chance.choice([p for p in world.plans.all() if p.preset])
        manual = [key for key in plan.modules if not world.modules[key].server]
        known = [*self.plans[plan.id], *manual]
        module = self._scheduler.chance.choice(known)
        on = module not in plan.modules
        if not on and len(plan.modules) == 1:
            return None
        return self._turn(plan.id, module, on=on)

    def _switch_in_orders(self) -> str | None:
        """A colleague switches a plan's own module on while we order it."""
        ordering = Window.objects.filter(phase=Phase.ORDERS).select_related("plan")
        for window in ordering:
            plan = self._world.plans[window.plan.remote_id]
            own = sorted(set(self.plans[plan.id]) - set(plan.modules))
            if own:
                return self._turn(plan.id, self._scheduler.chance.choice(own), on=True)
        return None

    def _turn(self, plan_id: int, module: int, *, on: bool) -> str:
        """Switch a module, and note what its plan must sell with when all is over."""
        world = self._world
        self.switched.append((self._scheduler.now, plan_id, module, on))
        act = {"act": "switch_module", "plan": plan_id, "module": module, "on": on}
        acts.perform(world, act)
        open_windows = Window.objects.open().filter(plan__remote_id=plan_id)
        window = open_windows.exclude(snapshot=None).first()
        if window is None:
            if open_windows.exists():
                self._read_before[plan_id] = self.plans[plan_id]
            self.plans[plan_id] = world.plans[plan_id].modules
            self._meanwhile.pop(plan_id, None)
            self._after_all.pop(plan_id, None)
        elif _is_read_back(window):
            self._after_all[plan_id] = world.plans[plan_id].modules
        else:
            self._meanwhile[plan_id] = window.pk, world.plans[plan_id].modules
        return f"plan {plan_id}: module {module} {'on' if on else 'off'}"
