"""Passwords of rows are encrypted, kept until the start, and never printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.models import PreviewRow
from integrator.previews import passwords, preview
from integrator.previews.choices import Choices
from tests.previews.provider_previews import HEADER, from_csv
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def test_the_password_of_one_row_is_kept_until_the_start(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = preview.make_from_csv(
        Choices(autoprolong=True), hoster.csv("isp1,alice,,3001,Start"), "eva"
    )
    row = made.rows.get()
    assert passwords.lacks_password(row)
    assert passwords.set_password(made, row.number, " s3cret ")
    row = PreviewRow.objects.get(pk=row.pk)
    assert row.password == " s3cret "
    assert not passwords.lacks_password(row)
    assert not passwords.set_password(made, 99, "x")
    made.started_at = now()
    made.save()
    assert not passwords.set_password(made, row.number, "other")


def test_passwords_are_encrypted_and_never_printed(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start, hunter2 ", header=f"{HEADER},password")
    assert made.rows.get().password == " hunter2 "
    assert made.rows.get().reasons == []
    assert "hunter2" not in json.dumps(preview.preview_json(made))
    assert "hunter2" not in json.dumps(made.summary)
