"""Show and set which plan a preset's accounts become."""  # noqa: N999 - the command's name

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import lookup
from integrator.management.output import OK, PersonCommand, columns
from integrator.matching import matcher, plan_map
from integrator.previews.choices import MAX_PERIOD, Choices

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py plan-map [--set PRESET=PLAN …]`."""

    help = "Show or set which plan a preset's accounts become; equal names map by themselves."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the assignments."""
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="PRESET=PLAN",
            dest="wanted",
            help=_("“*” stands for all presets that nothing else maps"),
        )
        parser.add_argument("--server", metavar="NAME", help=_("set it on this server alone"))
        parser.add_argument("--period", type=int, default=1, metavar="N", help=_("months"))

    def run(self, **given: Any) -> int:
        """Set what was given, then show the map."""
        if given["wanted"]:
            if not 1 <= given["period"] <= MAX_PERIOD:
                raise Refused(Choices(period=given["period"]).problems()[0])
            panel = lookup.panel(given["server"]) if given["server"] else None
            plan_map.set_many(given["wanted"], panel, given["period"])
            matcher.match_all()
        rows = [_row(row) for row in plan_map.table()]
        head = [_("preset"), _("server"), _("accounts"), _("plan"), _("months"), _("how")]
        self.emit({"presets": rows}, columns([head, *([*row.values()][:6] for row in rows)]))
        return OK


def _row(row: plan_map.PresetRow) -> dict[str, Any]:
    mapped = row.mapped
    return {
        "preset": row.preset,
        "server": row.panel.name if row.panel else None,
        "accounts": row.accounts,
        "plan": mapped.plan.name if mapped else None,
        "period": mapped.period if mapped else None,
        "how": mapped.how if mapped else None,
        "plan_id": mapped.plan.remote_id if mapped else None,
        "over_disk": row.over,
        "limits": mapped.plan.limits if mapped else {},
    }
