"""What belongs to people: a second factor, sessions, and views of the accounts that they saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from integrator.models.fields import SecretField

if TYPE_CHECKING:
    from integrator.core.session_store import SessionStore


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


class Session(AbstractBaseSession):
    """A browser in which somebody has signed in, so that he or an admin can end it.

    ``user`` None: nobody has signed in yet. ``reference`` names it in pages, which must not show
    its key. ``address``, ``browser``, ``began_at``: whence and when its person signed in.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=32, blank=True)
    began_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-began_at", "session_key"]

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        """The engine that keeps these."""
        from integrator.core.session_store import SessionStore  # noqa: PLC0415 - uses this

        return SessionStore


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
