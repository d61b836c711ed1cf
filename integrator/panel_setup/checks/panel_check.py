"""The panel check: whether our logins have all functions that the steps need. Reads only.

Asked when a panel is connected, on demand, and before each run.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, named, say, sentences
from integrator.models import Panel
from integrator.models.states import RowState
from integrator.panel_access import call_log, transports
from integrator.panel_setup import advice
from integrator.panel_setup.checks import billmanager, connection, ispmanager
from integrator.panel_setup.checks.rows import PASSES, Asker, CheckRow
from integrator.panel_setup.login_check import STAFF_LEVEL, whoami
from panels.coremanager.errors import CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from integrator.messages.message import Message
    from integrator.models import Preview

__all__ = ["CheckReport", "CheckRow", "check", "need_ready", "need_ready_for"]

MAX_AGE = dt.timedelta(minutes=5)
"""A check without errors that is younger is not repeated when a run is started."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check. ``ok``: nothing that a step needs is missing.

    ``facts``: ``latency_ms``, ``clock_ahead_seconds``, ``tls`` {``subject``, ``not_before``,
    ``not_after``, ``sha256``, ``trust``} and ``parallel`` {``limit``, ``refused``,
    ``latency_ms``}; each None or absent where it was not measured.
    """

    ok: bool
    rows: list[CheckRow]
    seconds: float
    version: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def unreachable(self) -> bool:
        """Whether the panel could not be asked."""
        return any(row.state == "unreachable" for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The report as it is printed, in English."""
        return self._as_json(lambda message: message.english)

    def stored(self) -> dict[str, Any]:
        """The report as ``Panel.checked`` keeps it, with messages that are read in any language.

        Older versions kept ``what`` and ``text`` as text, as an empty ``text`` still is.
        """
        return self._as_json(lambda message: message.to_json() if message else "")

    def _as_json(self, put: Callable[[Message], Any]) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "version": self.version,
            "seconds": self.seconds,
            "facts": self.facts,
            "rows": [
                {
                    "step": row.step,
                    "what": put(row.what),
                    "func": row.func,
                    "state": row.state,
                    "text": put(row.text),
                    "entry": row.entry,
                    "candidates": list(row.candidates),
                }
                for row in self.rows
            ],
        }


def check(panel: Panel, *, in_parallel: bool = True) -> CheckReport:
    """Ask the panel for everything that the steps need; the report is kept in ``panel.checked``.

    A login that works again ends the panel's stop; a certificate that is not trusted begins one.
    ``in_parallel``: also try as many calls at a time as are allowed.
    """
    begun = time.monotonic()
    facts: dict[str, Any] = {}
    with call_log.about():
        asker = Asker(panel, transports.transport(panel, even_stopped=True))
        if _log_in(asker):
            panel.stopped = NOTHING
            facts = connection.measure(asker, in_parallel=in_parallel)
            if panel.kind == Panel.Kind.BILLMANAGER:
                billmanager.ask(asker)
            else:
                ispmanager.ask(asker)
    rows = sorted(asker.rows, key=lambda row: row.step)
    ok = all(row.state in PASSES for row in rows)
    seconds = round(time.monotonic() - begun, 3)
    report = CheckReport(ok, rows, seconds, panel.version, facts)
    panel.checked, panel.checked_at = report.stored(), now()
    panel.save(update_fields=["checked", "checked_at", "stopped", "version"])
    return report


def need_ready_for(preview: Preview) -> None:
    """Check the panels that a run of this preview would work on; see ``need_ready``."""
    if preview.started_at is not None:
        return  # a doubled click: it runs already
    servers = preview.rows.filter(state=RowState.READY).values("account__panel_id")
    is_billmanager = Q(kind=Panel.Kind.BILLMANAGER)
    need_ready(Panel.objects.filter(is_billmanager | Q(pk__in=servers)))


def need_ready(panels: Iterable[Panel]) -> None:
    """Check the panels of a run that is about to start, those excepted that were just checked.

    Raises Refused, with what is missing on which panel and what to do; nothing has been changed.
    """
    lines = []
    for panel in panels:
        recent = panel.checked_at is not None and now() - panel.checked_at < MAX_AGE
        if recent and panel.checked.get("ok") and not panel.stopped:
            continue
        report = check(panel, in_parallel=False)
        lines += [
            f"{panel.name}: {row.what}: {named('check_state', row.state)}. {row.text}".strip()
            for row in report.rows
            if row.state not in PASSES
        ]
    if lines:
        text = _("The panels are not ready, so that nothing was started. See each panel's page.")
        raise Refused(text, lines)


def _log_in(asker: Asker) -> bool:
    """Check both logins; whether they work and are strong enough."""
    panel = asker.panel
    staff = [False, True] if panel.task_username else [False]
    allowed = True
    for as_task_staff in staff:
        login = panel.task_username if as_task_staff else panel.username
        what = say("need.login", login=login)
        allowed = _try(asker, what, login, as_task_staff=as_task_staff) and allowed
    return allowed


def _name_other_address(asker: Asker) -> None:
    """Add to a failed row the other usual address, where a panel answers there."""
    row = asker.rows[-1]
    if row.state == "not found" and (where := advice.other_address(asker.panel)):
        asker.rows[-1] = replace(row, text=sentences(row.text, where))


def _try(asker: Asker, what: Message, login: str, *, as_task_staff: bool) -> bool:
    panel = asker.panel
    levels: list[int | None] = []

    def ask() -> None:
        try:
            who = whoami(panel, as_task_staff=as_task_staff)
        except CertificateRefused as error:
            panel.stopped = panel_errors.of_certificate(error)
            raise
        levels.append(who.level)
        panel.version = getattr(who, "version", "") or panel.version

    if not asker.ask(0, what, "whoami", ask):
        _name_other_address(asker)
        return False
    level = levels[0]
    if level is not None and level < STAFF_LEVEL:
        asker.rows.pop()
        asker.note(0, what, "whoami", "denied", advice.weak_login(login, panel, level))
        return False
    return True
