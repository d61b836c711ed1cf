"""Fills a database that has accounts with one run: `python -m tests.bench.worlds.many_bindings N`.

Three of ten are done, one has failed, some are in windows, the others wait for one. Prints the
run's id and how many bindings it has: fewer where fewer accounts can be bound.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
django.setup()

from django.db.models import OuterRef, Subquery  # noqa: E402 - after Django is set up
from django.utils import timezone  # noqa: E402 - the same

from integrator.models import (  # noqa: E402 - the same
    Account,
    Binding,
    Event,
    Intent,
    Plan,
    Preview,
    Run,
    Window,
)

BATCH = 2000
WINDOWS, IN_WINDOWS = 4, 400


def _state(n: int, windows: list[Window]) -> dict[str, Any]:
    """Where the binding with this number stands."""
    if n % 10 < 3:
        moment = timezone.now()
        return {"state": "done", "step": 8, "done_at": moment, "service_id": 10_000_000 + n}
    if n % 10 == 3:
        return {"state": "failed", "cause": "wrong_password" if n % 20 == 3 else "task_refused"}
    if n < IN_WINDOWS:
        return {"state": "waiting", "waiting_for": "turn", "window": windows[n % WINDOWS]}
    return {"state": "queued", "waiting_for": "window"}


def main(count: int) -> None:
    """Make a running run of so many bindings, with events and the orders of those that are done."""
    now = timezone.now()
    preview = Preview.objects.create(
        token="bench", created_at=now, created_by="bench", source="selected"
    )
    free = list(Account.objects.filter(service=None, client__isnull=False).order_by("pk")[:count])
    run = Run.objects.create(preview=preview, total=len(free), created_by="bench", started_at=now)
    plans = list(Plan.objects.order_by("pk"))
    windows = [
        Window.objects.create(
            plan=plan, phase="orders", created_at=now, phase_at=now, opened_at=now, cohort=100
        )
        for plan in plans[:WINDOWS]
    ]
    Binding.objects.bulk_create(
        [
            Binding(
                run=run, account=account, client_id=account.client_id or 0, su=1, plan=plans[0],
                datacenter_id=1, module_id=1, number=n, domain=account.domain, period=1,
                autoprolong=True, price=Decimal("9.90"), currency="EUR", marker=f"bench-{n}",
                created_at=now, state_at=now, step_at=now, prepared=True, **_state(n, windows),
            )
            for n, account in enumerate(free, 1)
        ],
        BATCH,
    )  # fmt: skip
    own = Binding.objects.filter(account=OuterRef("pk")).values("pk")
    Account.objects.filter(bindings__run=run).update(binding=Subquery(own))
    ids = list(Binding.objects.values_list("pk", flat=True))
    Event.objects.bulk_create(
        [
            Event(at=now, actor="integrator", subject="binding", run=run, binding_id=pk)
            for pk in ids
        ],
        BATCH,
    )
    done = Binding.objects.filter(state="done").values_list("pk", flat=True)
    Intent.objects.bulk_create(
        [
            Intent(binding_id=pk, step=3, attempt=1, kind="order", at=now, send_by=now,
                   settles_at=now, outcome="done")
            for pk in done
        ],
        BATCH,
    )  # fmt: skip
    sys.stdout.write(f"{run.pk} {len(free)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
