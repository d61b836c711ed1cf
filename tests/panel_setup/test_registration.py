"""Registering panels: what is refused, and that nothing is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.errors import Refused
from integrator.models import Panel
from integrator.panel_setup import registration
from panels.coremanager import errors
from tests.services.registered_panels import billing, server

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster
    from tests.services.sandbox import Sandbox


def test_a_wrong_password_is_refused_and_nothing_is_kept(
    sandbox: Sandbox, real_panels: None
) -> None:
    with pytest.raises(Refused) as refused:
        billing(sandbox, "wrong-secret")
    assert "username and password" in refused.value.text
    assert "wrong-secret" not in str(refused.value.lines)
    assert not Panel.objects.exists()


def test_nobody_at_the_address_is_no_refusal(sandbox: Sandbox, real_panels: None) -> None:
    sandbox.stop()
    with pytest.raises(errors.Unreachable):
        server(sandbox)
    assert not Panel.objects.exists()
    sandbox.start()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "isp1", "url": "https://isp.example"},
        {"name": "ISP1", "url": "https://isp.example"},
        {"kind": "billmanager", "url": "https://bill.example"},
        {"kind": "neither"},
        {"url": "http://isp.example"},
        {"url": "https://a:b@isp.example"},
        {"url": "https://bill.example/billmgr"},
        {"pin": "abc"},
        {"ca_pem": "no certificate"},
        {"username": ""},
        {"username": "a:b"},
        {"task_username": "tasks"},
        {"max_parallel": 0},
    ],
)
def test_what_cannot_be_registered(hoster: Hoster, wrong: dict[str, Any]) -> None:
    given = {"kind": "ispmanager", "name": "other", "url": "https://isp.example",
             "username": "root", "password": "x", **wrong}  # fmt: skip
    with pytest.raises(Refused):
        registration.register(**given)
    assert Panel.objects.count() == 2


def test_one_server_under_two_names_is_refused(sandbox: Sandbox, real_panels: None) -> None:
    server(sandbox)
    url = sandbox.ispmanager_urls[0].replace("/ispmgr", "/manager/ispmgr/")
    with pytest.raises(Refused) as refused:
        registration.register("ispmanager", "other", url, "root", "root-sandbox")
    assert "isp1" in refused.value.lines[0]
