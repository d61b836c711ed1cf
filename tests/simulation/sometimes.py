"""What must have been reached by some seed: a simulation that reaches nothing proves nothing."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q

from integrator.models import Event, Intent


def reached() -> Counter[str]:
    """What this run reached, as its own rows tell."""
    found: Counter[str] = Counter()
    for name, condition in INTENTS.items():
        found[name] = Intent.objects.filter(condition).count()
    for name, condition in EVENTS.items():
        found[name] = Event.objects.filter(condition).count()
    return found


INTENTS = {
    "unknown order adopted": Q(kind="order", outcome="done", why="read back"),
    "unknown order proven nothing, retried": Q(kind="order", outcome="nothing",
                                               why__contains="after the settle time"),
    "unknown credit adopted": Q(kind="credit", why="read back"),
    "unknown credit proven nothing": Q(kind="credit", why__contains="after the settle time"),
    "unknown set-paid adopted": Q(kind="set_paid", why="read back"),
    "unknown taking adopted": Q(kind="take", why="read back"),
    "unknown taking proven nothing": Q(kind="take", why__contains="after the settle time"),
    "unknown close adopted": Q(kind="close", why="read back"),
    "unknown close proven nothing": Q(kind="close", why__contains="after the settle time"),
    "unknown switch adopted": Q(kind="switch", why="read back"),
    "unknown switch proven nothing": Q(kind="switch", why__contains="after the settle time"),
    "residue of a refused order adopted": Q(why="found ordered, unpaid"),
    "unpaid order paid where it lies": Q(kind="pay_line", outcome="done"),
    "send refused by send_by": Q(why__contains="the time in which it could be sent"),
    "password reset read back": Q(why="the new password works"),
    "letter held back": Q(kind="letter", outcome="done", step=2),
    "letter given back": Q(kind="letter", outcome="done", step=8),
    "unknown letter adopted": Q(kind="letter", outcome="done", why="read back"),
    "unknown letter proven nothing": Q(kind="letter", outcome="nothing", why="read back"),
    "put on the manual module": Q(kind="undo_module", outcome="done", why="read back"),
    "unknown hand-over adopted": Q(kind="hand_over", why="read back"),
    "unknown hand-over proven nothing": Q(kind="hand_over", why__contains="after the settle time"),
}  # fmt: skip

EVENTS = {
    "gate or plan held": Q(to_state="held"),
    "watchdog closed a window": Q(to_state="closing", why__startswith="open for longer"),
    "window restored by hand": Q(to_state="closing", why="restore"),
    "restored anyway": Q(subject="window", why__contains="restore anyway"),
    "kept waiting": Q(why="keep waiting"),
    "lease taken back": Q(why__startswith="its worker stopped"),
    "colleague's task waited for": Q(why__contains="has taken task"),
    "plan changed by others noticed": Q(why__contains="somebody else changed"),
    "late switch found at rest": Q(from_state="closed", to_state="restoring"),
    "names found again after an upgrade": Q(subject="panel", to_state="learnt again"),
    "switch that never shows held": Q(to_state="held", why__contains="each time answered ok"),
    "undecided": Q(to_state="undecided"),
    "decided: it exists": Q(why__startswith="adopted service"),
    "decided: this payment": Q(why__startswith="adopted payment"),
    "corrected by a person": Q(subject="binding", why__startswith="corrected:"),
    "undone: the account is free": Q(why__startswith="undone: service"),
    "late letter found at rest": Q(why__contains="letter", to_state="restoring"),
    "modules in another order said": Q(why__contains="in another order"),
    "decided: it does not": Q(why__startswith="decided: it does not"),
    "left its window as the run was stopped": Q(why="the run is stopped"),
    "left its window as it closed": Q(why="the window closes"),
    "cancelled at a step border": Q(to_state="cancelled", subject="binding"),
    "retried by a person": Q(subject="binding", why="retry"),
    "debt confirmed": Q(to_state="confirmed", why__contains="debt:"),
    "paused": Q(subject="run", to_state="paused"),
    "failed": Q(to_state="failed"),
    "done": Q(to_state="done"),
}

MUST = (
    *("crash", "nap", "lease taken back", "wake-up lost", "wake-up doubled"),
    *("redelivery ignored", "clock jump"),
    *("unknown order adopted", "unknown order proven nothing, retried"),
    *("unknown switch adopted", "unknown switch proven nothing", "unknown close adopted"),
    *("unknown taking adopted", "unknown credit adopted", "send refused by send_by"),
    *("residue of a refused order adopted", "unpaid order paid where it lies"),
    *("gate or plan held", "watchdog closed a window", "window restored by hand"),
    *("restored anyway", "colleague's task waited for", "plan changed by others noticed"),
    *("undecided", "decided: it exists", "decided: it does not", "paused", "failed", "done"),
    *("cancelled at a step border", "retried by a person", "left its window as it closed"),
    *("crash at commit, before it", "crash at commit, after it", "corrected by a person"),
    *("put on the manual module", "undone: the account is free", "bound anew after undoing"),
    *("letter held back", "letter given back"),
    *("names found again after an upgrade", "switch that never shows held"),
    *("landed long after it was given up", "no task could be closed", "died of what it took up"),
    *("call while the panel is away", "line of a refused order taken out", "debt confirmed"),
    *("CSV that would sell a site twice", "fault: blank", "fault: flood"),
)
"""What two hundred seeds must have reached, each at least once."""
