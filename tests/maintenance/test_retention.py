"""Old calls and passwords that nobody will need are forgotten; what proves things is kept."""

from __future__ import annotations

import datetime as dt

import pytest

from integrator.core import clock
from integrator.maintenance import retention
from integrator.models import Account, Call, Event, Panel, Preview, PreviewRow


@pytest.mark.django_db
def test_forgets_what_is_due_and_nothing_else() -> None:
    now = clock.now()
    for days in (0, 29, 31, 400):
        at = now - dt.timedelta(days=days)
        Call.objects.create(at=at, panel="billing", func="vhost", outcome="done", seconds=0.1)
        Event.objects.create(at=at, actor="anna", subject="run")
    panel = Panel.objects.create(name="isp1", kind="ispmanager", address="a", created_at=now)
    for days in (0, 2):
        at = now - dt.timedelta(days=days)
        made = Preview.objects.create(token=str(days), created_at=at, created_by="anna")
        account = Account.objects.create(panel=panel, username=f"u{days}", seen_at=now)
        PreviewRow.objects.create(
            preview=made, number=1, account=account, password="secret", state="ready"
        )
    assert retention.delete_expired() == {"calls": 2, "passwords": 1, "processes": 0}
    assert Call.objects.count() == 2
    assert Event.objects.count() == 4
    assert PreviewRow.objects.get(preview__token="0").password == "secret"
    assert PreviewRow.objects.get(preview__token="2").password == ""
    assert retention.delete_expired() == {"calls": 0, "passwords": 0, "processes": 0}
