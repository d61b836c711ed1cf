"""Bindings started together by one person with one set of choices."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrator.models.fields import MessageField
from integrator.models.preview import Preview
from integrator.models.states import RunState


class Run(models.Model):
    """A run; its choices are those of its preview.

    ``why``: the cause of a pause or cancellation. ``next_at``: when the scheduler looks at it
    again. ``total`` is fixed at the start; all other counts are asked of the bindings.
    """

    preview = models.OneToOneField(Preview, on_delete=models.PROTECT)
    state = models.CharField(
        _("state"), max_length=9, choices=RunState.choices, default=RunState.RUNNING
    )
    why = MessageField(blank=True)
    total = models.PositiveIntegerField()
    created_by = models.CharField(max_length=150)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"r{self.pk}"
