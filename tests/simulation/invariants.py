"""Invariants: what is true after every run, judged from the panels' ledger, never from ours."""

from __future__ import annotations

import datetime as dt
import resource
from collections import Counter
from itertools import permutations
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from integrator.messages.message import named, say
from integrator.models import Binding, Event, Intent, Window
from integrator.models.states import BindingState
from integrator.previews.corrections import Wish
from integrator.steps import step7_close_the_task as step7
from integrator.windows.order_handover import KIND
from integrator.windows.switching.sent_switches import MAX_TRIES
from panels.sandbox.billmanager.operations import modules_for
from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.ledger import ledger
from panels.sandbox.world import records as r
from tests.services import secret_search
from tests.services.ledger_comparison import other_plans, other_services
from tests.simulation.network import Observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.sandbox.world.records import Event as Happened
    from panels.sandbox.world.world import World
    from tests.simulation.simulate import Simulation

KNOWN_AT_THE_END = {"order", "credit", "set_paid", "pay_line", "take", "close"}
"""Kinds of intents of which somebody must know in the end what became of them."""
STAFF = {"admin", "tasks"}
"""Our logins at BILLmanager."""
EXCUSED = {"service_closed", "service_active", "no_module", "no_modules", "wrong_module"}
"""Causes with which a binding may stay failed at the end: somebody at the panels made it so."""


MAX_SECONDS = 5.0
"""So much computing a call may take, its answer's and the simulated panel's: in fact far less."""
MAX_MEMORY = 300 * 2**20
"""By so much a process may grow while a seed is played; the answers of a panel are small."""


def peak_memory() -> int:
    """The most bytes that this process has had."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def violations(simulation: Simulation) -> list[str]:
    """Every invariant that this run violated, a sentence each."""
    return [
        *simulation.installation.network.sent_late,
        *simulation.installation.network.unlooked,
        *simulation.people.held_for_ever,
        *_ledger(simulation),
        *_once(simulation),
        *_promised(simulation),
        *_bindings(simulation),
        *_meant(simulation),
        *_undone(simulation),
        *_strangers(simulation),
        *_letters(simulation),
        *_plans(simulation),
        *_repeated(simulation),
        *_carts(simulation),
        *_cheap(simulation),
        *_ended(simulation),
        *_stopped_in_time(simulation),
        *_said(simulation),
    ]


def _ledger(simulation: Simulation) -> Iterator[str]:
    """The sandbox's own judgement, but for what people at the panels did with their own hands."""
    for sentence in ledger(simulation.world)["violations"]:
        if "was created on" in sentence and _switched_on_by_a_colleague(simulation, sentence):
            simulation.scheduler.seen["a colleague's switch opened an order, and it was said"] += 1
        elif any(f" has {domain} on " in sentence for domain in simulation.third_parties.twins):
            simulation.scheduler.seen["a client ordered the same by himself"] += 1
        elif " had no module at " in sentence and _emptied_late(simulation, sentence):
            simulation.scheduler.seen["a late switch took the only module, and was found"] += 1
        elif "was ordered" in sentence and _ordered_after_a_line(simulation, sentence):
            simulation.scheduler.seen["ordered anew after a line was taken out"] += 1
        elif "was ordered" in sentence and _ordered_anew(simulation, sentence):
            simulation.scheduler.seen["ordered anew after a colleague's deletion"] += 1
        else:
            yield sentence


def _emptied_late(simulation: Simulation, sentence: str) -> bool:
    """A switch that had long been given up came to a plan at rest; nobody can prevent that.

    The plan is read once more some minutes later; that it is whole then is an invariant of its own.
    """
    at = float(sentence.rpartition(" ")[2])
    return any(abs(landed - at) < 0.01 for landed in simulation.installation.network.landed_late)


def _ordered_anew(simulation: Simulation, sentence: str) -> bool:
    """A colleague deleted our service, and a person said so: then it is ordered once more."""
    found = [s for s in simulation.world.services.all() if s.remoteid and s.remoteid in sentence]
    return len([s for s in found if s.id not in simulation.third_parties.touched]) == 1


def _ordered_after_a_line(simulation: Simulation, sentence: str) -> bool:
    """A refused order had left a line in the cart; a person took it out, and one was ordered."""
    return any(marker in sentence for marker in simulation.people.taken_out)


def _switched_on_by_a_colleague(simulation: Simulation, sentence: str) -> bool:
    """Whether a colleague switched a module on between our look and our order, and it was said.

    No look can prevent that: so the product must at least report it.
    """
    for event in simulation.world.events.find("kind", "hosting_created"):
        service = event.data["service"]
        if f"service {service}" not in sentence:
            continue
        marker = event.data["remoteid"]
        told = Event.objects.filter(
            binding__marker=marker, why=named("cause", "wrong_module")
        ).exists()
        # Of a run that was cancelled meanwhile, the look at the servers' users tells.
        alarm = Event.objects.filter(to_state="alarm", why__contains=f'"service": {service}')
        told = told or alarm.exists()
        meddled = any(
            on and event.at - 120 < at for at, _, _, on in simulation.third_parties.switched
        )
        return told and (meddled or _switched_on_by_hand(simulation.world, event))
    return False


def _switched_on_by_hand(world: World, created: Happened) -> bool:
    """Whether what made this hosting user was on since a colleague had switched it on."""
    service = world.services[int(str(created.data["service"]))]
    before = [
        event
        for event in world.events.find("kind", "switch")
        if event.at <= created.at
        and event.data["plan"] == service.plan
        and world.modules[int(str(event.data["module"]))].server == created.data["server"]
    ]
    return bool(before and before[-1].data["on"] and before[-1].data["by"] == "colleague")


def _once(simulation: Simulation) -> Iterator[str]:
    """At most one charge and one credit for each account, by our markers.

    One that was taken back counts as well, which the ledger forgives: here nobody takes any back.
    """
    world = simulation.world
    for binding in Binding.objects.all():
        for service in world.services.find("remoteid", binding.marker):
            charges = [e for e in world.expenses.find("service", service.id) if e.kind == "order"]
            if len(charges) > 1:
                yield f"b{binding.pk} was charged {len(charges)} times"
        numbers = [
            intent.before["request"].get("randomnumber")
            for intent in Intent.objects.filter(binding=binding, kind="credit")
        ]
        credited = [
            payment.id
            for number in numbers
            for payment in world.payments.find("randomnumber", number)
            if payment.status == r.PAYMENT_CREDITED
        ]
        if len(credited) > 1:
            yield f"b{binding.pk} was credited {len(credited)} times: payments {credited}"


def _promised(simulation: Simulation) -> Iterator[str]:
    """What was credited for a binding is there when it is ordered or paid.

    But where somebody else spent it, or made the client poor.
    """
    spending = {"order", "walk_in", "twin", "twin_before", "poor", "close_service"}
    played = simulation.scenario
    if played.payment != "credit" or spending & set(played.third_parties):
        return
    for intent in Intent.objects.filter(kind__in=["order", "pay_line"]).select_related("binding"):
        if intent.result.get("cause") == "balance":
            yield f"b{intent.binding_id} was credited, and its {intent.kind} lacked balance"


def _bindings(simulation: Simulation) -> Iterator[str]:
    """Green only with proof in the ledger; what ended keeps no password.

    A done service carries our mark. Only where none has it, since our order led to nothing although
    it was confirmed, or BILLmanager shows the mark nowhere, in no list and in no form, it may be
    the one that its client has placed by himself at that time.
    """
    world = simulation.world
    flags = ("service.remoteid_in_list", "service.remoteid_in_form")
    shown = any(world.dialect.flag(name) for name in flags)
    wanted = []
    for binding in Binding.objects.select_related("account__panel", "client", "plan"):
        ended = binding.state in (BindingState.DONE, BindingState.CANCELLED)
        if ended and binding.password:
            yield f"b{binding.pk} is {binding.state} and still has its password"
        if binding.state != BindingState.DONE:
            continue
        service = world.services.get(binding.service_id or 0)
        marked = shown and world.services.find("remoteid", binding.marker)
        twin = not marked and binding.domain in simulation.third_parties.twins
        marker = "" if twin and service and not service.remoteid else binding.marker
        shows = {
            "module_id": binding.module_id,
            "username": binding.account.username,
            "client": binding.client.remote_id,
            "plan": binding.plan.remote_id,
            "domain": binding.domain,
            "remoteid": marker,
        }
        wanted.append((binding.service_id, shows))
    yield from other_services(ledger(world), wanted)


def _meant(simulation: Simulation) -> Iterator[str]:
    """What is bound is bound as it was meant, whatever slips the CSV had."""
    done = Binding.objects.filter(state=BindingState.DONE)
    for binding in done.select_related("account__panel", "client"):
        wish = simulation.batch.wish(binding)
        if wish != Wish():
            yield f"b{binding.pk} is done, but was meant otherwise: {wish}"


def _undone(simulation: Simulation) -> Iterator[str]:
    """What a person has undone is gone from BILLmanager, its account free, its site there."""
    world, undos = simulation.world, simulation.people.undos
    for pk in undos.begun:
        binding = Binding.objects.select_related("account__panel").get(pk=pk)
        if pk not in undos.over:
            yield f"b{pk} could not be undone: it is {binding.state}"
            continue
        if binding.state != BindingState.CANCELLED or binding.reserved:
            yield f"b{pk} was undone and is {binding.state}, reserved: {binding.reserved}"
        service = world.services.get(binding.service_id or 0)
        if service is not None and service.status != r.DELETED:
            yield f"b{pk} was undone, but its service {service.id} is there"
        account = binding.account
        if user_key(account.panel.name, account.username) not in world.hosting.rows:
            yield f"b{pk} was undone, and {account.username} is gone from {account.panel.name}"
        later = Binding.objects.filter(account=account, pk__gt=pk, reserved=True)
        if account.service_id and not later.exists():
            yield f"b{pk} was undone, but its account is not shown as free"


def _strangers(simulation: Simulation) -> Iterator[str]:
    """Other people's tasks are touched on a person's word alone, and opened once at most."""
    world, pressed = simulation.world, simulation.people.handovers.pressed
    ours = set(Binding.objects.values_list("marker", flat=True))
    adopted = set(Binding.objects.values_list("service_id", flat=True))
    for kind in ("task_taken", "task_closed", "task_started"):
        for event in world.events.find("kind", kind):
            service = world.services[world.tasks[int(str(event.data["task"]))].service]
            known = service.remoteid in ours or service.id in adopted
            if event.data["by"] in STAFF and not known and service.id not in pressed:
                yield f"{kind}: the task of a stranger's service {service.id}"
    for service_id in pressed:
        found = world.services[service_id]
        module = world.modules.get(found.module)
        opened = found.status == r.ACTIVE and module is not None and module.server
        if not modules_for(world, world.plans[found.plan], found.datacenter):
            continue  # a colleague has switched off what alone could open it
        if not opened and service_id not in simulation.third_parties.touched:
            yield f"service {service_id} was handed over and is not opened"
    for intent in Intent.objects.unsettled().filter(kind=KIND):
        yield f"nobody knows what became of the handing over of {intent.marker}"


def _letters(simulation: Simulation) -> Iterator[str]:
    """Who was promised that no opening letter goes out gets none, but by a colleague's hand.

    Nor where a person was shown before that the closing of the task is unknown.
    """
    if not simulation.scenario.hold_letters:
        return
    world = simulation.world
    ours = {binding.marker for binding in Binding.objects.all()}
    for event in world.events.find("kind", "mail"):
        service = int(str(event.data["service"]))
        if event.data["about"] != "opening" or service in simulation.third_parties.touched:
            continue
        marker = world.services[service].remoteid
        told = Event.objects.filter(binding__marker=marker, to_state__in=["undecided", "failed"])
        if (
            marker in ours
            and not told.filter(at__lt=dt.datetime.fromtimestamp(event.at, dt.UTC)).exists()
        ):
            yield f"the opening letter of service {service} went out"


def _plans(simulation: Simulation) -> Iterator[str]:
    """Every plan sells with what its provider wants it to sell with, and sends its letter.

    What is switched off and on again comes last. Where a panel lists modules in the order of the
    plan, another order must be as before or be said. Elsewhere that order is nowhere to be seen,
    not even for the product, and decides nothing: such panels go by the modules' priority.
    """
    shown = simulation.world.dialect.flag("plan_modules.in_order_of_plan")
    wanted = {}
    for plan in simulation.world.plans.all():
        lists = simulation.third_parties.wanted(plan.id)
        about = Event.objects.filter(window__plan__remote_id=plan.id)
        any_order = not shown or about.filter(why__key="window.other_order").exists()
        if about.filter(why__key="plan.late_switch").exists():
            # A colleague did what a lost switch of ours may have done: it was said.
            lists = [*lists, tuple(simulation.third_parties.first[plan.id])]
        wanted[plan.id] = [
            order for one in lists for order in (permutations(one) if any_order else [one])
        ]
        letter = simulation.third_parties.letters[plan.id]
        if plan.opennotify != letter:
            yield f"plan {plan.id} sends letter {plan.opennotify}, wanted {letter}"
    yield from other_plans(ledger(simulation.world), wanted)


def _repeated(simulation: Simulation) -> Iterator[str]:
    """A switch that never shows is sent twice by a window, and twice more on a person's word."""
    for (func, plan, module), rows in simulation.installation.network.ignored.items():
        for window in Window.objects.filter(plan__remote_id=plan):
            closed = window.closed_at.timestamp() if window.closed_at else simulation.scheduler.now
            began = window.created_at.timestamp()
            vain = max(sum(began <= at <= closed for at in row) for row in rows)
            words = Event.objects.filter(window_id=window.pk, to_state="closing")
            said = words.filter(
                why__in=(say("window.restore"), say("window.restore_anyway"))
            ).count()
            if vain > MAX_TRIES * (1 + said):
                yield f"{func} of module {module} was sent {vain} times in vain by {window}"


def _carts(simulation: Simulation) -> Iterator[str]:
    """No line of ours lies unpaid beside a service of ours: whoever pays it has the site twice."""
    for binding in Binding.objects.filter(state=BindingState.DONE).select_related("client"):
        for line in simulation.world.lines.find("client", binding.client.remote_id):
            if line.remoteid == binding.marker and line.service != binding.service_id:
                yield f"line {line.id} lies in the cart beside service {binding.service_id}"


def _cheap(simulation: Simulation) -> Iterator[str]:
    """No answer takes the process for itself, neither its time nor its memory."""
    seconds, func = Observed.costliest
    if seconds > MAX_SECONDS:
        yield f"a call of {func} took {seconds:.0f} s of computing"
    grown = peak_memory() - simulation.memory
    if grown > MAX_MEMORY:
        yield f"the process has grown by {grown / 2**20:.0f} MiB"


def _ended(simulation: Simulation) -> Iterator[str]:
    """Everything has come to its end, with a cause where it is not a good one."""
    for window in Window.objects.open():
        yield f"w{window.pk} is {window.phase} at the end: {window.cause}"
    for binding in Binding.objects.exclude(state__in=[BindingState.DONE, BindingState.CANCELLED]):
        told = f"b{binding.pk} is {binding.state} at step {binding.step}: {binding.cause} "
        told += str(binding.cause_text)
        if binding.state != BindingState.FAILED or not binding.cause:
            yield told
        elif binding.cause not in EXCUSED or not simulation.third_parties.meddled:
            yield f"a truthful person could not bring it to its end: {told}"
    loose = Intent.objects.unsettled()
    # What a close did to a service that a colleague has closed meanwhile is seen nowhere.
    closed = Q(kind=step7.CLOSE, binding__state="failed", binding__cause="service_closed")
    for intent in loose.exclude(closed).exclude(binding__state=BindingState.CANCELLED):
        if intent.kind in KNOWN_AT_THE_END:
            yield f"intent {intent.kind} of b{intent.binding_id} was never settled"


def _stopped_in_time(simulation: Simulation) -> Iterator[str]:
    """What cannot come to its end harms one at a time, and what waits for a panel does not fail."""
    vain = simulation.charged_in_vain
    if vain is not None:
        simulation.scheduler.seen["no task could be closed"] += 1
        if vain > 1 + simulation.let_go_in_vain:
            yield f"{vain} were charged though no task could be closed"
    for binding in Binding.objects.all():
        told = Event.objects.filter(binding=binding, subject="binding")
        again = told.filter(to_state=BindingState.QUEUED).count()
        died = Counter(event.details["step"] for event in told.filter(why__key="worker.stopped"))
        for step, count in died.items():
            if count >= settings.MAX_ATTEMPTS * again:
                yield f"b{binding.pk} was taken up again {count} times at step {step} after deaths"
    for event in Event.objects.filter(
        subject="binding", to_state="failed", why=named("cause", "unreachable")
    ):
        yield f"b{event.binding_id} failed since a panel could not be reached"


def _said(simulation: Simulation) -> Iterator[str]:
    """No unexpected error, and no secret where one may be read."""
    for line in simulation.installation.log.lines:
        if "internal_error" in line or "Traceback" in line:
            yield line
    places = {
        "the log": "\n".join(simulation.installation.log.lines).encode(),
        "the database": bytes(simulation.installation.database.connection.serialize()),
        "the story": repr(simulation.scheduler.story).encode(),
    }
    yield from secret_search.found(simulation.secrets(), places)
