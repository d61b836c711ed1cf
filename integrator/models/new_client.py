"""A client that a person wants to be created in BILLmanager."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrator.models.fields import MessageField
from integrator.models.mirror import Client


class NewClient(models.Model):
    """One e-mail, for which there shall be a client; only ``workflow.creating`` writes its state.

    ``country`` and ``project`` are keys of BILLmanager's form, "" where none was chosen.
    ``client``: who has the e-mail now; None: nobody yet. ``made``: whether we created it; else it
    was there already. ``due_at``: when it may be worked on; None: no more.
    """

    class State(models.TextChoices):
        """Where the creation stands."""

        QUEUED = "queued", pgettext_lazy("new client", "Queued")
        DONE = "done", pgettext_lazy("new client", "There")
        FAILED = "failed", pgettext_lazy("new client", "Failed")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=32, blank=True)
    project = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.QUEUED)
    cause = MessageField(blank=True)
    client = models.ForeignKey(Client, on_delete=models.SET_NULL, null=True)
    made = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["email"]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="queued"), name="new_client_due"
            ),
        ]

    def __str__(self) -> str:
        return self.email
