"""A number that no row can have is not found, wherever it stands; it is never an error of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from integrator.urls import urlpatterns
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

LONG = "9" * 30
ROUTES = sorted(str(one.pattern) for one in urlpatterns)
WITH_ID = [route for route in ROUTES if "<id:" in route]
PLAIN = [route for route in ROUTES if "<" not in route and "out" not in route]
ASKED = {
    **dict.fromkeys(("page", "before", "expected_count", "account", "remote_id", "number"), LONG),
    "ids": f"1,{LONG},²",
    "q": f"b{LONG}",
    "step": LONG,
    "server": LONG,
    "plan": LONG,
}


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(factories.person("admin"))
    factories.many_accounts(3)
    return client


@pytest.mark.parametrize("route", WITH_ID)
def test_in_an_address(admin: Client, route: str) -> None:
    address = "/" + re.sub(r"<id:\w+>", LONG, route).replace("<slug:action>", "pause")
    assert admin.get(address).status_code == 404
    assert admin.post(address).status_code == 404


@pytest.mark.parametrize("route", PLAIN)
def test_in_what_is_asked(admin: Client, route: str) -> None:
    assert admin.get(f"/{route}", ASKED).status_code < 500
    assert admin.post(f"/{route}", ASKED).status_code < 500


@pytest.mark.parametrize("name", ["run", "binding", "window"])
def test_in_what_is_asked_of_one(admin: Client, name: str) -> None:
    made = factories.failed(window=factories.window())
    of = {"run": made.run_id, "binding": made.pk, "window": made.window_id}
    assert admin.get(f"/{name}s/{of[name]}/", ASKED).status_code == 200
    for action in ("retry", "adopt", "options", "try-again", "seen", "guided/go-on", "live"):
        address = f"/{name}s/{of[name]}/{action}/"
        asked = {**ASKED, "payment": LONG, "service": LONG, "client": LONG, "period": LONG}
        assert admin.post(address, asked).status_code < 500, address
        assert admin.get(address, asked).status_code < 500, address
