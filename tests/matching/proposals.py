"""What matching proposes for every account, in the form that ``judge`` takes."""

from __future__ import annotations

from integrator.models import Account


def proposals() -> dict[tuple[str, str], list[object]]:
    """(server, login) → [state, client, plan]."""
    rows = Account.objects.values_list(
        "panel__name", "username", "match_state", "client__remote_id", "plan__name", "system",
        "service_id",
    )  # fmt: skip
    return {
        (server, username): [
            "never" if system else "bound" if service else state, client, plan,
        ]
        for server, username, state, client, plan, system, service in rows
    }  # fmt: skip
