"""The markers of a BILLmanager's lists of plans' modules: which column shows what is on.

And by which switches that was seen to change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from integrator.messages import panel_errors
from integrator.models import Panel
from integrator.panel_access import stored_dialect, transports
from panels.billmanager.dialect.names import Found
from panels.billmanager.discovery import plan_modules

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from panels.billmanager import BillManager
    from panels.billmanager.dialect.dialect import Dialect

log = structlog.get_logger(__name__)

MARKER = "plan_modules_marker"
SWITCHES = "switches"
"""In ``Panel.learnt``: ``on`` and ``off``, each with what a switch was seen by in both places."""
BOTH_WAYS = frozenset({True, False})


def relearn_marker(bm: BillManager) -> bool:
    """Infer the marker again and store it with the dialect; whether it is another one now.

    For when what was known is not borne out by the list of plans. An administrator's word stays.
    The client goes on with what it knew; a new one knows better. Raises what reading raises.
    """
    panel = transports.billmanager_panel()
    if panel.overrides.get(MARKER):
        return False
    inferred = plan_modules.infer_marker_again(bm.transport, bm.dialect)
    if inferred.marker is None and not inferred.plans:
        return False  # no list could be read: nothing is known that was not known before
    found = None
    if inferred.marker is not None:
        found = Found(str(inferred.marker), inferred.why, sure=inferred.sure)
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        dialect = stored_dialect.found_for(row)
        before = dialect.plan_modules_marker
        places = {**dialect.places, MARKER: inferred.why}
        row.dialect = replace(dialect, plan_modules_marker=found, places=places).to_json()
        row.save(update_fields=["dialect"])
    if found is None:
        log.warning("panel.marker_unknown", panel=panel.name, why=inferred.why)
    return found is not None and (before is None or before.value != found.value)


def why_unknown() -> Message:
    """Why no marker could be inferred; an empty message when none was looked for yet."""
    places = stored_dialect.found_for(transports.billmanager_panel("dialect")).places
    return panel_errors.of_words(places.get(MARKER, ""))


def is_set_by_hand() -> bool:
    """Whether an administrator has set the marker."""
    return bool(transports.billmanager_panel("overrides").overrides.get(MARKER))


def proven(bm: BillManager) -> frozenset[bool]:
    """The ways, on and off, in which a switch was once seen in both lists that show it.

    Under other names, by another marker, or in another version, nothing is proven yet. Without a
    registered panel there is nothing to prove: both are.
    """
    try:
        panel = transports.billmanager_panel("learnt")
    except transports.NoBillManagerError:
        return BOTH_WAYS
    return frozenset(on for on in BOTH_WAYS if is_proven_with(panel, bm.dialect, on=on))


def is_proven_with(panel: Panel, dialect: Dialect, *, on: bool) -> bool:
    """Whether a switch this way was proven on this panel with the names of this dialect."""
    return bool(panel.learnt.get(SWITCHES, {}).get(_way(on=on)) == _seen_by(dialect, on=on))


def prove(bm: BillManager, *, on: bool) -> None:
    """Store that a switch this way was seen in the plan's list of modules and the list of plans."""
    with transaction.atomic():
        row = Panel.objects.billmanagers().select_for_update().get()
        proven = {**row.learnt.get(SWITCHES, {}), _way(on=on): _seen_by(bm.dialect, on=on)}
        row.learnt = {**row.learnt, SWITCHES: proven}
        row.save(update_fields=["learnt"])


def _way(*, on: bool) -> str:
    return "on" if on else "off"


def _seen_by(dialect: Dialect, *, on: bool) -> str:
    func = dialect.plan_modules_enable if on else dialect.plan_modules_disable
    marker = dialect.plan_modules_marker
    return f"{func.value if func else ''} {marker.value if marker else ''}"
