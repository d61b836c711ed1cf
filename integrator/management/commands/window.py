"""List the open windows, and restore a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.accounts.lookup import PlanNames
from integrator.accounts.refusals import Refused
from integrator.management.output import FAILED, OK, PersonCommand, actor, allow_json, columns
from integrator.models import Window
from integrator.models.states import Phase
from integrator.workflow import actions, report

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py window list | restore PLAN`."""

    help = "List the plans whose modules are switched at this moment, or restore one."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the two sub-commands."""
        what = parser.add_subparsers(dest="what", required=True)
        allow_json(what.add_parser("list", help=_("the open windows")))
        restore = what.add_parser("restore", help=_("switch a plan back"))
        allow_json(restore)
        restore.add_argument("plan", metavar="PLAN", help=_("id or exact name"))
        restore.add_argument(
            "--anyway", action="store_true",
            help=_("although orders may then create second hosting accounts"),
        )  # fmt: skip

    def run(self, **given: Any) -> int:
        """Do what was asked."""
        return self.restore(given) if given["what"] == "restore" else self.show()

    def show(self) -> int:
        """List the open windows; 1 when one of them is held."""
        rows = [_row(window) for window in report.open_windows()]
        head = ["window", "plan", "phase", "held", "since", "cause"]
        table = [head, *([row[name] for name in head] for row in rows)] if rows else []
        self.tell({"windows": rows}, columns(table) or [_("No window is open.")])
        return FAILED if any(row["held"] for row in rows) else OK

    def restore(self, given: dict[str, Any]) -> int:
        """Ask for a plan's window to be restored."""
        plan = PlanNames.load().find(given["plan"])
        window = Window.objects.filter(plan=plan).exclude(phase=Phase.CLOSED).first()
        if window is None:
            raise Refused(_("No window is open on the plan “%(plan)s”.") % {"plan": plan.name})
        actions.restore(window.pk, actor(), anyway=given["anyway"])
        window.refresh_from_db()
        row = _row(window)
        self.tell(row, [f"{window} {plan.name}: {window.phase}"])
        return OK


def _row(window: Window) -> dict[str, Any]:
    return {
        "window": str(window),
        "plan": window.plan.name,
        "phase": window.phase,
        "held": window.held,
        "since": window.created_at.isoformat(timespec="seconds"),
        "cause": window.cause,
    }
