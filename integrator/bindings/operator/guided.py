"""What a person says in a guided binding: go on, or stop and put back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from integrator.bindings.operator import actions
from integrator.core.errors import ActionRefused
from integrator.messages.message import say
from integrator.models import Binding, Preview, Run, Window
from integrator.models.states import Phase
from integrator.windows import guided_window

if TYPE_CHECKING:
    import datetime as dt

ASKS = Q(asks__isnull=False, closing=False) & ~Q(phase=Phase.CLOSED)
"""Windows in which nothing moves before a person has said so."""


def choose(preview_id: int, *, guided: bool) -> None:
    """Whether the run of this preview is guided; then it binds one account alone."""
    Preview.objects.filter(pk=preview_id, started_at=None).update(guided=guided)


def asking(run: Run) -> Window | None:
    """The window of this run that waits for a person's word; None: none does now."""
    return (
        Window.objects.filter(ASKS, bindings__run=run).select_related("plan").order_by("pk").first()
    )


def closes_at(window: Window) -> dt.datetime:
    """When it closes by itself, so that its plan does not sell manually for nobody."""
    return guided_window.until(window)


def go_on(run_id: int, step: int, actor: str) -> None:
    """Let the guided binding of this run do this step.

    Raises ActionRefused when it waits for something else, or for nothing.
    """
    window = asking(Run.objects.get(pk=run_id))
    if window is None or not guided_window.say_go_on(window.pk, step, actor):
        raise ActionRefused(
            _("Step %(step)d is not what waits for your word now; look again.") % {"step": step}
        )


def stop(run_id: int, actor: str) -> None:
    """End the run, and have its plan put back through the gate, as for any window.

    Raises ActionRefused when nothing is left to stop.
    """
    # Before it is cancelled: what has not ordered leaves its window then.
    open_ones = Window.objects.open().filter(bindings__run=run_id)
    windows = list(open_ones.distinct().values_list("pk", flat=True))
    actions.cancel(run_id, actor, why=say("run.guided_stop"))
    for window in windows:
        with suppress(ActionRefused):  # closed a moment ago: its plan is as it was
            actions.restore(window, actor)


def binding_of(run: Run) -> Binding:
    """The one binding of a guided run."""
    return (
        Binding.objects.select_related("account__panel", "client", "plan", "run__preview", "window")
        .filter(run=run)
        .order_by("number")[0]
    )
