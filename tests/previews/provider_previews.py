"""Previews of a small provider, and what they say."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrator.core.clock import now
from integrator.models import Binding, Preview, Run
from integrator.previews import preview
from integrator.previews.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrator.models import Account
    from tests.services.mirrors import Hoster

ON = Choices(autoprolong=True)

HEADER = "server,username,domain,client,plan"


def from_csv(hoster: Hoster, *rows: str, choices: Choices = ON, header: str = HEADER) -> Preview:
    return preview.make_from_csv(choices, hoster.csv(*rows, header=header), "eva")


def only_row(made: Preview) -> Mapping[str, Any]:
    (row,) = preview.preview_json(made)["rows"]
    return dict(row)


def reason_keys(made: Preview) -> list[str]:
    return [reason["key"] for row in made.rows.all() for reason in row.reasons]


def take(hoster: Hoster, account: Account) -> Binding:
    """A binding that holds the account, as a started run leaves it."""
    frozen = Preview.objects.create(token="t", created_at=now(), created_by="eva", source="csv")
    run = Run.objects.create(preview=frozen, total=1, created_by="eva", started_at=now())
    return Binding.objects.create(
        run=run, account=account, client=hoster.client, su=30010, plan=hoster.plan, module_id=21,
        datacenter_id=1, number=1, domain="a.example", period=1, autoprolong=True,
        price=Decimal(10), marker="m", created_at=now(), state_at=now(), step_at=now(),
    )  # fmt: skip
