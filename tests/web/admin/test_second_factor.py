"""The second factor: nobody gets in without it, no code works twice, guessing is slow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from integrator.core import clock
from integrator.models import SecondFactor
from integrator.web.admin import second_factor

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import Settings

PAGE = "/second-factor/"


@pytest.fixture
def anna(client: Client, settings: Settings, db: None) -> User:
    settings.REQUIRE_2FA = True
    person = User.objects.create_superuser("anna", password="not a secret")
    client.force_login(person)
    return person


def code_of(person: User, steps_ahead: int = 0) -> str:
    totp = pyotp.TOTP(SecondFactor.objects.get(user=person).secret)
    return totp.generate_otp(totp.timecode(clock.now()) + steps_ahead)


def test_no_page_without_a_code(client: Client, anna: User) -> None:
    for name in ("overview", "accounts", "runs", "panels", "people", "password"):
        answer = client.get(reverse(name))
        assert answer.status_code == 302, name
        assert answer["Location"].startswith(PAGE), name
    poll = client.get(reverse("overview-live"), headers={"HX-Request": "true"})
    assert poll["HX-Redirect"] == PAGE
    assert client.get("/healthz").status_code == 200


def test_setting_it_up_shows_codes_once(client: Client, anna: User) -> None:
    first = client.get(PAGE)
    assert b"data:image/svg+xml" in first.content
    wrong = client.post(PAGE, {"code": "000000"})
    assert b"not right" in wrong.content
    shown = client.post(PAGE, {"code": code_of(anna)})
    codes = re.findall(rb"<code>([0-9a-f-]{13})</code>", shown.content)
    assert len(codes) == 8
    assert client.get(reverse("overview")).status_code == 200
    again = client.get(PAGE)
    assert SecondFactor.objects.get(user=anna).secret.encode() not in again.content


def test_a_code_works_once(client: Client, anna: User) -> None:
    client.get(PAGE)
    used = code_of(anna)
    client.post(PAGE, {"code": used})
    client.logout()
    client.force_login(anna)
    assert b"used already" in client.post(PAGE, {"code": used}).content
    assert client.post(PAGE, {"code": code_of(anna, 1)}).status_code == 302


def test_a_recovery_code_works_once(client: Client, anna: User) -> None:
    client.get(PAGE)
    shown = client.post(PAGE, {"code": code_of(anna)})
    spare = re.findall(rb"<code>([0-9a-f-]{13})</code>", shown.content)[0].decode()
    for status in (302, 200):
        client.logout()
        client.force_login(anna)
        assert client.post(PAGE, {"code": spare}).status_code == status


def test_guessing_is_stopped(client: Client, anna: User) -> None:
    client.get(PAGE)
    for _try in range(5):
        client.post(PAGE, {"code": "000000"})
    assert b"Too many" in client.post(PAGE, {"code": code_of(anna)}).content


def test_who_has_locked_himself_out_gets_in_with_a_recovery_code(
    client: Client, anna: User
) -> None:
    client.get(PAGE)
    shown = client.post(PAGE, {"code": code_of(anna)})
    spare = re.findall(rb"<code>([0-9a-f-]{13})</code>", shown.content)[0].decode()
    client.logout()
    client.force_login(anna)
    for _try in range(5):
        client.post(PAGE, {"code": "000000"})
    assert b"recovery code" in client.post(PAGE, {"code": code_of(anna, 1)}).content
    assert client.post(PAGE, {"code": spare}).status_code == 302
    assert SecondFactor.objects.get(user=anna).locked_until is None


def test_each_try_counts_whatever_was_read_before(anna: User, client: Client) -> None:
    """Ten tries that had all read *no failures yet* counted as one."""
    client.get(PAGE)
    stale = SecondFactor.objects.get(user=anna)
    for _try in range(5):
        second_factor.check(stale, "000000")
    assert "Too many" in second_factor.check(stale, code_of(anna))


def test_it_leads_back_only_to_our_own_pages(client: Client, anna: User) -> None:
    client.get(PAGE)
    client.post(PAGE, {"code": code_of(anna)})
    client.logout()
    client.force_login(anna)
    answer = client.post(f"{PAGE}?next=https://evil.example/", {"code": code_of(anna, 1)})
    assert answer["Location"] == reverse("overview")


def test_an_admin_can_take_it_away(client: Client, anna: User, settings: Settings) -> None:
    settings.REQUIRE_2FA = False
    boris = User.objects.create_user("boris")
    SecondFactor.objects.create(user=boris, secret=pyotp.random_base32())
    assert b"New second factor" in client.get(reverse("people")).content
    client.post(reverse("person", args=[boris.pk]), {"what": "new factor"})
    assert not SecondFactor.objects.filter(user=boris).exists()


def test_the_secret_is_encrypted_at_rest(anna: User, client: Client) -> None:
    from django.db import connection

    client.get(PAGE)
    secret = SecondFactor.objects.get(user=anna).secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM integrator_secondfactor")
        assert secret not in cursor.fetchone()[0]
