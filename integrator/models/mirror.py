"""What discovery last saw on the panels: read-only copies, each with its age.

Remote ids are BILLmanager's own numbers. There is exactly one BILLmanager, so they are unique.
A row that a discovery no longer finds gets ``gone_at``; it is never deleted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q

from integrator.models.panel import Panel
from integrator.models.states import RowState


class Mirror(models.Model):
    """Common to all mirrors: when a row was last seen, and since when it is gone, if it is."""

    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Client(Mirror):
    """A BILLmanager account: who pays. ``balance`` None: not shown to our login.

    ``terms``: how far its balance may go below zero, where BILLmanager shows that: {"postpaid":
    true} or {"limit": "100.00"}, with "source", the column or field that it was inferred from;
    {}: it pays in advance, as far as we know.
    """

    remote_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=255, blank=True)
    balance = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=32, blank=True)
    project = models.CharField(max_length=128, blank=True)
    terms = models.JSONField(default=dict)

    class Meta:
        # Accounts are sorted by the name of their client.
        indexes: ClassVar = [models.Index(fields=["name", "id"], name="client_by_name")]

    def __str__(self) -> str:
        return self.name or f"#{self.remote_id}"

    @property
    def may_owe(self) -> Decimal | None:
        """How far the balance may go below zero; None: without end (post-paid)."""
        return None if self.terms.get("postpaid") else Decimal(self.terms.get("limit", "0"))


class ClientUser(Mirror):
    """A user of a client; ``su`` takes its ``remote_id``. ``email`` is stored in lower case."""

    remote_id = models.PositiveIntegerField(unique=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="users")
    email = models.CharField(max_length=254, blank=True, db_index=True)
    name = models.CharField(max_length=255, blank=True)
    realname = models.CharField(max_length=255, blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.email or self.name


class Plan(Mirror):
    """A tariff plan for shared hosting.

    ``periods``: months → {"amount", "currency"} as text; ``datacenters``: [[id, name], …];
    ``modules``: [{"id", "name", "enabled", "orderpriority"}, …] as last seen. ``limits``: resource
    → what the plan allows (``disc`` in MiB, ``webdomainlimit``, …); absent: not known.
    """

    remote_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=255)
    enabled = models.BooleanField(default=True)
    project = models.CharField(max_length=128, blank=True)
    periods = models.JSONField(default=dict)
    datacenters = models.JSONField(default=list)
    modules = models.JSONField(default=list)
    limits = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Module(Mirror):
    """A processing module. ``kind``: manual, ispmanager or other."""

    remote_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=255)
    intname = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=16)
    datacenter_id = models.PositiveIntegerField(null=True)
    datacenter = models.CharField(max_length=255, blank=True)
    department_id = models.PositiveIntegerField(null=True)
    orderpriority = models.IntegerField(null=True)
    enabled = models.BooleanField(default=True)
    url = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class Service(Mirror):
    """A shared hosting service as BILLmanager lists it. ``status``: 1 to 5 (billmanager.md 7.1)."""

    remote_id = models.PositiveIntegerField(unique=True)
    client_id_remote = models.PositiveIntegerField(null=True, db_index=True)
    plan_id_remote = models.PositiveIntegerField(null=True)
    domain = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=64, blank=True, db_index=True)
    module_id_remote = models.PositiveIntegerField(null=True)
    status = models.PositiveSmallIntegerField()
    item_status = models.CharField(max_length=32, blank=True)
    expires = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.remote_id} {self.domain}"


_ASKED = ("gone_at", "system", "service", "binding")


class Account(Mirror):
    """A hosting user on an ispmanager panel.

    ``binding`` is the live or last binding (None: never bound by us), ``service`` the service it
    was found bound to. ``match_*`` is what matching proposes: state, reasons
    ([{"key", "params"}, …]) and candidate client ids, the likeliest first; ``client`` and
    ``plan`` the proposal itself, or the choice of a person where ``chosen_by`` is not empty.

    ``email_at``: when the e-mail was last asked for (None: never; an empty ``email`` with a time
    means that the account has none). ``conflicts``: where BILLmanager says otherwise than the
    server or we do (reasons, as above); ``in_conflict``: whether there are any. ``words``: the
    conflicts and doubts that a person has seen and decided against, as keys of
    ``integrator.matching.client_choices``.
    """

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="accounts")
    username = models.CharField(max_length=64)
    fullname = models.CharField(max_length=255, blank=True)
    owner = models.CharField(max_length=64, blank=True)
    preset = models.CharField(max_length=128, blank=True)
    active = models.BooleanField(default=True)
    system = models.BooleanField(default=False)
    domain = models.CharField(max_length=255, blank=True)
    domains = models.JSONField(default=list)
    email = models.CharField(max_length=254, blank=True)
    email_at = models.DateTimeField(null=True, blank=True)
    disk_used = models.PositiveIntegerField(null=True)
    disk_limit = models.PositiveIntegerField(null=True)
    service = models.ForeignKey(
        Service,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="accounts",
        db_index=False,
    )
    binding = models.ForeignKey(
        "integrator.Binding",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    client = models.ForeignKey(
        Client, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    plan = models.ForeignKey(Plan, on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    match_state = models.CharField(max_length=8, choices=RowState.choices, default=RowState.BLOCKED)
    match_reasons = models.JSONField(default=list)
    match_candidates = models.JSONField(default=list)
    chosen_by = models.CharField(max_length=150, blank=True)
    conflicts = models.JSONField(default=list)
    in_conflict = models.BooleanField(default=False)
    words = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["username", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["panel", "username"], name="one_account_per_login"),
        ]
        # The Accounts page counts and skips by these; what its filters ask of every row stands in
        # them too, since fetching a hundred thousand rows for it is slow.
        indexes: ClassVar = [
            models.Index(fields=["username", "id", *_ASKED], name="acc_by_name"),
            models.Index(fields=["panel", "username", "id", *_ASKED], name="acc_by_panel"),
            models.Index(fields=["match_state", "username", "id", *_ASKED], name="acc_by_match"),
            # A word that is short, or that many have, is looked for here.
            models.Index(
                fields=["username", "id", "domain", "email", "client", *_ASKED],
                name="acc_by_word",
            ),
            models.Index(fields=["plan", "username", "id", *_ASKED], name="acc_by_plan"),
            models.Index(fields=["domain", "username", "id", *_ASKED], name="acc_by_domain"),
            models.Index(fields=["client", "username", "id", *_ASKED], name="acc_by_client"),
            # Not of those without one, which are half of them: SQLite would sort them all.
            models.Index(
                fields=["service"], condition=Q(service__isnull=False), name="acc_service"
            ),
            models.Index(
                fields=["binding"], condition=Q(binding__isnull=False), name="acc_binding"
            ),
            models.Index(
                fields=["username", "id"], condition=Q(in_conflict=True), name="acc_conflict"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.username}@{self.panel_id}"


class PlanMap(models.Model):
    """Accounts of this preset become services of this plan. ``panel`` None: on every server."""

    preset = models.CharField(max_length=128)
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, null=True, blank=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE)
    period = models.SmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["preset", "panel"], name="one_plan_per_preset"),
            models.UniqueConstraint(
                fields=["preset"], condition=models.Q(panel=None), name="one_plan_everywhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.preset} → {self.plan_id}"
