"""List the open windows, restore a plan, and see to what a window met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.operator import actions, report
from integrator.core.errors import Refused
from integrator.core.numbers import row_id
from integrator.inventory.lookup import PlanNames
from integrator.management.output import FAILED, OK, PersonCommand, actor, allow_json, columns
from integrator.models import StrangerOrder, Window
from integrator.windows import order_handover
from integrator.windows.post_checks import post_checks

if TYPE_CHECKING:
    from argparse import ArgumentParser

MAX_ORDERS = 200
"""Orders that are listed at most."""


class Command(PersonCommand):
    """`manage.py window list | restore PLAN | strangers [WINDOW] | hand-over SERVICE | seen …`."""

    help = "List the plans whose modules are switched, restore one, see to what a window met."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        what = parser.add_subparsers(dest="what", required=True)
        allow_json(what.add_parser("list", help=_("the open windows")))
        restore = what.add_parser("restore", help=_("switch a plan back"))
        allow_json(restore)
        restore.add_argument("plan", metavar="PLAN", help=_("id or exact name"))
        restore.add_argument(
            "--anyway",
            action="store_true",
            help=_("although orders may then create second hosting accounts"),
        )
        theirs = what.add_parser("strangers", help=_("other people's orders that met a window"))
        allow_json(theirs)
        theirs.add_argument("window", nargs="?", metavar="WINDOW", help=_("as w12; else all"))
        theirs.add_argument("--read", action="store_true", help=_("ask BILLmanager first"))
        hand = what.add_parser("hand-over", help=_("have ispmanager open such an order"))
        allow_json(hand)
        hand.add_argument("service", type=int, metavar="SERVICE")
        seen = what.add_parser("seen", help=_("say that you have looked at what was wrong"))
        allow_json(seen)
        seen.add_argument("window", metavar="WINDOW", help=_("as w12"))

    def run(self, **given: Any) -> int:
        """Do what was asked."""
        jobs = {
            "list": self.show,
            "restore": self.restore,
            "strangers": self.strangers,
            "hand-over": self.hand_over,
            "seen": self.seen,
        }
        return jobs[given["what"]](given)

    def show(self, _given: dict[str, Any]) -> int:
        """List the open windows; 1 when one of them is held or something is wrong after one."""
        rows = [_row(window) for window in report.open_windows()]
        alarms = [
            {"window": str(window), "plan": window.plan.name, "alarm": str(window.alarm)}
            for window in Window.objects.filter(alarm_seen_by="")
            .exclude(alarm="")
            .select_related("plan")
        ]
        head = ["window", "plan", "phase", "held", "since", "cause"]
        table = [head, *([row[name] for name in head] for row in rows)] if rows else []
        lines = columns(table) or [_("No window is open.")]
        lines += [f"{one['window']} {one['plan']}: {one['alarm']}" for one in alarms]
        self.emit({"windows": rows, "alarms": alarms}, lines)
        return FAILED if alarms or any(row["held"] for row in rows) else OK

    def restore(self, given: dict[str, Any]) -> int:
        """Ask for a plan's window to be restored."""
        plan = PlanNames.load().find(given["plan"])
        window = Window.objects.open().filter(plan=plan).first()
        if window is None:
            raise Refused(_("No window is open on the plan “%(plan)s”.") % {"plan": plan.name})
        actions.restore(window.pk, actor(), anyway=given["anyway"])
        window.refresh_from_db()
        row = _row(window)
        self.emit(row, [f"{window} {plan.name}: {window.phase}"])
        return OK

    def strangers(self, given: dict[str, Any]) -> int:
        """List other people's orders; 1 while some wait for people."""
        orders = StrangerOrder.objects.select_related("window__plan").order_by("-service_id")
        if given["window"]:
            window = _find(given["window"])
            if given["read"]:
                post_checks.read_again(window.pk)
            orders = orders.filter(window=window)
        rows = [_order(order) for order in orders[:MAX_ORDERS]]
        table = [list(rows[0]), *([*row.values()] for row in rows)] if rows else []
        self.emit({"orders": rows}, columns(table) or [_("None met a window.")])
        return FAILED if any(row["state"] == StrangerOrder.State.MANUAL for row in rows) else OK

    def hand_over(self, given: dict[str, Any]) -> int:
        """Hand one of them to ispmanager, on the word of whoever runs this."""
        order = StrangerOrder.objects.filter(service_id=given["service"]).first()
        if order is None:
            raise Refused(_("Service %(id)d met no window.") % {"id": given["service"]})
        order_handover.hand_over(order.pk, actor())
        order = StrangerOrder.objects.select_related("window__plan").get(pk=order.pk)
        self.emit(_order(order), [f"{order.service_id} {order.state}"])
        return OK

    def seen(self, given: dict[str, Any]) -> int:
        """Take an alarm off every page."""
        window = _find(given["window"])
        if not post_checks.seen_by(window.pk, actor()):
            raise Refused(_("Nothing is wrong after %(window)s.") % {"window": window})
        self.emit({"window": str(window)}, [f"{window}: {window.alarm}"])
        return OK


def _find(word: str) -> Window:
    found = Window.objects.select_related("plan").filter(pk=row_id(word.removeprefix("w"))).first()
    if found is None:
        raise Refused(_("There is no window “%(word)s”; write it as w12.") % {"word": word})
    return found


def _order(order: StrangerOrder) -> dict[str, Any]:
    return {
        "service": order.service_id,
        "window": str(order.window),
        "plan": order.window.plan.name,
        "client": order.client_name or order.client_id_remote,
        "domain": order.domain,
        "state": str(order.state),
        "task": order.task_id,
        "began_before": order.began_before,
        "handed_by": order.handed_by,
    }


def _row(window: Window) -> dict[str, Any]:
    return {
        "window": str(window),
        "plan": window.plan.name,
        "phase": window.phase,
        "held": window.held,
        "held_until": window.held_until.isoformat(timespec="seconds")
        if window.held_until
        else None,
        "since": window.created_at.isoformat(timespec="seconds"),
        "cause": str(window.cause),
    }
