"""The page of people and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User

from integrator.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


def test_people_get_roles(admin: Client, signed_in: Callable[[str], Client]) -> None:
    password = "Quite-A-Long-Secret-1"
    given = {"username": "olga", "password1": password, "password2": password, "role": "viewer"}
    admin.post("/people/", given)
    olga = User.objects.get(username="olga")
    for role in ("operator", "admin", "viewer"):
        admin.post(f"/people/{olga.pk}/", {"what": role})
        assert [group.name for group in olga.groups.all()] == [role]
    admin.post(f"/people/{olga.pk}/", {"what": "shut out"})
    assert not User.objects.get(pk=olga.pk).is_active
    admin.post(f"/people/{olga.pk}/", {"what": "let in"})
    assert User.objects.get(pk=olga.pk).is_active
    assert Event.objects.filter(subject="person").count() == 6
    assert not Event.objects.filter(why__contains=password).exists()


def test_nobody_changes_their_own_role(admin: Client) -> None:
    me = User.objects.get()
    admin.post(f"/people/{me.pk}/", {"what": "viewer"})
    assert [group.name for group in me.groups.all()] == ["admin"]
