"""Jobs: what panels do by themselves, run when it is due."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations
from panels.sandbox.http.refusals import Refusal
from panels.sandbox.world import acts

if TYPE_CHECKING:
    from panels.sandbox.world.records import Job
    from panels.sandbox.world.world import World


def run_due(world: World) -> None:
    """Do everything that is due by now, in order, each as of the time at which it was due."""
    try:
        while (job := world.take_due()) is not None:
            world.moment = job.due
            _run(world, job)
    finally:
        world.moment = None


def _run(world: World, job: Job) -> None:
    if job.kind == "open":
        operations.open_service(world, job.target, int(job.args[0]) if job.args else 0)
    elif job.kind == "finish_task":
        module, username, password = job.args
        operations.finish_task(world, job.target, int(module), username, password)
    elif job.kind == "stranger" and world.dials.strangers_every > 0:
        with suppress(Refusal):  # who is refused goes away
            acts.stranger_orders(world, {})
        world.schedule(world.dials.strangers_every, "stranger", 0)
