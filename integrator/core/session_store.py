"""Keeps sessions in rows that say whose they are, so that they can be ended."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.sessions.base_session import AbstractBaseSession

BEGAN = "began"
"""Session key: (reference, epoch seconds, address, browser) of its person's signing in."""
MAX_BROWSER = 200


def began(address: str, browser: str) -> tuple[str, float, str, str]:
    """What is kept of somebody's signing in now."""
    now = timezone.now().timestamp()
    return secrets.token_hex(16), now, address[:45], browser[:MAX_BROWSER]


class SessionStore(db.SessionStore):
    """Django's own, with a row of ours."""

    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        """The rows (`integrator.models.Session`)."""
        return cast("type[AbstractBaseSession]", apps.get_model("integrator", "Session"))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row of this data; whose it is stands in it."""
        row: Any = super().create_model_instance(data)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        if BEGAN in data:
            row.reference, seconds, row.address, row.browser = data[BEGAN]
            row.began_at = dt.datetime.fromtimestamp(seconds, dt.UTC)
        return cast("AbstractBaseSession", row)
