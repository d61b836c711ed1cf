"""Connecting a panel: addresses as people write them, certificates, and one server twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import Refused
from integrator.models import Panel
from integrator.panel_access.panel_url import AddressError, candidates, normalise
from integrator.panel_setup import location, registration
from integrator.panel_setup.checks import panel_check
from integrator.refresh import discovery
from panels.coremanager.errors import CertificateRefused, Unreachable
from tests.services.https_panel import https_ispmanager, self_signed
from tests.services.ports import free_ports
from tests.services.registered_panels import server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.sandbox import Sandbox


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("bill.example", "https://bill.example:1500/billmgr"),
        ("  Bill.Example/ ", "https://bill.example:1500/billmgr"),
        ("bill.example:1500", "https://bill.example:1500/billmgr"),
        ("bill.example:8443/billmgr/", "https://bill.example:8443/billmgr"),
        ("https://bill.example", "https://bill.example:443/billmgr"),
        ("https://bill.example:1500/billmgr?startform=dashboard", "https://bill.example:1500/billmgr"),
        ("https://bill.example/billmgr#/list/vhost", "https://bill.example:443/billmgr"),
        ("https://bill.example/manager/billmgr", "https://bill.example:443/manager/billmgr"),
        ("bill.example/manager/", "https://bill.example:1500/manager/billmgr"),
        ("https://bill.example:1500/billmgr/login", "https://bill.example:1500/billmgr"),
        ("https://[2001:db8::1]:1500", "https://[2001:db8::1]:1500/billmgr"),
        ("[2001:db8::1]", "https://[2001:db8::1]:1500/billmgr"),
        ("http://bill.example/billmgr", "http://bill.example:80/billmgr"),
        ("https://биллинг.example", "https://xn--90aeoaoap.example:443/billmgr"),
    ],
)  # fmt: skip
def test_an_address_in_any_usual_shape(written: str, url: str) -> None:
    assert normalise(written, "billmanager")[0] == url
    assert candidates(written, "billmanager")[0] == url


@pytest.mark.parametrize(
    "written", ["", "https://", "ftp://x", "https://a:b@bill.example", "https://x:port", "ht!tp://"]
)
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(AddressError):
        normalise(written, "billmanager")


def test_only_what_was_left_open_is_tried() -> None:
    assert candidates("bill.example", "billmanager") == [
        "https://bill.example:1500/billmgr",
        "https://bill.example:443/billmgr",
        "https://bill.example:1500/manager/billmgr",
        "https://bill.example:443/manager/billmgr",
    ]
    whole = "https://bill.example:1500/billmgr"
    assert candidates(whole, "billmanager") == [whole]
    assert candidates("isp.example:1500/ispmgr", "ispmanager") == [
        "https://isp.example:1500/ispmgr"
    ]


def test_the_path_is_found(sandbox: Sandbox, real_panels: None) -> None:
    url = sandbox.ispmanager_urls[0]
    found = location.find("ispmanager", url.removesuffix("/ispmgr"))
    assert found.url == url
    assert found.speaks
    assert (found.sha256, found.distrust) == (None, "")


def test_nobody_there(sandbox: Sandbox, real_panels: None) -> None:
    (port,) = free_ports(1)
    with pytest.raises(Unreachable):
        location.find("ispmanager", f"http://127.0.0.1:{port}")
    with pytest.raises(Refused):
        location.find("ispmanager", "https://a:b@isp.example")


def test_one_server_under_two_host_names_is_refused(sandbox: Sandbox, real_panels: None) -> None:
    server(sandbox)
    other = sandbox.ispmanager_urls[0].replace("127.0.0.1", "localhost")
    with pytest.raises(Refused) as refused:
        registration.register("ispmanager", "other", other, "root", "root-sandbox")
    assert "isp1" in refused.value.lines[0]
    assert Panel.objects.count() == 1


def test_a_certificate_is_shown_trusted_once_and_stops_everything_when_it_changes(
    tmp_path: Path, real_panels: None
) -> None:
    first, second = self_signed(tmp_path / "a"), self_signed(tmp_path / "b", days=5)
    (port,) = free_ports(1)
    with https_ispmanager(first, port):
        seen = location.find("ispmanager", f"https://localhost:{port}")
        assert seen.speaks
        assert seen.distrust
        assert seen.subject == "CN=panel.example"
        assert seen.sha256
        trusted = location.find("ispmanager", f"https://localhost:{port}", first[0].read_text())
        assert trusted.distrust == ""
        panel = registration.register(
            "ispmanager", "isp1", seen.url, "root", "root-sandbox", pin=seen.sha256
        )
        report = panel_check.check(panel)
        assert report.ok, report.rows
        assert report.facts["tls"]["sha256"] == seen.sha256
        assert report.facts["tls"]["trust"] == "pin"
    with https_ispmanager(second, port):
        with pytest.raises(CertificateRefused):
            discovery.discover(panel)
        panel.refresh_from_db()
        [row] = panel_check.check(panel).rows
        assert row.state == "unreachable"
        assert "; It was issued to: CN=panel.example; It is valid from " in str(row.text)
        now = location.look_at(panel)
        assert now.sha256
        assert now.sha256 in str(panel.stopped)
        assert now.distrust
        panel.pin_sha256 = now.sha256
        panel.save()
        report = panel_check.check(panel)
        assert report.ok
        panel.refresh_from_db()
        assert str(panel.stopped) == ""
        # The new one ends in a few days, which is worth a word.
        assert [row.state for row in report.rows if row.state != "allowed"] == ["warning"]
