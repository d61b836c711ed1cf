"""Our record that one account shall become one service of one client on one plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrator.models.fields import MessageField, SecretField
from integrator.models.mirror import Account, Client, Plan
from integrator.models.run import Run
from integrator.models.states import CLAIMABLE, MOVING, BindingState, StepState
from integrator.models.window import Window

if TYPE_CHECKING:
    import datetime as dt


class BindingQuerySet(models.QuerySet["Binding"]):
    """Bindings by where they stand."""

    def moving(self) -> BindingQuerySet:
        """Those that the product goes on with by itself."""
        return self.filter(state__in=MOVING)

    def unclaimed(self) -> BindingQuerySet:
        """Those that may be claimed once they are due."""
        return self.filter(state__in=CLAIMABLE)

    def claimable(self, now: dt.datetime) -> BindingQuerySet:
        """Those that may be claimed at this time."""
        return self.unclaimed().filter(due_at__lte=now)

    def leased(self, now: dt.datetime) -> BindingQuerySet:
        """Claimed ones whose lease still holds at this time."""
        return self.filter(state=BindingState.RUNNING, lease_expires_at__gt=now)


class Binding(models.Model):
    """A binding and where it stands. Only ``integrator.bindings.transitions`` writes its state.

    - ``step``: the step it is at: 3 order, 4 pay, 6 find the task, 7 close it, 8 waits for the
      plan to be restored. Steps 1, 2, 5 and 8 are the window's.
    - ``marker``: our unguessable id, sent as ``remoteid``.
    - ``due_at``: when somebody may claim it; None: it sleeps until it is woken.
    - ``waiting_for``: what for, as a key (``window``, ``readback``, ``task``, ``lane``, …).
    - ``deaths``: how many workers died over it since its step last changed or a person retried it.
    - ``prepared``: what must be true before a window (password tested or reset) is.
    - ``reserved``: no other binding of this account may exist.
    - ``in_lane``: it alone may order and pay for this client.
    - ``credited``: what was added to the balance for it; None: nothing.
    - ``cause``: a key of ``integrator.bindings.causes``; ``cause_text`` the particulars.
    - ``version`` grows with every change, so that pages can tell what is new.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="bindings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="bindings")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="bindings")
    su = models.PositiveIntegerField()
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="bindings")
    datacenter_id = models.PositiveIntegerField()
    module_id = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    nth_of_client = models.PositiveIntegerField(default=0)
    domain = models.CharField(max_length=255)
    period = models.SmallIntegerField()
    autoprolong = models.BooleanField()
    expires = models.DateField(null=True)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=8, blank=True)
    password = SecretField(blank=True)
    marker = models.CharField(max_length=40, unique=True)

    state = models.CharField(
        _("state"), max_length=9, choices=BindingState.choices, default=BindingState.QUEUED
    )
    step = models.PositiveSmallIntegerField(default=3)
    attempts = models.PositiveSmallIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    prepared = models.BooleanField(default=False)
    waiting_for = models.CharField(max_length=24, blank=True)
    due_at = models.DateTimeField(null=True)
    window = models.ForeignKey(
        Window, on_delete=models.SET_NULL, null=True, related_name="bindings"
    )
    lease_token = models.CharField(max_length=40, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    reserved = models.BooleanField(default=True)
    in_lane = models.BooleanField(default=False)
    credited = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    service_id = models.PositiveIntegerField(null=True)
    task_id = models.PositiveIntegerField(null=True)
    expires_set = models.BooleanField(default=False)
    cause = models.CharField(max_length=32, blank=True)
    cause_text = MessageField(blank=True)
    created_at = models.DateTimeField()
    state_at = models.DateTimeField()
    step_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    objects = BindingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["run_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(reserved=True), name="one_binding_per_account"
            ),
            models.UniqueConstraint(
                fields=["client"], condition=Q(in_lane=True), name="one_in_lane_per_client"
            ),
            models.UniqueConstraint(
                fields=["service_id"],
                condition=Q(service_id__isnull=False),
                name="one_binding_per_service",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["run", "state"]),
            models.Index(fields=["run", "number"]),
            models.Index(
                fields=["window", "state"], condition=Q(window__isnull=False), name="binding_window"
            ),
            models.Index(
                fields=["due_at"], condition=Q(state__in=["queued", "waiting"]), name="binding_due"
            ),
            models.Index(
                fields=["state"],
                condition=Q(state="cancelled", reserved=False),
                name="binding_given_up",
            ),
            models.Index(
                fields=["lease_expires_at"], condition=Q(state="running"), name="binding_lease"
            ),
        ]

    def __str__(self) -> str:
        return f"b{self.pk}"


class Step(models.Model):
    """One of the eight, of a binding (3, 4, 6, 7) or of a window (1, 2, 5, 8).

    A step that is done is never run again; ``code_version`` says which code did it.
    ``history``: [{"attempt", "at", "seconds", "outcome", "cause"}, …], oldest first.
    """

    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, null=True, related_name="steps")
    window = models.ForeignKey(Window, on_delete=models.CASCADE, null=True, related_name="steps")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=StepState.choices, default=StepState.RUNNING)
    code_version = models.PositiveSmallIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict)
    cause = models.CharField(max_length=32, blank=True)
    cause_text = MessageField(blank=True)
    history = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            # Without a condition, so that an upsert can name them; NULLs do not clash.
            models.UniqueConstraint(fields=["binding", "number"], name="one_step_of_binding"),
            models.UniqueConstraint(fields=["window", "number"], name="one_step_of_window"),
            models.CheckConstraint(
                condition=Q(binding__isnull=False) ^ Q(window__isnull=False),
                name="step_of_binding_or_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.binding or self.window} step {self.number}"
