"""What a run would do, frozen before anything moves."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrator.models.fields import SecretField
from integrator.models.mirror import Account, Client, Plan
from integrator.models.states import Payment, RowState

CANARY = 1
"""The size of a run's first cohort (design.md, section 5)."""
COHORT_GROWTH = 10
"""The next cohort on a plan is so many times as large as what is done there, at the most."""

MAKING_SILENT = dt.timedelta(minutes=1)
"""After so long without a word the worker that makes a preview counts as dead."""


STARTING_SILENT = dt.timedelta(minutes=10)
"""After so long the worker that starts a run counts as dead: it may read long lists before."""


class PreviewQuerySet(models.QuerySet["Preview"]):
    """Previews by how far they are made."""

    def to_make(self, now: dt.datetime) -> PreviewQuerySet:
        """Those that a worker should make: none is at it, or the one that was is silent."""
        return self.exclude(wanted="").filter(_unattended("making_at", now - MAKING_SILENT))

    def to_start(self, now: dt.datetime) -> PreviewQuerySet:
        """Those that a worker should start: none is at it, or the one that was is silent."""
        return self.exclude(start_by="").filter(_unattended("starting_at", now - STARTING_SILENT))


def _unattended(column: str, since: dt.datetime) -> Q:
    """The condition that no worker has said since then, in this column, that it is at it."""
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lt": since})


class Preview(models.Model):
    """The choices of one person and what they would do; a run is started from it, once.

    ``token`` comes from the form, so that a doubled click or reload makes one preview.
    ``hours``: "" or "HH:MM-HH:MM", in which a run may work. ``hold_letters``: plans send no
    opening letter while a window of the run is open. ``expires_rule``: until when services run
    whose row named no date. ``canary``: the account that goes first; None: whichever comes first.
    ``guided``: its run binds one account, and waits for a person's word before each step.
    ``wanted``: encrypted, of which accounts it shall be, while a worker has yet to make it; empty
    once it is made. ``making_at``: when a worker last said that it is at it; None: none has begun.
    ``start_by``: who wants it started, in which language, while a worker has yet to start it;
    ``starting_at``: since when one is at it.
    ``summary`` holds totals, mails and windows as ``bind --dry-run --json`` prints them.
    """

    token = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    source = models.CharField(max_length=16)
    payment = models.CharField(max_length=8, choices=Payment.choices, default=Payment.BALANCE)
    paymethod_id = models.PositiveIntegerField(null=True)
    paymethod_name = models.CharField(max_length=128, blank=True)
    autoprolong = models.BooleanField(null=True)
    period = models.SmallIntegerField(default=1)
    check_passwords = models.BooleanField(default=False)
    reset_passwords = models.BooleanField(default=False)
    without_passwords = models.BooleanField(default=False, db_default=False)
    cohort = models.PositiveSmallIntegerField(default=100)
    hours = models.CharField(max_length=11, blank=True)
    hold_letters = models.BooleanField(default=False)
    expires_rule = models.CharField(max_length=11, blank=True)
    canary = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, related_name="previews_as_canary"
    )
    guided = models.BooleanField(default=False)
    summary = models.JSONField(default=dict)
    wanted = SecretField(blank=True)
    making_at = models.DateTimeField(null=True)
    start_by = models.CharField(max_length=150, blank=True)
    start_language = models.CharField(max_length=8, blank=True)
    starting_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)

    objects = PreviewQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["making_at"], condition=~Q(wanted=""), name="preview_to_make"),
            models.Index(
                fields=["starting_at"], condition=~Q(start_by=""), name="preview_to_start"
            ),
        ]

    def __str__(self) -> str:
        return f"p{self.pk}"


class PreviewRow(models.Model):
    """One account of a preview: what would be sent for it, or why not.

    ``number``: its line in the CSV, or its place in the selection. ``price`` None: not known.
    ``balance_before``, ``credit`` and ``balance_after``: the client's balance when this row's turn
    comes, what is added to it first, and what is left; None: not known, or the row is not ready.
    ``suspends_on``: the first day on which the site could be suspended if nobody pays; None: the
    row is not ready.
    ``reasons``: [{"key", "params"}, …], with "asks" where a person must say something
    first; ``candidates``: client ids to choose from. ``words``: what a person has confirmed
    (``integrator.previews.confirmations``).
    """

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True)
    su = models.PositiveIntegerField(null=True)
    client_email = models.CharField(max_length=254, blank=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, null=True)
    datacenter_id = models.PositiveIntegerField(null=True)
    module_id = models.PositiveIntegerField(null=True)
    domain = models.CharField(max_length=255, blank=True)
    period = models.SmallIntegerField(default=1)
    autoprolong = models.BooleanField(default=False)
    expires = models.DateField(null=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=8, blank=True)
    balance_before = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    credit = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    balance_after = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    suspends_on = models.DateField(null=True)
    password = SecretField(blank=True)
    state = models.CharField(_("state"), max_length=8, choices=RowState.choices)
    reasons = models.JSONField(default=list)
    candidates = models.JSONField(default=list)
    words = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["preview", "number"], name="one_row_per_number"),
            models.UniqueConstraint(fields=["preview", "account"], name="one_row_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.preview_id}:{self.number}"
