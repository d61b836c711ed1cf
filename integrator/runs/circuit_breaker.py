"""What a failure stops: a canary's its run, one that no retry cures its run, many their panel.

- *A canary* (each binding of a run that has none done yet, and of any run as long as no task of
  this panel was closed by us and its service then seen active) that stops for whatever cause stops
  its run, once something was ordered or credited for it. Before that, a cause that speaks of its
  client or account alone makes the next account the canary, ``MAX_CANARIES`` times in a row; any
  other cause stops the run as well.
- *A cause that no retry cures* stops the run at its second occurrence: the other bindings would
  meet it too, each after its client has been charged.
- *The breaker*: so many bindings of a panel in a row (``settings.BREAKER``) that stopped at one
  step for one cause, without one that passed that step meanwhile, stop all runs that use the panel.
  What speaks of one client or account alone is not counted.

To stop a run is to pause it, with a message that names binding, step, cause and what to do.
Resuming counts anew; the limits stay the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from integrator.bindings import causes, intents, transitions
from integrator.messages.message import named, say
from integrator.models import Binding, Event, Intent, Panel, Run
from integrator.models.states import NEEDS_PERSON, BindingState, RunState
from integrator.panel_access import proven_names
from integrator.runs import pauses, run_state
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

    from integrator.messages.message import Message

log = structlog.get_logger(__name__)

MAX_CANARIES = 3
"""So many canaries in a row may fail for a cause of their own before the run is paused."""

OF_ONE = frozenset(
    {
        "account_gone",
        "balance",
        "debt",
        "lane",
        "no_password",
        "no_profile",
        "password_blocked",
        "wrong_password",
    }
)
"""Causes that speak of one client or account alone: the next one need not meet them."""

OF_RULES = frozenset({"client_group", "phone_unverified", "service_limit"})
"""Rules of the provider that the next client need not meet; but where many do, all may: each of
them is counted for the breaker, since its credit is spent before the order is refused."""

INCURABLE = frozenset(
    {
        "access",
        "captcha",
        "certificate",
        "form_unknown",
        "function_missing",
        "internal",
        "login",
        "manual_module",
        "marker_unknown",
        "no_modules",
        "order_rule",
        "period_refused",
        "plan_damaged",
        "plan_not_sold",
        "price_on_request",
        "receipt_refused",
        "switch_not_shown",
        "worker_died",
        "wrong_module",
    }
)
"""Causes that stay until somebody changes the panel, its login, its dialect, or Integrator.

``order_rule``, ``period_refused``, ``plan_not_sold`` and ``price_on_request`` speak of a plan:
every other binding of it would meet them.
"""

_MONEY = (step3.KIND, step4.CREDIT, step4.SET_PAID, step4.PAY_LINE)


def failed(binding: Binding, number: int, cause: str, text: Message) -> None:
    """A binding has failed at a step or must be decided; in the caller's transaction.

    Called after the binding's own row was written, with the binding as it was before.
    """
    # Panels before runs, always: two workers never wait for each other.
    panel = _locked(binding)
    stop = _stop_message(cause, text)
    if panel is not None and cause not in OF_ONE:
        _count(panel, binding, number, cause, stop)
    _stop_at_canary(panel, binding, number, cause, stop)
    if cause in INCURABLE and _occurred(binding.run_id, cause) > 1:
        why = say("run.again", binding=str(binding), step=number, stop=stop)
        if run_state.pause(binding.run_id, why):
            log.error("run.stopped", run=binding.run_id, cause=cause, step=number)


def passed(binding: Binding, number: int) -> None:
    """This step of the binding is proven on its panel: the rows of failures at it are over."""
    if not Panel.objects.filter(pk__in=_ids_of(binding), failures_in_row__gt=0).exists():
        return
    panel = _locked(binding)
    if panel is not None:
        _keep(panel, {k: n for k, n in panel.failures.items() if k.split()[0] != str(number)})


def start_anew(run: Run) -> None:
    """A person resumes the run: count from nothing on every panel that it uses."""
    servers = run.bindings.values("account__panel")
    for rows in (
        Panel.objects.billmanagers(),
        Panel.objects.filter(pk__in=servers),
    ):
        rows.filter(failures_in_row__gt=0).update(failures_in_row=0, failures={})


def _count(panel: Panel, binding: Binding, number: int, cause: str, stop: Message) -> None:
    """One more of a row; the last one of it pauses all runs that use the panel."""
    key = f"{number} {cause}"
    count = panel.failures.get(key, 0) + 1
    _keep(panel, {**panel.failures, key: count})
    if count < settings.BREAKER:
        return
    why = say(
        "run.in_row",
        count=count,
        step=number,
        server=panel.name,
        binding=str(binding),
        stop=stop,
    )
    if pauses.pause_all(panel, why):
        log.error("breaker.open", panel=panel.name, failures=count, cause=cause, step=number)


def _keep(panel: Panel, failures: dict[str, int]) -> None:
    panel.failures, panel.failures_in_row = failures, max(failures.values(), default=0)
    panel.save(update_fields=["failures", "failures_in_row"])


def _stop_at_canary(
    panel: Panel | None, binding: Binding, number: int, cause: str, stop: Message
) -> None:
    """Pause the run whose canary this was, unless the next account is to be tried."""
    spent = _has_spent(binding)
    unproven = spent and panel is not None and not proven_names.is_close_proven(panel)
    if binding.window_id is None or not (unproven or _is_canary(binding)):
        return
    why = say("run.canary", binding=str(binding), step=number, stop=stop)
    if cause in OF_ONE | OF_RULES and not spent:
        count = _canaries_failed(binding.run_id)
        if count < MAX_CANARIES:
            return
        why = say("run.canaries", count=count, binding=str(binding), stop=stop)
    concerned = [binding.run_id]
    if unproven and panel is not None:
        # Other runs would have their clients charged for the same end.
        concerned = sorted(pauses.using(panel).values_list("pk", flat=True))
    for run_id in concerned:
        if _has_others(run_id, binding) and run_state.pause(run_id, why):
            log.error("canary.stopped", run=run_id, binding=binding.pk, cause=cause, step=number)


def _is_canary(binding: Binding) -> bool:
    return not Binding.objects.filter(run=binding.run_id, state=BindingState.DONE).exists()


def _has_others(run_id: int, binding: Binding) -> bool:
    """Whether anything is left in the run that a pause could stop; it is over otherwise."""
    moving = Binding.objects.moving().filter(run=run_id)
    return moving.exclude(pk=binding.pk).exists()


def _has_spent(binding: Binding) -> bool:
    """Whether something was, or may have been, ordered or credited for this binding."""
    if binding.step >= step4.NUMBER:
        return True
    made = Intent.objects.filter(binding=binding, kind__in=_MONEY)
    return any(intents.may_have_happened(one) for one in made)


def _canaries_failed(run_id: int) -> int:
    """How many bindings of a run that has none done failed in a window since it was resumed."""
    return Binding.objects.filter(
        run=run_id,
        state__in=NEEDS_PERSON,
        prepared=True,
        cause__in=OF_ONE | OF_RULES,
        state_at__gte=_runs_since(run_id),
    ).count()


def _occurred(run_id: int, cause: str) -> int:
    """How often a binding of this run stopped for this cause since the run was resumed."""
    return Event.objects.filter(
        run=run_id,
        subject="binding",
        to_state__in=NEEDS_PERSON,
        why=named("cause", cause),
        at__gte=_runs_since(run_id),
    ).count()


def _runs_since(run_id: int) -> dt.datetime:
    """When the run began, or a person last had it go on."""
    begun = Run.objects.values_list("started_at", flat=True).get(pk=run_id)
    resumed = (
        Event.objects.filter(run=run_id, subject="run", to_state=RunState.RUNNING)
        .exclude(actor=transitions.PRODUCT)
        .order_by("-id")
        .values_list("at", flat=True)
        .first()
    )
    return resumed or begun


def _stop_message(cause: str, text: Message) -> Message:
    """The cause, what the panel said, and what to do."""
    known = causes.CAUSES[cause]
    if not text:
        return say("stop", cause=known.title, advice=known.advice)
    return say("stop.told", cause=known.title, why=text, advice=known.advice)


def _ids_of(binding: Binding) -> list[int]:
    """The panel that a binding was at work on: its server while it is prepared, then billing."""
    if not binding.prepared:
        return [binding.account.panel_id]
    billing = Panel.objects.billmanagers()
    return list(billing.values_list("pk", flat=True))


def _locked(binding: Binding) -> Panel | None:
    return _rows(_ids_of(binding)).first()


def _rows(ids: list[int]) -> QuerySet[Panel]:
    own = ("name", "kind", "failures", "failures_in_row")
    rows = Panel.objects.filter(pk__in=ids).only(*own, *proven_names.COLUMNS)
    return rows.select_for_update()
