"""Reads the accounts' e-mails, a call each (ispmanager.md 2.4): rate-limited, the oldest first.

Only accounts that could be bound and whose client is not certain without are asked. What was asked
is written down at once with its time, so that a reading may end anywhere and the next one goes on;
it is asked again when it is old. The worker reads on in the background (``integrator.tasks``).
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import F, Q

from integrator.core.clock import now
from integrator.inventory.mirror import portions, update_rows
from integrator.matching.candidates import unbound
from integrator.models import Account, Panel
from integrator.models.states import RowState
from integrator.panel_access import call_log, panel_connections
from panels.coremanager.errors import Busy, LoginRefused, PanelError, Refused, UnexpectedAnswer
from panels.normal_forms import stored_email

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.inventory.progress import Progress
    from panels.ispmanager import IspManager

SECONDS = 45.0
"""How long one reading may take; a task has 60."""
AGE = dt.timedelta(days=30)
"""An e-mail is asked for again after that time."""
PORTION = 25
MAX_ACCOUNTS = 20_000
"""More than can be asked in one reading; they are not all loaded."""


def wanted(panel: Panel) -> QuerySet[Account]:
    """The panel's accounts whose e-mail is to be read: those never read first, then the oldest."""
    proven = Q(match_state=RowState.READY, email="")
    return (
        unbound()
        .filter(panel=panel, chosen_by="")
        .filter(Q(email_at=None) | Q(email_at__lt=now() - AGE))
        .exclude(proven)
        .order_by(F("email_at").asc(nulls_first=True), "id")
    )


def read(panel: Panel, progress: Progress | None = None, *, seconds: float = SECONDS) -> int:
    """Ask for the e-mails that are wanted, as many as the time allows; how many have changed.

    Raises PanelError when the panel stops answering; what was read is kept.
    """
    asked = list(wanted(panel).values_list("id", "username", "email")[:MAX_ACCOUNTS])
    if not asked:
        return 0
    if progress is not None:
        progress.phase("emails", len(asked))
    reading = _Reading(panel_connections.ispmanager(panel), time.monotonic() + seconds)
    done = changed = 0
    # Others work on this server too: half of its places, at the pace of the settings.
    with ThreadPoolExecutor(max(1, panel.max_parallel // 2)) as pool:
        for rows in pool.map(reading.portion, portions(asked, PORTION)):
            moment = now()
            update_rows(
                Account, ["email", "email_at"], [(pk, [email, moment]) for pk, email, _ in rows]
            )
            done += len(rows)
            changed += sum(1 for _pk, email, before in rows if email != before)
            if progress is not None:
                progress.done(done)
    if reading.broken is not None:
        raise reading.broken
    return changed


class _Reading:
    """The threads' common pace, end and failure."""

    def __init__(self, ispmanager: IspManager, until: float) -> None:
        self._ispmanager = ispmanager
        self._until = until
        self._lock = threading.Lock()
        self._next = time.monotonic()
        self._over = threading.Event()
        self.broken: PanelError | None = None

    def portion(self, accounts: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
        """(id, e-mail, the one before) of those that were asked before the time was up."""
        read: list[tuple[int, str, str]] = []
        try:
            with call_log.about():
                for pk, username, before in accounts:
                    if not self._turn():
                        break
                    email = _email(self._ispmanager, username)
                    if email is not None:
                        read.append((pk, email, before))
        except PanelError as error:
            self.broken = error
            self._over.set()
        finally:
            connection.close()
        return read

    def _turn(self) -> bool:
        """Wait for the next turn at the common pace; False when the reading is over."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + 1 / settings.EMAILS_PER_SECOND
        if turn >= self._until:
            return False
        return not self._over.wait(max(0.0, turn - time.monotonic()))


def _email(ispmanager: IspManager, username: str) -> str | None:
    """The account's e-mail in its normal form; "" where it has none, None where to ask later.

    Raises PanelError when nothing can be asked at all.
    """
    try:
        return stored_email(ispmanager.email(username))[:254]
    except LoginRefused:
        raise
    except (Busy, UnexpectedAnswer):
        return None
    except Refused:
        return ""
