"""Asks and fills an installation's rows for the measures of matching. Run as a program."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - after Django is set up

from integrator.matching import matcher  # noqa: E402 - after Django is set up
from integrator.models import (  # noqa: E402 - the same
    Account,
    Client,
    ClientUser,
    Module,
    Panel,
    Plan,
    Service,
)
from integrator.refresh import account_emails, discovery  # noqa: E402 - the same
from tests.matching.proposals import proposals  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH, SERVERS = 2000, 4


def wanted() -> int:
    """How many e-mails are still to be asked."""
    servers = Panel.objects.filter(kind=Panel.Kind.ISPMANAGER)
    return sum(account_emails.wanted(panel).count() for panel in servers)


def speed(accounts: int, clients: int) -> list[float]:
    """Fill the mirrors, compare and match, twice; the seconds of each."""
    now = timezone.now()
    servers = [
        Panel.objects.create(
            name=f"isp{n}", kind="ispmanager", url=f"https://isp{n}.example:1500/ispmgr",
            address=f"isp{n}.example:1500/ispmgr", username="root", password="x", created_at=now,
            module_id=n,
        )
        for n in range(1, SERVERS + 1)
    ]  # fmt: skip
    for n in range(1, SERVERS + 1):
        Module.objects.create(remote_id=n, name=f"ISP {n}", kind="ispmanager", seen_at=now)
    Plan.objects.create(remote_id=1, name="Start", seen_at=now)
    made = Client.objects.bulk_create(
        [Client(remote_id=n, name=f"Anna M{n} Petrova", seen_at=now) for n in range(clients)], BATCH
    )
    ClientUser.objects.bulk_create(
        [
            ClientUser(
                remote_id=n, client=made[n % clients], email=f"u{n}@mail.example", name=f"u{n}",
                realname=f"Anna M{n % clients} Petrova", seen_at=now,
            )
            for n in range(clients * 6 // 5)
        ],
        BATCH,
    )  # fmt: skip
    Service.objects.bulk_create(
        [
            Service(
                remote_id=n, client_id_remote=n % clients, module_id_remote=n % SERVERS + 1,
                username=f"a{n}", domain=f"site{n}.example", status=4 if n % 3 else 2, seen_at=now,
            )
            for n in range(accounts // 2)
        ],
        BATCH,
    )  # fmt: skip
    Account.objects.bulk_create(
        [
            Account(
                panel=servers[n % SERVERS], username=f"a{n}", preset="Start", seen_at=now,
                fullname=f"Anna M{n % clients} Petrova" if n % 4 else "", domain=f"site{n}.example",
                domains=[f"site{n}.example", f"other{n}.example"],
                email=f"u{n % clients}@mail.example" if n % 5 else "",
            )
            for n in range(accounts)
        ],
        BATCH,
    )  # fmt: skip
    took = [_seconds(discovery.compare), _seconds(matcher.match_all)]
    ready = Account.objects.filter(match_state="ready").count()
    if ready < accounts // 2:
        raise RuntimeError(f"too little is ready: {ready}")
    return [*took, _seconds(discovery.compare), _seconds(matcher.match_all)]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(word: str, *numbers: str) -> None:
    """Print what is asked as JSON."""
    answer: object
    if word == "wanted":
        answer = wanted()
    elif word == "speed":
        answer = speed(*map(int, numbers))
    else:
        answer = [[*key, *rest] for key, rest in proposals().items()]
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
