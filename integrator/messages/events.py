"""Messages about changes of runs, bindings and intents, and about what people did to them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

TEXTS = {
    # runs
    "run.started": _("started"),
    "run.retried": _("retried"),
    "run.decided": _("a decision was taken"),
    "run.moves": _("one of its bindings moves"),
    "run.guided_stop": _("stopped in a guided binding"),
    "run.canary": _("canary %(binding)s stopped at step %(step)d: %(stop)s"),
    "run.canaries": ngettext_lazy(
        "%(count)d canary stopped before anything was ordered, %(binding)s: %(stop)s",
        "%(count)d canaries in a row stopped before anything was ordered, the last one"
        " %(binding)s: %(stop)s",
        "count",
    ),
    "run.again": _(
        "for the second time a binding stopped for what no retry cures, %(binding)s at step"
        " %(step)d: %(stop)s"
    ),
    "run.in_row": ngettext_lazy(
        "%(count)d binding stopped at step %(step)d on %(server)s, %(binding)s: %(stop)s",
        "%(count)d bindings in a row stopped at step %(step)d on %(server)s, the last one"
        " %(binding)s: %(stop)s",
        "count",
    ),
    "stop": _("%(cause)s. What to do: %(advice)s"),
    "stop.told": _("%(cause)s: %(why)s. What to do: %(advice)s"),
    # bindings
    "binding.started": _("run started"),
    "binding.claimed": _("taken up by a worker"),
    "binding.waits": _("waits: %(what)s"),
    "binding.retried": _("queued again"),
    "binding.not_there": _("decided: it does not exist"),
    "binding.newer": _("begun by a newer version of Integrator"),
    "binding.alone": _("no close of a task is proven yet: one goes first, alone"),
    "binding.run_cancelled": _("the run was cancelled"),
    "binding.run_is_cancelled": _("the run is cancelled"),
    "binding.run_stopped": _("the run is paused or cancelled"),
    "binding.cancelled_unknown": _("the run was cancelled before it was known"),
    "binding.window_closes": _("the window closes"),
    "binding.window_of_plan_closes": _("the window of plan %(plan)s closes"),
    "binding.window_closed": _("its window has closed"),
    "binding.lane": _("%(binding)s orders for this client"),
    "binding.adopted_service": _("adopted service %(service)d"),
    "binding.adopted_payment": _("adopted payment %(payment)d"),
    "binding.corrected": _("corrected: %(fields)s"),
    "binding.confirmed": _("confirmed: %(words)s"),
    "binding.on_manual": _("service %(service)d put on manual module %(module)d"),
    "binding.undone": _("undone: service %(service)d is gone; the hosting account is there"),
    "binding.undone_account_gone": _(
        "undone: service %(service)d is gone; THE HOSTING ACCOUNT IS GONE"
    ),
    "field.corrected": _("%(field)s: %(before)s → %(after)s"),
    # workers
    "worker.stopped": _("its worker stopped; its lease was taken back"),
    "worker.died": ngettext_lazy(
        "%(count)d worker died while it was at it",
        "%(count)d workers died while they were at it",
        "count",
    ),
    "worker.database": _("an error of the database: %(kind)s"),
    "worker.database_tries": ngettext_lazy(
        "%(count)d try ended in an error of the database (%(kind)s)",
        "%(count)d tries ended in an error of the database (%(kind)s)",
        "count",
    ),
    "worker.error": _("an error in Integrator; see the log of the worker"),
    # what was sent
    "effect.read_back": _("read back"),
    "effect.not_seen": _("not seen in all the time in which it could take effect"),
    "effect.made_before": _("it was made a moment ago"),
    "effect.denied": _("%(actor)s said: it does not exist"),
    "effect.adopted_service": _("%(actor)s adopted service %(service)d"),
    "effect.adopted_payment": _("%(actor)s adopted payment %(payment)d"),
    "effect.found": _("found so; %(actor)s asked"),
    # clients and previews
    "client.state": _("%(email)s: %(what)s"),
    "client.asked": _("asked for"),
    "client.created": _("created"),
    "client.was_there": _("it was there already"),
    "client.several": _("the e-mail is of several clients: %(clients)s"),
    "preview.confirmed": _("%(preview)s: %(words)s (rows %(rows)s)"),
}
