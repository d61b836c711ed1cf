"""The time in which a plan's modules differ from what the provider sells with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrator.models.fields import MessageField
from integrator.models.mirror import Plan
from integrator.models.states import Phase

if TYPE_CHECKING:
    import datetime as dt


class WindowQuerySet(models.QuerySet["Window"]):
    """Windows by where they stand."""

    def open(self) -> WindowQuerySet:
        """Those that have not closed yet."""
        return self.exclude(phase=Phase.CLOSED)

    def closed(self) -> WindowQuerySet:
        """Those that nobody drives any more."""
        return self.filter(phase=Phase.CLOSED)

    def due(self, now: dt.datetime) -> WindowQuerySet:
        """Open ones that somebody should drive at this time."""
        return self.open().filter(due_at__lte=now)

    def leased(self, token: str, now: dt.datetime) -> WindowQuerySet:
        """Those whose lease with this token still holds at this time."""
        return self.filter(lease_token=token, lease_expires_at__gt=now)


class Window(models.Model):
    """One window on one plan, for one cohort (design.md, section 5).

    - ``snapshot``: {"modules": [{"id", "name", "enabled", "orderpriority"}, …], "letter"}; all
      that restoring needs. ``letter`` is there where the opening letter is held back. None until
      it was taken: until then nothing has been switched.
    - ``follows``: the window whose cohort was through when this one took the plan over as it was,
      both modules on; None: the plan was at rest. The last one of such a row restores the plan.
    - ``manual_modules``: ids of our manual modules, by data centre id as text.
    - ``seen``: what the last shared reading found (floors of ids, times), see workflow.
    - ``modules_read_at``: when the panel was last asked for the plan's modules, of those times that
      they were as this phase wants.
    - ``closing``: no new intents; ``held``: the gate cannot be passed, a person chooses.
    - ``held_until``: when a held window goes on by itself at the latest; None: a person chooses.
    - ``watched_since``: from when on the watchdog counts since a person said *wait*; None: from
      the opening.
    - ``anyway_by``: who said *restore anyway*; empty when nobody did.
    - ``guided``: it waits for a person's word before each step; ``allowed``: up to which step that
      was said; ``asks``: the step that waits for it now, None where none does; ``asked_at``: since
      when.
    - ``uncertain``: a switch of this window had an unknown outcome, so restoring reads twice.
    - ``deaths``: how many workers died while they drove it in this phase, or looked at it since it
      closed.
    - ``recheck_at``: when the plan at rest is read once more; None afterwards.
    - ``looked_at``: when the servers' users were listed before it opened; ``compared_at``: when
      they, and the canary, were compared after it had closed.
    - ``after_at``: when the closed window is looked at again for what it has led to; None: no more.
    - ``alarm``: what that showed to be wrong, empty while all is well; ``alarm_seen_by``: who
      said to have looked at it.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="windows")
    phase = models.CharField(_("phase"), max_length=9, choices=Phase.choices, default=Phase.OPENING)
    follows = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, related_name="followed_by"
    )
    wants_orders = models.BooleanField(default=True)
    cohort = models.PositiveSmallIntegerField(default=0)
    snapshot = models.JSONField(null=True)
    manual_modules = models.JSONField(default=dict)
    seen = models.JSONField(default=dict)
    modules_read_at = models.DateTimeField(null=True)
    guided = models.BooleanField(default=False)
    allowed = models.PositiveSmallIntegerField(default=0)
    asks = models.PositiveSmallIntegerField(null=True)
    asked_at = models.DateTimeField(null=True)
    uncertain = models.BooleanField(default=False)
    closing = models.BooleanField(default=False)
    held = models.BooleanField(default=False)
    held_until = models.DateTimeField(null=True)
    cause = MessageField(blank=True)
    anyway_by = models.CharField(max_length=150, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    watched_since = models.DateTimeField(null=True)
    manual_only_at = models.DateTimeField(null=True)
    manual_only_until = models.DateTimeField(null=True)
    phase_at = models.DateTimeField()
    restored_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    recheck_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)
    after_at = models.DateTimeField(null=True)
    alarm = MessageField(blank=True)
    alarm_seen_by = models.CharField(max_length=150, blank=True)
    due_at = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=40, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan"], condition=~Q(phase="closed"), name="one_window_per_plan"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["alarm_seen_by"], condition=~Q(alarm=""), name="window_alarm"),
            models.Index(
                fields=["after_at"], condition=Q(after_at__isnull=False), name="window_after"
            ),
            models.Index(
                fields=["recheck_at"], condition=Q(recheck_at__isnull=False), name="window_recheck"
            ),
        ]

    def __str__(self) -> str:
        return f"w{self.pk}"

    @property
    def restored(self) -> bool:
        """Whether the plan was read back to be as it was before."""
        return self.restored_at is not None

    @property
    def handed_on(self) -> Window | None:
        """The window that took the plan over when this one's cohort was through; None: none did."""
        return getattr(self, "followed_by", None)
