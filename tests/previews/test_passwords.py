"""A row without a password is not bound; one that is given is kept until the start, unread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.core.errors import ActionRefused, Refused
from integrator.models import Account, PreviewRow
from integrator.previews import passwords, preview
from integrator.previews.choices import Choices
from integrator.runs import run_start
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.names import Found
from tests.previews.provider_previews import HEADER, from_csv
from tests.services import mirrors

if TYPE_CHECKING:
    from integrator.models import Preview
    from tests.services.mirrors import Hoster


def without_password(hoster: Hoster, *, reset: bool = False) -> Preview:
    mirrors.account(hoster.server)
    choices = Choices(autoprolong=True, reset_passwords=reset)
    return preview.make_from_csv(choices, hoster.csv("isp1,alice,,3001,Start"), "eva")


def test_what_lacks_its_password_is_not_bound_until_it_is_given(hoster: Hoster) -> None:
    made = without_password(hoster)
    row = made.rows.get()
    assert [one["key"] for one in row.reasons] == ["no_password"]
    assert (list(passwords.lacking(made)), list(passwords.bindable(made))) == ([row], [])
    with pytest.raises(ActionRefused, match="without its password"):
        run_start.start(made.pk, "eva")

    assert passwords.give(made, {row.account_id: " s3cret "}) == 1
    row = PreviewRow.objects.get(pk=row.pk)
    assert (row.password, row.reasons) == (" s3cret ", [])
    assert (list(passwords.lacking(made)), list(passwords.bindable(made))) == ([], [row])


def test_those_without_a_password_are_left_out_of_the_run(hoster: Hoster) -> None:
    made = without_password(hoster)
    mirrors.account(hoster.server, "bob", domain="b.example")
    rows = "isp1,alice,,3001,Start,", "isp1,bob,,3001,Start,s3cret"
    made = from_csv(hoster, *rows, header=f"{HEADER},password")
    with pytest.raises(ActionRefused, match="not one account"):
        run_start.pick_canary(made.pk, "alice")
    run = run_start.start(made.pk, "eva")
    assert [one.account.username for one in run.bindings.all()] == ["bob"]


def test_passwords_of_others_and_of_what_was_started_are_not_taken(hoster: Hoster) -> None:
    made = without_password(hoster)
    account = Account.objects.get()
    assert passwords.give(made, {account.pk + 1: "x"}) == 0
    made.started_at = now()
    made.save()
    with pytest.raises(Refused, match="was started"):
        passwords.give(made, {account.pk: "other"})
    assert made.rows.get().password == ""


def test_nothing_is_lacking_where_passwords_are_reset(hoster: Hoster) -> None:
    made = without_password(hoster, reset=True)
    assert not passwords.lacking(made).exists()
    assert passwords.bindable(made).count() == 1


def test_passwords_are_encrypted_and_never_printed(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start, hunter2 ", header=f"{HEADER},password")
    assert made.rows.get().password == " hunter2 "
    assert made.rows.get().reasons == []
    assert "hunter2" not in json.dumps(preview.preview_json(made))
    assert "hunter2" not in json.dumps(made.summary)


def knows(hoster: Hoster, *, required: bool) -> None:
    """A task's form of this BILLmanager was seen."""
    found = Found("password", where="a test", sure=True)
    hoster.billing.dialect = {**hoster.billing.dialect, **Dialect(task_password=found).to_json()}
    field = {"name": "password", "kind": "password", **({"required": True} if required else {})}
    hoster.billing.learnt = {"task_forms": {"task.edit": {"fields": [field], "buttons": []}}}
    hoster.billing.save()


def test_an_account_is_bound_without_a_password_only_where_that_is_known_to_do(
    hoster: Hoster,
) -> None:
    assert not passwords.are_optional()
    mirrors.account(hoster.server)
    choices = Choices(autoprolong=True, without_passwords=True)
    rows = hoster.csv("isp1,alice,,3001,Start")
    with pytest.raises(Refused, match="bind one account with its password first"):
        preview.make_from_csv(choices, rows, "eva")
    knows(hoster, required=True)
    assert not passwords.are_optional()
    with pytest.raises(Refused, match="asks for each account's password"):
        preview.make_from_csv(choices, rows, "eva")

    knows(hoster, required=False)
    assert passwords.are_optional()
    made = preview.make_from_csv(choices, rows, "eva")
    assert [one["key"] for one in made.rows.get().reasons] == ["without_password"]
    assert not passwords.lacking(made).exists()
    binding = run_start.start(made.pk, "eva").bindings.get()
    assert (binding.password, binding.prepared) == ("", True)


def test_no_account_is_bound_without_one_where_each_is_reset() -> None:
    with pytest.raises(Refused) as refused:
        Choices(autoprolong=True, without_passwords=True, reset_passwords=True).checked()
    assert "no account is bound without one" in refused.value.lines[0]
