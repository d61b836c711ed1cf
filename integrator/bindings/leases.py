"""The leases that this process holds, on bindings and windows; the heartbeat extends them."""

from __future__ import annotations

import datetime as dt
import threading

from django.conf import settings
from django.db import transaction

from integrator.core import clock, heartbeat
from integrator.models import Binding, Window

_held: set[str] = set()
_held_lock = threading.Lock()


def _extend_leases() -> None:
    """Extend all leases of this process, bindings' and windows', in two statements."""
    with _held_lock:
        tokens = list(_held)
    if tokens:
        until = end()
        now = clock.now()
        for model in (Binding, Window):
            ours = model.objects.filter(lease_token__in=tokens, lease_expires_at__gt=now)
            # One whose state is being written just now is extended the next time: two statements
            # that each lock several rows could wait for each other.
            free = ours.select_for_update(skip_locked=True).values("pk")
            with transaction.atomic():
                model.objects.filter(pk__in=free).update(lease_expires_at=until)


def hold(token: str) -> None:
    """Have the heartbeat extend the lease with this token."""
    with _held_lock:
        _held.add(token)
    heartbeat.add_duty(_extend_leases)


def attend() -> None:
    """Show that this process lives, before it holds its first lease."""
    heartbeat.add_duty(_extend_leases)


def let_go(token: str) -> None:
    """Stop extending the lease with this token."""
    with _held_lock:
        _held.discard(token)


def end() -> dt.datetime:
    """When a lease that is taken or extended now runs out."""
    return clock.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
