"""What costs money or opens the house asks for a code once more, and nothing is done before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrator.core import clock
from integrator.models import SecondFactor
from integrator.urls import urlpatterns
from integrator.web.admin import second_factor
from integrator.web.layout import access

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

RISKY = {
    *("preview-start", "window-restore", "people", "person"),
    *("panel-add", "panel-trust", "panel-change", "panel-link", "panel-dialect"),
}
PASSWORD = "long enough 12"
NEW = {"username": "boris", "role": "viewer", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def anna(settings: Settings, db: None) -> User:
    settings.REQUIRE_2FA = True
    person = User.objects.create_superuser("anna", password="not a secret")
    SecondFactor.objects.create(user=person, secret=pyotp.random_base32(), confirmed_at=clock.now())
    return person


def browser_of(person: User, shown: float) -> Client:
    """Signed in, with a code that was shown so many seconds ago."""
    browser = Client()
    browser.force_login(person)
    kept = browser.session
    kept[second_factor.SHOWN] = person.pk
    kept[access.CODE_AT] = clock.now().timestamp() - shown
    kept.save()
    return browser


def code_of(person: User) -> str:
    totp = pyotp.TOTP(SecondFactor.objects.get(user=person).secret)
    return totp.generate_otp(totp.timecode(clock.now()))


def test_an_old_code_is_asked_for_again_and_leads_back(anna: User) -> None:
    browser = browser_of(anna, access.FRESH_SECONDS + 1)
    here = {"Referer": "http://testserver/people/"}
    asked = browser.post(reverse("people"), NEW, headers=here)
    assert asked["Location"] == "/second-factor/?next=/people/"
    assert not User.objects.filter(username="boris").exists()
    page = browser.get(asked["Location"])
    assert "Nothing was done yet" in page.text
    back = browser.post(asked["Location"], {"code": code_of(anna)})
    assert back["Location"] == "/people/"
    browser.post(reverse("people"), NEW, headers=here)
    assert User.objects.filter(username="boris").exists()


def test_a_code_serves_for_ten_minutes(anna: User) -> None:
    browser = browser_of(anna, access.FRESH_SECONDS - 60)
    browser.post(reverse("people"), NEW)
    assert User.objects.filter(username="boris").exists()


def test_a_click_under_htmx_takes_the_whole_page_there(anna: User) -> None:
    browser = browser_of(anna, access.FRESH_SECONDS + 1)
    answer = browser.post(reverse("people"), NEW, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/second-factor/?next=")


def test_without_a_required_factor_none_is_asked_for(anna: User, settings: Settings) -> None:
    settings.REQUIRE_2FA = False
    browser = browser_of(anna, 10**6)
    browser.post(reverse("people"), NEW)
    assert User.objects.filter(username="boris").exists()


def test_which_actions_ask_for_it(anna: User) -> None:
    """Of each form of every page, with a role for all of them and a code of yesterday."""
    browser = browser_of(anna, 86400)
    asking = set()
    for one in urlpatterns:
        roles = getattr(one.callback, "roles", {})
        if roles.get("POST") is None:
            continue
        numbers = [999_999 for name in one.pattern.converters if name in {"pk", "number"}]
        words = ["nothing"] if "action" in one.pattern.converters else []
        address = reverse(str(one.name), args=[*numbers, *words])
        answer = browser.post(address)
        if answer.status_code == 302 and answer["Location"].startswith("/second-factor/"):
            asking.add(str(one.name))
    assert asking == RISKY
