"""List the runs, or show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count

from integrator.bindings.operator import report
from integrator.management.commands.bind import run_lines
from integrator.management.output import FAILED, OK, PersonCommand, columns, find_run
from integrator.models import Run
from integrator.models.states import NEEDS_PERSON, BindingState

if TYPE_CHECKING:
    from argparse import ArgumentParser

SHOWN_RUNS = 100


class Command(PersonCommand):
    """`manage.py runs [RUN]`."""

    help = "List the runs, newest first; with RUN (as r12) show that one."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the run."""
        parser.add_argument("run_word", nargs="?", metavar="RUN")

    def run(self, **given: Any) -> int:
        """Show one run (1 when something in it failed or is undecided), or list them."""
        if given["run_word"]:
            found = report.run_json(find_run(given["run_word"]))
            self.emit(found, run_lines(found))
            return FAILED if found["failed"] or found["undecided"] else OK
        rows = [_row(run) for run in Run.objects.select_related("preview")[:SHOWN_RUNS]]
        table = [list(rows[0]), *([*row.values()] for row in rows)] if rows else []
        self.emit({"runs": rows}, columns(table))
        return OK


def _row(run: Run) -> dict[str, Any]:
    counts = dict(run.bindings.values_list("state").annotate(Count("id")).order_by())
    return {
        "run": str(run),
        "state": run.state,
        "total": run.total,
        "done": counts.get(BindingState.DONE, 0),
        "needs_person": sum(counts.get(state, 0) for state in NEEDS_PERSON),
        "started": run.started_at.isoformat(timespec="seconds"),
        "by": run.created_by,
        "waits": "; ".join(report.waits(run)),
    }
