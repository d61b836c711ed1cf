"""Resume a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.bindings.operator import actions
from integrator.management.output import OK, PersonCommand, actor, find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py resume RUN`."""

    help = "Go on with a run that was paused."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the run."""
        parser.add_argument("run_word", metavar="RUN")

    def run(self, **given: Any) -> int:
        """Do it and say where the run stands."""
        run = find_run(given["run_word"])
        actions.resume(run.pk, actor())
        run.refresh_from_db()
        self.emit({"run": str(run), "state": run.state}, [f"{run} {run.state}"])
        return OK
