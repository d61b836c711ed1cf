"""Panels that an admin has registered, and the slots of their parallel limit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrator.models.fields import MessageField, SecretField


class PanelQuerySet(models.QuerySet["Panel"]):
    """Panels by what they are."""

    def billmanagers(self) -> PanelQuerySet:
        """BILLmanager, of which there is one at most."""
        return self.filter(kind=Panel.Kind.BILLMANAGER)

    def billmanager(self) -> Panel | None:
        """The registered BILLmanager; None: there is none yet."""
        return self.billmanagers().first()


class Panel(models.Model):
    """One BILLmanager or one ispmanager installation.

    ``address`` is the normalised host, port and path of ``url``; its uniqueness refuses one server
    under two names. ``module_id`` (ispmanagers only): the BILLmanager module that serves this
    server, None while unknown. ``stopped``: why no call is made any more, empty while all is well.
    ``checked`` and ``dialect`` hold what the last panel check and discovery found; ``learnt`` what
    only bindings could show (``take_keeps_form``: taking a task leaves its form as it was).
    ``stopped_login``: where only the staff login is refused, its name: the panel itself is still
    called, so that an open plan can be restored. ``failures``: how many bindings in a row ended at
    a step for a cause without one that passed that step, as {"7 form_unknown": 3};
    ``failures_in_row``: the largest of these. ``away_since``: since when it cannot be read, None
    while it can; ``away_why``: what the last try said; ``away_until``: no window that needs it is
    opened before. ``pace``: how many calls at a time it is given now,
    None: ``max_parallel``; ``pace_why`` and ``pace_at`` tell why and since when.
    ``password_try_at``: no password of an account is tried before; ``wrong_passwords``: how many
    were wrong in a row.
    """

    class Kind(models.TextChoices):
        BILLMANAGER = "billmanager", "BILLmanager"
        ISPMANAGER = "ispmanager", "ispmanager"

    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    url = models.URLField(_("URL"), max_length=300)
    address = models.CharField(max_length=300, unique=True)
    username = models.CharField(_("username"), max_length=128)
    password = SecretField(_("password"))
    task_username = models.CharField(max_length=128, blank=True)
    task_password = SecretField(blank=True)
    ca_pem = models.TextField(blank=True)
    pin_sha256 = models.CharField(max_length=128, blank=True)
    max_parallel = models.PositiveSmallIntegerField(default=8)
    module_id = models.PositiveIntegerField(null=True, blank=True)
    module_linked_by_hand = models.BooleanField(default=False)
    version = models.CharField(max_length=64, blank=True)
    dialect = models.JSONField(default=dict, blank=True)
    overrides = models.JSONField(default=dict, blank=True)
    learnt = models.JSONField(default=dict, blank=True)
    checked = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    discovered_at = models.DateTimeField(null=True, blank=True)
    discovery = models.JSONField(default=dict, blank=True)
    stopped = MessageField(blank=True)
    stopped_login = models.CharField(max_length=128, blank=True)
    failures_in_row = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=dict, blank=True)
    away_since = models.DateTimeField(null=True, blank=True)
    away_why = MessageField(blank=True)
    away_until = models.DateTimeField(null=True, blank=True)
    pace = models.PositiveSmallIntegerField(null=True, blank=True)
    pace_why = MessageField(blank=True)
    pace_at = models.DateTimeField(null=True, blank=True)
    password_try_at = models.DateTimeField(null=True, blank=True)
    wrong_passwords = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = PanelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind="billmanager"), name="one_billmanager"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PanelSlot(models.Model):
    """One of a panel's ``max_parallel`` places for a call, leased by a process.

    The parallel limit lives in the database so that it holds over all processes and machines
    and survives an emptied Redis.
    """

    panel = models.CharField(max_length=64)
    number = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=40, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["panel", "number"], name="one_slot_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.panel}/{self.number}"


class WorkerProcess(models.Model):
    """A process that works or serves, by its last sign of life; what health is read from.

    ``wants``: panel name → when it last said, in epoch seconds, that its calls wait for places.
    """

    token = models.CharField(max_length=40, unique=True)
    role = models.CharField(max_length=16)
    host = models.CharField(max_length=128)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    wants = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.role} {self.pid}@{self.host}"
