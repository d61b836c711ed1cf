"""Rare paths that some seed must take: a simulation that reaches nothing proves nothing."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q

from integrator.models import Event, Intent


def reached() -> Counter[str]:
    """The paths that this run took, by the product's own rows."""
    found: Counter[str] = Counter()
    for name, condition in INTENTS.items():
        found[name] = Intent.objects.filter(condition).count()
    for name, condition in EVENTS.items():
        found[name] = Event.objects.filter(condition).count()
    return found


LATE = Q(
    *(Q(why__key=key) for key in ("effect.not_seen", "task.still_open", "task.still_free")),
    _connector=Q.OR,
)
"""What was never seen in all its time."""
ANYWAY = Q(why__key="window.anyway") | Q(why__key="window.restore_anyway")
READ_BACK = Q(why__key="effect.read_back")

INTENTS = {
    "unknown order adopted": Q(kind="order", outcome="done") & READ_BACK,
    "unknown order proven nothing, retried": Q(kind="order", outcome="nothing") & LATE,
    "unknown credit adopted": Q(kind="credit") & READ_BACK,
    "unknown credit proven nothing": Q(kind="credit") & LATE,
    "unknown set-paid adopted": Q(kind="set_paid") & READ_BACK,
    "unknown taking adopted": Q(kind="take") & READ_BACK,
    "unknown taking proven nothing": Q(kind="take") & LATE,
    "unknown close adopted": Q(kind="close") & READ_BACK,
    "unknown close proven nothing": Q(kind="close") & LATE,
    "unknown switch adopted": Q(kind="switch") & READ_BACK,
    "unknown switch proven nothing": Q(kind="switch") & LATE,
    "residue of a refused order adopted": Q(why__key="order.found_unpaid"),
    "unpaid order paid where it lies": Q(kind="pay_line", outcome="done"),
    "send refused by send_by": Q(why__contains="note.send.too_late"),
    "password reset read back": Q(why__key="password.works"),
    "letter held back": Q(kind="letter", outcome="done", step=2),
    "letter given back": Q(kind="letter", outcome="done", step=8),
    "unknown letter adopted": Q(kind="letter", outcome="done") & READ_BACK,
    "unknown letter proven nothing": Q(kind="letter", outcome="nothing") & READ_BACK,
    "put on the manual module": Q(kind="undo_module", outcome="done") & READ_BACK,
    "unknown hand-over adopted": Q(kind="hand_over") & READ_BACK,
    "unknown hand-over proven nothing": Q(kind="hand_over") & LATE,
}  # fmt: skip

EVENTS = {
    "gate or plan held": Q(to_state="held"),
    "watchdog closed a window": Q(to_state="closing", why__key="window.outlived"),
    "window restored by hand": Q(to_state="closing", why__key="window.restore"),
    "restored anyway": Q(subject="window") & ANYWAY,
    "kept waiting": Q(why__key="window.keep_waiting"),
    "lease taken back": Q(why__key="worker.stopped"),
    "colleague's task waited for": Q(why__key="task.taken"),
    "plan changed by others noticed": Q(why__key="plan.changed"),
    "late switch found at rest": Q(from_state="closed", to_state="restoring"),
    "names found again after an upgrade": Q(subject="panel", to_state="learnt again"),
    "switch that never shows held": Q(to_state="held", why__contains="switch.not_shown"),
    "cohort followed in an open window": Q(why__key="window.handed_on"),
    "cohort that was to follow did not": Q(
        window__follows__isnull=False, from_state="opening", to_state="restoring"
    ),
    "undecided": Q(to_state="undecided"),
    "decided: it exists": Q(why__key="binding.adopted_service"),
    "decided: this payment": Q(why__key="binding.adopted_payment"),
    "corrected by a person": Q(subject="binding", why__key="binding.corrected"),
    "undone: the account is free": Q(why__startswith='{"key": "binding.undone'),
    "late letter found at rest": Q(why__contains="letter", to_state="restoring"),
    "modules in another order said": Q(why__key="window.other_order"),
    "decided: it does not": Q(why__key="binding.not_there"),
    "left its window as the run was stopped": Q(why__key="binding.run_stopped"),
    "left its window as it closed": Q(why__key="binding.window_closes"),
    "cancelled at a step border": Q(to_state="cancelled", subject="binding"),
    "retried by a person": Q(subject="binding", why__key="binding.retried"),
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
    *("intents committed together", "outcomes committed together"),
    *("cohort followed in an open window", "cohort that was to follow did not"),
)
"""What two hundred seeds must have reached, each at least once."""
