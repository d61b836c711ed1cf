"""Gives discovered accounts their e-mails and matches: `… -m tests.bench.worlds.discovered_rows F`.

F holds the sandbox's accounts as JSON. Prints what there is and how long matching took, all anew.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - after Django is set up

from integrator.inventory.mirror import portions, update_rows  # noqa: E402 - the same
from integrator.matching import matcher  # noqa: E402 - the same
from integrator.models import Account, Client  # noqa: E402 - the same
from integrator.models.states import RowState  # noqa: E402 - the same
from panels.normal_forms import stored_email  # noqa: E402 - the same


def main(path: str) -> None:
    """Store the e-mails as if each had been asked for, forget all proposals, and match."""
    accounts = json.loads(Path(path).read_text(encoding="utf-8"))
    emails = {(one["server"], one["username"]): stored_email(one["email"]) for one in accounts}
    now = timezone.now()
    rows = list(Account.objects.values_list("pk", "panel__name", "username"))
    for portion in portions([(pk, [emails[server, name], now]) for pk, server, name in rows]):
        update_rows(Account, ["email", "email_at"], portion)
    Account.objects.update(
        match_state=RowState.BLOCKED, match_reasons=[], match_candidates=[], client=None, plan=None
    )
    began = time.perf_counter()
    counts = matcher.match_all()
    took = time.perf_counter() - began
    told = {"accounts": len(rows), "clients": Client.objects.count(), **counts, "seconds": took}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
