"""What discovery saw change, and where a bound service and its account have come to differ."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrator.models.mirror import Account, Service
from integrator.models.panel import Panel


class Change(models.Model):
    """One thing that a discovery found otherwise than the one before. Only ever added to.

    ``ref`` identifies the thing on its panel: an account's login, else BILLmanager's id; ``name``
    is what it was called. ``fields``: column → [before, after]. ``FIRST``: a list was read for the
    first time; ``fields`` holds {"count": [0, n]} and the rows themselves are not listed.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        CLIENT = "client", _("Client")
        USER = "user", _("Client's user")
        PLAN = "plan", _("Plan")
        MODULE = "module", _("Module")
        SERVICE = "service", _("Service")

    class What(models.TextChoices):
        FIRST = "first", pgettext_lazy("change", "First read")
        NEW = "new", pgettext_lazy("change", "New")
        GONE = "gone", pgettext_lazy("change", "Gone")
        BACK = "back", pgettext_lazy("change", "Back again")
        RENAMED = "renamed", pgettext_lazy("change", "Renamed")
        CHANGED = "changed", pgettext_lazy("change", "Changed")

    at = models.DateTimeField()
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    what = models.CharField(max_length=8, choices=What.choices)
    ref = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255, blank=True)
    fields = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["panel", "kind", "ref"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}: {self.what}"


class Drift(models.Model):
    """A bound service and its account say different things. One row per service and kind.

    ``reason`` says it in words with both sides ({"key", "params"}); its key is ``kind``.
    ``over_at``: since when it is so no more (None: it still is). ``accepted_by``: a person has
    said that it is meant; asked again when what differs changes.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="drifts")
    account = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="drifts"
    )
    panel = models.ForeignKey(
        Panel, on_delete=models.CASCADE, null=True, blank=True, related_name="drifts"
    )
    kind = models.CharField(max_length=24)
    reason = models.JSONField(default=dict)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-since", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "kind"], name="one_drift_per_kind"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-since", "-id"], condition=Q(over_at__isnull=True), name="drift_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.kind}"
