"""What was meant, what was sent, and what happened: intents, calls and events."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from integrator.models.binding import Binding
from integrator.models.fields import MessageField
from integrator.models.run import Run
from integrator.models.states import MAY_HAVE_HAPPENED, UNSETTLED, Outcome
from integrator.models.window import Window


class IntentQuerySet(models.QuerySet["Intent"]):
    """Intents by what is known of them."""

    def unsettled(self) -> IntentQuerySet:
        """Those of which nobody knows yet what became of them."""
        return self.filter(outcome__in=UNSETTLED)

    def may_have_happened(self) -> IntentQuerySet:
        """Those that were done, or of which nobody knows."""
        return self.filter(outcome__in=MAY_HAVE_HAPPENED)


class Intent(models.Model):
    """Written and committed before a call that cannot be repeated (design.md, section 4).

    ``before``: what was there before, as far as it decides later what is new. ``send_by``: no
    process sends it after this time. ``settles_at``: from then on, what cannot be seen has not
    happened. ``result``: what the panel told, or what reading back found.
    """

    binding = models.ForeignKey(
        Binding, on_delete=models.CASCADE, null=True, related_name="intents"
    )
    window = models.ForeignKey(Window, on_delete=models.CASCADE, null=True, related_name="intents")
    step = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16)
    marker = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict)
    at = models.DateTimeField()
    send_by = models.DateTimeField()
    settles_at = models.DateTimeField()
    outcome = models.CharField(
        max_length=8, choices=Outcome.choices, default=Outcome.PENDING, blank=True
    )
    outcome_at = models.DateTimeField(null=True)
    why = MessageField(blank=True)
    result = models.JSONField(default=dict)

    objects = IntentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            # Two windows that open at once must not both make the module they share.
            models.UniqueConstraint(
                fields=["kind", "marker"],
                condition=Q(kind="create_module", outcome__in=[str(o) for o in UNSETTLED]),
                name="one_module_in_the_making",
            ),
            # Nor must two workers make the same client.
            models.UniqueConstraint(
                fields=["kind", "marker"],
                condition=Q(kind="create_client", outcome__in=[str(o) for o in UNSETTLED]),
                name="one_client_in_the_making",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["binding", "kind"]),
            models.Index(fields=["window", "kind"]),
            models.Index(
                fields=["settles_at"],
                condition=Q(outcome__in=[str(o) for o in UNSETTLED]),
                name="intent_unsettled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Call(models.Model):
    """One request to a panel, with request and answer redacted; kept for a while.

    ``error``: why it did not end well, a panel's words as they are.
    """

    at = models.DateTimeField(db_index=True)
    panel = models.CharField(max_length=64)
    func = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    effect = models.BooleanField(default=False)
    outcome = models.CharField(max_length=10)
    seconds = models.FloatField()
    answer = models.TextField(blank=True)
    error = MessageField(blank=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="calls")
    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, null=True, related_name="calls")
    window = models.ForeignKey(Window, on_delete=models.CASCADE, null=True, related_name="calls")
    step = models.PositiveSmallIntegerField(null=True)
    attempt = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.panel} {self.func}"


class Event(models.Model):
    """Who or what changed a state, from what to what, and why. Only ever added to.

    ``actor``: a person's login, or ``integrator`` for the product itself.
    """

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150)
    subject = models.CharField(max_length=16)
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24, blank=True)
    why = MessageField(blank=True)
    details = models.JSONField(default=dict)
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, null=True, related_name="events", db_index=False
    )
    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, null=True, related_name="events")
    window = models.ForeignKey(Window, on_delete=models.CASCADE, null=True, related_name="events")

    class Meta:
        ordering: ClassVar = ["-id"]
        # The newest one of a run tells its page whether anything is new.
        indexes: ClassVar = [models.Index(fields=["run", "id"], name="event_of_run")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.from_state} → {self.to_state}"
