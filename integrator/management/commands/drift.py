"""Show where bound services and their accounts differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.drift import drift
from integrator.management.output import FAILED, OK, UNREACHABLE, PersonCommand, columns
from integrator.messages.message import of_json
from integrator.models import Drift, Panel
from integrator.refresh import discovery
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py drift`."""

    help = "Compare bound services with their accounts, as last read. Changes nothing anywhere."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare its options."""
        parser.add_argument("--discover", action="store_true", help=_("read all panels first"))
        parser.add_argument("--all", action="store_true", help=_("what is meant, too"))

    def run(self, **given: Any) -> int:
        """Compare and print; 1 when something differs that nobody has accepted."""
        code = self._discover() if given["discover"] else OK
        discovery.compare()
        shown = Drift.objects.filter(over_at=None) if given["all"] else drift.unsettled()
        rows = [_row(one) for one in shown.select_related("account", "panel", "service")]
        ages = dict(Panel.objects.values_list("name", "discovered_at"))
        lines = columns([(row["server"], row["username"], row["text"]) for row in rows])
        self.emit(
            {"drift": rows, "read": ages},
            [*lines, _("%(n)d differences.") % {"n": len(rows)}],
        )
        return code or (FAILED if any(not row["accepted_by"] for row in rows) else OK)

    def _discover(self) -> int:
        code = OK
        for panel in Panel.objects.order_by("kind", "name"):
            try:
                discovery.discover(panel, match=False)
            except PanelError as error:
                self.note(str(error))
                code = UNREACHABLE
        return code


def _row(one: Drift) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "service": one.service.remote_id,
        "server": one.panel.name if one.panel else "",
        "username": one.account.username if one.account else one.service.username,
        "text": str(of_json(one.reason)),
        "since": one.since,
        "accepted_by": one.accepted_by,
    }
