"""What is watched around a window: a server's users, canaries, and other people's orders."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrator.models.binding import Binding
from integrator.models.fields import MessageField, SecretField
from integrator.models.panel import Panel
from integrator.models.window import Window


class ServerUsers(models.Model):
    """All users of one ispmanager as they were last listed, to tell which are new later."""

    panel = models.OneToOneField(Panel, on_delete=models.CASCADE, related_name="users_seen")
    names = models.JSONField(default=list)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"users of {self.panel}"


class NewUser(models.Model):
    """A user that was not on the server before, found by comparing lists around ``window``.

    ``binding``: whose service it belongs to; None: a stranger's. ``service_id``: the service that
    has this username in BILLmanager; None: none was seen. ``why``: what it was told by.
    """

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="new_users")
    window = models.ForeignKey(Window, on_delete=models.CASCADE, related_name="new_users")
    username = models.CharField(max_length=128)
    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, null=True)
    service_id = models.PositiveIntegerField(null=True)
    why = MessageField(blank=True)
    found_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.username


class Canary(models.Model):
    """The first account of a run, compared on its server before and after its window.

    ``before`` and ``after``: {"active", "owner", "preset", "disk_limit", "limits", "password"}.
    ``password``: kept encrypted only until it has been tried again.
    """

    class State(models.TextChoices):
        WATCHED = "watched", pgettext_lazy("canary", "Watched")
        UNCHANGED = "unchanged", pgettext_lazy("canary", "Unchanged")
        CHANGED = "changed", pgettext_lazy("canary", "Changed")
        UNPROVEN = "unproven", pgettext_lazy("canary", "Could not be compared")

    binding = models.OneToOneField(Binding, on_delete=models.CASCADE, related_name="canary")
    window = models.ForeignKey(Window, on_delete=models.CASCADE, related_name="canaries")
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WATCHED)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    why = MessageField(blank=True)
    password = SecretField(blank=True)
    compared_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "canaries"

    def __str__(self) -> str:
        return f"canary {self.binding}"


class StrangerOrder(models.Model):
    """An order of somebody else's that met a window of ours; touched on a person's word alone.

    ``began_before``: it was being opened already when the window came; else it fell into it.
    ``task_id``: the manual task that waits for people; None: there is none.
    ``handed_by``: who said to hand it to ispmanager; the intent tells what that has led to.
    """

    class State(models.TextChoices):
        OPENING = "opening", pgettext_lazy("stranger", "Being opened by its module")
        MANUAL = "manual", pgettext_lazy("stranger", "Waits as a manual task")
        HANDED = "handed", pgettext_lazy("stranger", "Handed to ispmanager")
        OPENED = "opened", pgettext_lazy("stranger", "Opened")
        GONE = "gone", pgettext_lazy("stranger", "Closed or suspended")

    window = models.ForeignKey(Window, on_delete=models.CASCADE, related_name="strangers")
    service_id = models.PositiveIntegerField(unique=True)
    client_id_remote = models.PositiveIntegerField(null=True)
    client_name = models.CharField(max_length=255, blank=True)
    domain = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=128, blank=True)
    task_id = models.PositiveIntegerField(null=True)
    performer = models.CharField(max_length=128, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    began_before = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    read_at = models.DateTimeField()
    handed_by = models.CharField(max_length=150, blank=True)
    handed_at = models.DateTimeField(null=True)
    why = MessageField(blank=True)

    class Meta:
        ordering: ClassVar = ["service_id"]

    def __str__(self) -> str:
        return f"{self.service_id} {self.domain}"
