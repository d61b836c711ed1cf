"""Discovery: copies what the panels list into our mirrors, by reads alone.

One panel at a time, so that a slow or broken server holds back nobody else; what the panels say
about each other (which module serves which server, which account is a service already) is worked
out after each of them from the mirrors alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from integrator.drift import drift
from integrator.inventory import billmanager, ispmanager, module_links, service_recognition
from integrator.inventory.progress import Progress
from integrator.matching import matcher
from integrator.messages import panel_errors
from integrator.models import Panel
from integrator.panel_access import call_log, panel_stop, reachability
from integrator.panel_access.read_retries import repeated_reads
from integrator.refresh import account_emails
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Mapping


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Discovered:
    """The result of a discovery: rows by kind (``accounts``, ``clients``, …), and its seconds."""

    panel: str
    counts: Mapping[str, int]
    seconds: float


def discover(panel: Panel, *, match: bool = True) -> Discovered:
    """Read all that ``panel`` lists and update the mirrors.

    Progress, counts and a failure are kept in ``panel.discovery``. ``match``: propose clients and
    plans anew afterwards; False when the caller does so after several panels.
    Raises PanelError; the rows that were read until then are kept, and none is
    marked gone on the ground of an incomplete list.
    """
    begun = time.monotonic()
    progress = Progress(panel)
    try:
        with call_log.about(), repeated_reads():
            if panel.kind == Panel.Kind.BILLMANAGER:
                counts, facts = billmanager.discover(panel, progress)
            else:
                counts, facts = ispmanager.discover(panel, progress)
    except PanelError as error:
        progress.fail(panel_errors.of_error(error))
        # Else each round in the background would try once more what is refused.
        if panel_stop.stop(error) is not None:
            panel.refresh_from_db(fields=["stopped", "stopped_login"])
        raise
    reachability.mark_panel_reachable(panel)
    compare()
    if match:
        progress.phase("matching")
        matcher.match_all()
        if panel.kind == Panel.Kind.ISPMANAGER:
            counts |= _emails(panel, progress)
    progress.finish(counts, facts)
    return Discovered(panel.name, counts, round(time.monotonic() - begun, 3))


def compare() -> None:
    """Link servers, recognise services and find drift, from the mirrors alone."""
    module_links.link_servers()
    service_recognition.recognise()
    drift.compare()


def _emails(panel: Panel, progress: Progress) -> dict[str, int]:
    """Read the e-mails that matching lacks, and match again if any is new; counts.

    The lists are complete, so that a panel which stops answering now has not failed to be
    discovered: the rest is asked in the background.
    """
    try:
        changed = read_emails(panel, progress)
    except PanelError as error:
        log.warning("emails.broken_off", panel=panel.name, why=str(error))
        changed = 0
    return {"emails_new": changed, "emails_left": account_emails.wanted(panel).count()}


def read_emails(panel: Panel, progress: Progress | None = None) -> int:
    """Read the e-mails of one server that matching lacks, match again if any is new; how many are.

    Raises PanelError; what was read is kept.
    """
    try:
        changed = account_emails.read(panel, progress)
    except PanelError as error:
        panel_stop.stop(error)
        matcher.match_all()
        raise
    if changed:
        matcher.match_all()
    return changed
