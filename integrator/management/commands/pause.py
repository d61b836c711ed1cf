"""Pause a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.bindings.operator import actions
from integrator.management.output import OK, PersonCommand, actor, find_run
from integrator.messages.message import verbatim

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py pause RUN`."""

    help = "Let what is under way finish its step, and begin nothing new."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the run and the reason."""
        parser.add_argument("run_word", metavar="RUN")
        parser.add_argument("--why", default="", help="kept with the event")

    def run(self, **given: Any) -> int:
        """Do it and say where the run stands."""
        run = find_run(given["run_word"])
        actions.pause(run.pk, actor(), verbatim(given["why"]))
        run.refresh_from_db()
        self.emit({"run": str(run), "state": run.state}, [f"{run} {run.state}"])
        return OK
