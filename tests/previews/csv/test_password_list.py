"""A pasted list of passwords: taken as it stands, or refused line by line without repeating one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import Refused
from integrator.models import Account
from integrator.previews.csv import password_list
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@pytest.mark.parametrize("separator", [" ", "\t", ";", ",", ":"])
def test_the_password_is_what_follows_the_first_separator(hoster: Hoster, separator: str) -> None:
    alice = mirrors.account(hoster.server)
    password = f" p{separator}ss w;rd:, "
    found = password_list.read(
        f"\n{alice.username}{separator}{password}\n\n", Account.objects.all()
    )
    assert found == {alice.pk: password}


def test_what_cannot_be_taken_is_told_line_by_line(hoster: Hoster) -> None:
    alice = mirrors.account(hoster.server)
    text = f"{alice.username} hidden-one\nnobody hidden-two\n{alice.username} hidden-three\nalone"
    with pytest.raises(Refused) as refused:
        password_list.read(text, Account.objects.all())
    told = refused.value.lines
    assert [line.split(",")[0].split(":")[0] for line in told] == ["line 2", "line 3", "line 4"]
    assert "hidden" not in " ".join([refused.value.text, *told])


def test_a_name_on_two_servers_is_told_with_its_server(hoster: Hoster) -> None:
    one = mirrors.account(hoster.server)
    Account.objects.filter(pk=one.pk).update(username="same")
    other = mirrors.account(hoster.server, "bob")
    second = type(hoster.server).objects.create(
        name="isp9", kind="ispmanager", address="isp9", created_at=hoster.server.created_at
    )
    Account.objects.filter(pk=other.pk).update(username="same", panel=second)
    chosen = Account.objects.filter(username="same")
    with pytest.raises(Refused):
        password_list.read("same x", chosen)
    text = f"{hoster.server.name}/same a\nisp9/same b"
    assert password_list.read(text, chosen) == {one.pk: "a", other.pk: "b"}
