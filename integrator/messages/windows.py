"""Messages about windows, and the modules of their plans: steps 1, 2, 5 and 8."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

TEXTS = {
    # why a window has gone on, or was closed
    "window.sells_manually": _("the plan sells manually"),
    "window.only_tasks": _("only tasks are left"),
    "window.orders_seen": _("every order is seen with the manual module"),
    "window.no_task": _("no task is left to close"),
    "window.both_on": _("both modules are on"),
    "window.tasks_closed": _("every task of ours is closed"),
    "window.closed_early": _("the window was closed before its tasks"),
    "window.nothing_switched": _("nothing was switched"),
    "window.handed_on": _("every task of ours is closed, and the plan's next cohort follows"),
    "window.as_before": _("the plan is as it was"),
    "window.other_order": _("the plan has its modules again, but in another order than before"),
    "window.nobody": _("nobody is left to open the window for"),
    "window.unread": _("a panel cannot be read: nothing was changed"),
    "window.known": _("what was sent is known"),
    "window.gave_up": _("gave up: %(why)s"),
    "window.outlived": _("open for longer than %(seconds)d s"),
    "window.found_open": _("a switch of ours was found to have come after the window had closed"),
    "window.not_compared": _(
        "the accounts behind window %(window)s could not be compared: %(why)s"
    ),
    "window.died_driving": ngettext_lazy(
        "%(count)d worker died while it drove this window",
        "%(count)d workers died while they drove this window",
        "count",
    ),
    "window.died_comparing": ngettext_lazy(
        "%(count)d worker died while it looked at it",
        "%(count)d workers died while they looked at it",
        "count",
    ),
    "window.openings": ngettext_lazy(
        "%(count)d opening of a customer's has just begun and is let finish",
        "%(count)d openings of customers have just begun and are let finish",
        "count",
    ),
    # what a person said of one
    "window.restore": _("restore the plan"),
    "window.restore_anyway": _("restore the plan anyway"),
    "window.anyway": _("%(actor)s said: restore anyway"),
    "window.keep_waiting": _("wait on"),
    "window.looked_at": _("looked at"),
    "guided.asks": _("step %(step)d waits for a person's word"),
    "guided.step": _("step %(step)d"),
    "guided.over": _(
        "the guided binding was not brought to its end in %(seconds)d s (step %(step)d): its plan"
        " is put back; resume the run to go on"
    ),
    # the modules of a plan
    "modules.wanted": _("on: %(on)s, wanted: %(wanted)s"),
    "modules.before": _("on: %(on)s, before the window: %(before)s"),
    "plan.changed": _(
        "somebody else changed the plan's modules: on: %(on)s; after our last switch: %(expected)s"
    ),
    "plan.no_modules": _("plan %(plan)s has no enabled module"),
    "plan.no_module": _("plan %(plan)s has no module %(module)d, which serves %(server)s"),
    "plan.late_switch": _(
        "%(modules)s was off: a switch of ours that was given up may have come late, or a colleague"
        " switched it off; it is restored with the plan"
    ),
    "module.several": ngettext_lazy(
        "%(count)d module is named %(name)s: %(modules)s",
        "%(count)d modules are named %(name)s: %(modules)s",
        "count",
    ),
    "module.off": _("module %(module)d %(name)s is switched off"),
    "module.too_early": _(
        "module %(module)d %(name)s sorts before an ispmanager module (%(priority)d ≤"
        " %(highest)d); customers' orders would go to it"
    ),
    "module.unlisted": _("BILLmanager has confirmed module %(name)s, but does not list it"),
    "module.missing": _("there is no module %(name)s"),
    "switch.unanswered": ngettext_lazy(
        "module %(module)d was switched %(way)s %(count)d time without an answer, and does not"
        " show",
        "module %(module)d was switched %(way)s %(count)d times without an answer, and does not"
        " show",
        "count",
    ),
    "switch.not_shown": ngettext_lazy(
        "module %(module)d was switched %(way)s %(count)d time, answered ok, and does not show;"
        " the plan's list of modules has on: %(on)s",
        "module %(module)d was switched %(way)s %(count)d times, each time answered ok, and does"
        " not show; the plan's list of modules has on: %(on)s",
        "count",
    ),
    "switch.in_plans": _("%(why)s, the list of plans: %(on)s"),
    "marker.unknown": _("what tells which modules of plan %(plan)s are on is not known: %(why)s"),
    "marker.untold": _("the list of plans does not tell which modules of plan %(plan)s are on"),
    "marker.disagrees": _(
        "the two lists disagree on what is on for plan %(plan)s: its modules say %(on)s, the list"
        " of plans says %(told)s"
    ),
    "letter.none": _("the plan's form shows no opening letter any more"),
    "letter.damaged": _(
        "saving plan %(plan)d for its letter changed also: %(fields)s; compare the plan in"
        " BILLmanager"
    ),
}
