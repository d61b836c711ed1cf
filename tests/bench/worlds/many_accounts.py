"""Fills a database with accounts: `python -m tests.bench.worlds.many_accounts N`."""

from __future__ import annotations

import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - after Django is set up

from integrator.messages.reasons import reason  # noqa: E402 - the same
from integrator.models import Account, Client, Panel, Plan, Service  # noqa: E402 - the same
from integrator.models.states import RowState  # noqa: E402 - the same

SERVERS, PLANS = 4, 8
BATCH = 2000


def _match(n: int, client: int) -> dict[str, Any]:
    """Four of five are ready; of the others two clients fit. One in fifty is in conflict."""
    sold = reason("two_services", service=n, client=n, other=n + 1, other_client=n)
    conflict = {"conflicts": [sold], "in_conflict": True} if n % 50 == 3 else {}
    if n % 5:
        told = [reason("email", email=f"mail{n}@mail.example", client=n)]
        return {"client_id": client, "match_state": RowState.READY, "match_reasons": told,
                "match_candidates": [n], **conflict}  # fmt: skip
    fitting = [n, n % 100 + 1]
    told = [reason("email_shared", email=f"mail{n}@mail.example", client=one) for one in fitting]
    return {"match_state": RowState.CHOOSE, "match_candidates": fitting, **conflict,
            "match_reasons": [reason("several_clients", count=2), *told]}  # fmt: skip


def main(count: int) -> None:
    """Make servers, plans, clients, services and so many accounts, a third of them bound."""
    now = timezone.now()
    servers = [
        Panel.objects.create(
            name=f"isp{n}", kind="ispmanager", url=f"https://isp{n}.example:1500/ispmgr",
            address=f"isp{n}.example:1500/ispmgr", username="root", password="x", created_at=now,
        )
        for n in range(1, SERVERS + 1)
    ]  # fmt: skip
    plans = [
        Plan.objects.create(remote_id=n, name=f"Plan {n}", seen_at=now) for n in range(1, PLANS + 1)
    ]
    numbers = range(1, count + 1)
    Client.objects.bulk_create(
        [Client(remote_id=n, name=f"Client {n}", seen_at=now) for n in numbers], BATCH
    )
    bound = range(3, count + 1, 3)
    Service.objects.bulk_create(
        [Service(remote_id=n, client_id_remote=n, status=2, seen_at=now) for n in bound], BATCH
    )
    clients = dict(Client.objects.values_list("remote_id", "pk"))
    services = dict(Service.objects.values_list("remote_id", "pk"))
    Account.objects.bulk_create(
        [
            Account(
                panel=servers[n % SERVERS], username=f"user{n * 7919 % 1_000_003}",
                fullname=f"Person {n}", preset=f"Plan {n % PLANS + 1}", domain=f"site{n}.example",
                domains=[f"site{n}.example"], email=f"mail{n}@mail.example", seen_at=now,
                plan=plans[n % PLANS], service_id=services.get(n), email_at=now,
                **_match(n, clients[n]),
            )
            for n in numbers
        ],
        BATCH,
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
