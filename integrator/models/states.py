"""The words for where a run, a binding, a step and a window stand, and their groups.

The groups are named here once, so that no query or template spells out a set of states.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class BindingState(models.TextChoices):
    """How a binding lives (design.md, section 4)."""

    QUEUED = "queued", pgettext_lazy("binding", "Queued")
    RUNNING = "running", pgettext_lazy("binding", "Running")
    WAITING = "waiting", pgettext_lazy("binding", "Waiting")
    DONE = "done", pgettext_lazy("binding", "Done")
    FAILED = "failed", pgettext_lazy("binding", "Failed")
    UNDECIDED = "undecided", pgettext_lazy("binding", "Needs a decision")
    CANCELLED = "cancelled", pgettext_lazy("binding", "Cancelled")


CLAIMABLE = (BindingState.QUEUED, BindingState.WAITING)
MOVING = (BindingState.QUEUED, BindingState.RUNNING, BindingState.WAITING)
NEEDS_PERSON = (BindingState.FAILED, BindingState.UNDECIDED)
ENDED = (BindingState.DONE, BindingState.CANCELLED)
RETRYABLE = (BindingState.FAILED, BindingState.CANCELLED)


class StepState(models.TextChoices):
    """Where one step of a binding or of a window stands."""

    RUNNING = "running", pgettext_lazy("step", "Running")
    DONE = "done", pgettext_lazy("step", "Done")
    FAILED = "failed", pgettext_lazy("step", "Failed")
    UNDECIDED = "undecided", pgettext_lazy("step", "Needs a decision")


class RunState(models.TextChoices):
    """Where a run stands.

    ``UNDECIDED``: nothing in it can move before a person has decided on one of its bindings, or on
    another one of the same client. ``FINISHED``: nothing in it can move without a person, and
    nothing in it waits for a decision.
    """

    RUNNING = "running", pgettext_lazy("run", "Running")
    PAUSED = "paused", pgettext_lazy("run", "Paused")
    CANCELLED = "cancelled", pgettext_lazy("run", "Cancelled")
    UNDECIDED = "undecided", pgettext_lazy("run", "Needs a decision")
    FINISHED = "finished", pgettext_lazy("run", "Finished")


class Phase(models.TextChoices):
    """How far a window is (design.md, section 5)."""

    OPENING = "opening", _("Opening")
    ORDERS = "orders", _("Manual only: orders and payments")
    ENABLING = "enabling", _("Switching both on")
    TASKS = "tasks", _("Both on: tasks")
    RESTORING = "restoring", _("Restoring")
    CLOSED = "closed", _("Closed")


class Outcome(models.TextChoices):
    """What became of an intent. ``PENDING``: nothing has been written down since it was made."""

    PENDING = "", _("Pending")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Unknown")
    NOTHING = "nothing", _("Proven not to have happened")


UNSETTLED = (Outcome.PENDING, Outcome.UNKNOWN)
MAY_HAVE_HAPPENED = (Outcome.DONE, *UNSETTLED)


class Payment(models.TextChoices):
    """How a run pays (design.md, section 6)."""

    BALANCE = "balance", _("From the client's balance")
    CREDIT = "credit", _("Credit what the balance lacks, then pay from it")
    FREE = "free", _("Free: the price is zero")


class RowState(models.TextChoices):
    """Whether a row of a preview, or an account's match, can be bound as it stands."""

    READY = "ready", _("Ready")
    CHOOSE = "choose", _("Choose")
    BLOCKED = "blocked", _("Blocked")
