"""Sessions end when they should, and where a person is signed in is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from integrator.models import SecondFactor, Session
from integrator.web.admin import second_factor
from tests import factories

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.fixtures import Settings

PASSWORD = "correct horse battery"
NEW = "staple correct horse"


@pytest.fixture
def anna(db: None) -> User:
    person = factories.person("operator")
    person.set_password(PASSWORD)
    person.save()
    return person


def signed_in(person: User, address: str = "203.0.113.7", browser: str = "Firefox") -> Client:
    visitor = Client(REMOTE_ADDR=address, headers={"User-Agent": browser})
    answer = visitor.post(
        reverse("login"), {"username": person.get_username(), "password": PASSWORD}
    )
    assert answer.status_code == 302
    return visitor


def is_in(browser: Client) -> bool:
    return browser.get(reverse("overview")).status_code == 200


def test_a_person_sees_where_he_is_signed_in_and_ends_one(anna: User) -> None:
    here, there = signed_in(anna), signed_in(anna, "198.51.100.9", "Safari <b>")
    third = signed_in(anna, "198.51.100.10", "Chrome")
    page = here.get(reverse("sessions")).text
    assert "198.51.100.9" in page
    assert "Safari &lt;b&gt;" in page
    for row in Session.objects.all():
        assert row.session_key not in page  # whoever has a key is signed in
    named = Session.objects.get(address="198.51.100.9").reference
    done = here.post(reverse("sessions"), {"session": named}, follow=True)
    assert "1 session is ended." in done.text
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    here.post(reverse("sessions"))
    assert (is_in(here), is_in(third)) == (True, False)


def test_nobody_ends_those_of_others(anna: User) -> None:
    other = factories.person("operator")
    theirs = Client()
    theirs.force_login(other)
    here = signed_in(anna)
    for row in Session.objects.filter(user=other):
        here.post(reverse("sessions"), {"session": row.reference or "x"})
    here.post(reverse("sessions"))
    assert is_in(theirs)


def test_a_changed_password_ends_the_other_sessions(anna: User) -> None:
    here, there = signed_in(anna), signed_in(anna)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post(reverse("password"), form).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert Session.objects.filter(user=anna).count() == 1


@pytest.mark.parametrize("what", ["shut out", "new factor", "end sessions"])
def test_an_admin_ends_all_of_a_person(anna: User, admin: Client, what: str) -> None:
    SecondFactor.objects.create(user=anna, secret="A" * 32)
    theirs = signed_in(anna)
    admin.post(reverse("person", args=[anna.pk]), {"what": what})
    assert not Session.objects.filter(user=anna).exists()
    admin.post(reverse("person", args=[anna.pk]), {"what": "let in"})
    assert not is_in(theirs)
    assert is_in(admin)


def test_metrics_want_the_code_as_well(anna: User, settings: Settings) -> None:
    settings.REQUIRE_2FA = True
    browser = Client()
    browser.force_login(anna)
    assert browser.get("/metrics").status_code == 302
    kept = browser.session
    kept[second_factor.SHOWN] = anna.pk
    kept.save()
    assert browser.get("/metrics").status_code == 200
    settings.METRICS_TOKEN = "a token of some length"
    bearer = {"Authorization": "Bearer a token of some length"}
    assert Client().get("/metrics", headers=bearer).status_code == 200
