"""Cancel a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.operator import actions
from integrator.management.output import OK, PersonCommand, actor, find_run
from integrator.messages.message import verbatim
from integrator.runs import endings

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py cancel RUN`."""

    help = "Cancel what has not ordered yet; what has goes to its end or waits for a decision."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the run and the reason."""
        parser.add_argument("run_word", metavar="RUN")
        parser.add_argument("--why", default="", help="kept with the event")
        parser.add_argument(
            "--dry-run", action="store_true", help=_("only say what it means for each binding")
        )

    def run(self, **given: Any) -> int:
        """Do it and say where the run stands, and what it means for the bindings."""
        run = find_run(given["run_word"])
        if not given["dry_run"]:
            actions.cancel(run.pk, actor(), verbatim(given["why"]))
            run.refresh_from_db()
        means = endings.of_cancelling(run)
        self.emit(
            {
                "run": str(run),
                "state": run.state,
                "free": means.free,
                "credited": means.credited,
                "reserved": means.reserved,
                "done": means.done,
                "amounts": [
                    {"currency": currency, "amount": f"{amount:.2f}"}
                    for currency, amount in means.amounts
                ],
            },
            [f"{run} {run.state}", *(f"  {one}" for one in means.sentences())],
        )
        return OK
