"""What belongs to people: a second factor, and views of the accounts that they have saved."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from integrator.models.fields import SecretField


class SecondFactor(models.Model):
    """An authenticator app that one person has set up (TOTP, RFC 6238).

    ``confirmed_at`` None: the secret was shown, but no code of it was seen yet. ``last_step``: the
    newest 30-second step a code was taken of; none is taken twice. ``failures`` in a row make
    ``locked_until``. ``recovery``: hashes of the codes for a lost phone that are still unused.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor"
    )
    secret = SecretField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    recovery = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["user_id"]

    def __str__(self) -> str:
        return f"second factor of user {self.user_id}"


class SavedView(models.Model):
    """A filter and order of the Accounts page under a name, for all people.

    ``query``: as it stands in the page's address, without a page number.
    """

    MAX_NAME = 60
    MAX_QUERY = 1000

    name = models.CharField(max_length=MAX_NAME, unique=True)
    query = models.CharField(max_length=MAX_QUERY)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
