"""Panels that an admin connects: asked before they are kept, and every change is noted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from integrator.core import heartbeat
from integrator.models import Event, Panel
from integrator.panel_access import transports
from tests import factories
from tests.services.https_panel import https_ispmanager, self_signed
from tests.services.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.services.sandbox import Sandbox

NEW = {"kind": "billmanager", "name": "billing", "username": "admin", "password": "x",
       "url": "https://127.0.0.1:9/billmgr", "max_parallel": "8"}  # fmt: skip


@pytest.fixture
def panels_may_be_asked(settings: Settings, transactional_db: None) -> Iterator[None]:
    """Plain http on loopback; what keeps leases alive ends with the test."""
    settings.ALLOW_INSECURE_PANELS = settings.ALLOW_PRIVATE_PANELS = True
    yield
    heartbeat.stop()
    transports.LIMITER.release_all()


def test_a_panel_that_cannot_be_asked_is_not_kept(panels_may_be_asked: None, admin: Client) -> None:
    response = admin.post("/panels/add/", NEW)
    assert "The panel could not be asked" in response.text
    assert not Panel.objects.exists()
    assert 'value="x"' not in response.text


def add_billing(admin: Client, sandbox: Sandbox) -> Panel:
    """The sandbox's BILLmanager, added by the page."""
    given = {**NEW, "url": sandbox.billmanager_url, "password": "admin-sandbox"}
    admin.post("/panels/add/", given)
    return Panel.objects.get()


def test_a_real_panel_is_asked_kept_and_checked(
    panels_may_be_asked: None, admin: Client, sandbox: Sandbox
) -> None:
    given = {**NEW, "url": sandbox.billmanager_url,
             "username": "admin", "password": "admin-sandbox"}  # fmt: skip
    response = admin.post("/panels/add/", given, follow=True)
    panel = Panel.objects.get()
    assert response.redirect_chain == [(f"/panels/{panel.pk}/", 302)]
    page = admin.post(f"/panels/{panel.pk}/check/", follow=True)
    assert "Allowed" in page.text
    assert Event.objects.filter(subject="panel", to_state="added").exists()


def test_a_refused_login_keeps_the_old_one(panels_may_be_asked: None, admin: Client) -> None:
    panel = factories.panel("web-1", url="http://127.0.0.1:9/ispmgr")
    given = {"username": "other", "password": "wrong", "max_parallel": "4"}
    response = admin.post(f"/panels/{panel.pk}/change/", given)
    assert "The panel could not be asked" in response.text
    panel.refresh_from_db()
    assert (panel.username, panel.password) == ("integrator", "panel-secret")


def test_a_name_is_looked_for_kept_and_taken_back(
    panels_may_be_asked: None, admin: Client, sandbox: Sandbox
) -> None:
    panel = add_billing(admin, sandbox)
    target = f"/panels/{panel.pk}/dialect/"

    def put(**given: str) -> str:
        answer = admin.post(target, given, follow=True).text
        panel.refresh_from_db()
        return answer

    put(name="manual_module", value="pmmanual")
    assert panel.overrides == {"manual_module": "pmmanual"}
    wrong = put(name="manual_module", value="pmhand")
    assert panel.overrides == {"manual_module": "pmmanual"}
    assert 'role="alert"' in wrong
    assert "pmhand" in wrong
    assert 'name="force"' in wrong
    assert "press Add and choose shared hosting" in wrong
    assert "Kept, but not checked" in put(name="manual_module", value="pmhand", force="on")
    assert panel.overrides == {"manual_module": "pmhand"}
    put(name="manual_module", value="")
    assert panel.overrides == {}
    assert panel.dialect["manual_module"] is None
    assert panel.dialect["order"]
    put(name="order", value="")  # an empty field that nobody meant
    assert panel.dialect["order"]
    assert "v2, old" in put(name="order", value="v9")
    put(name="order", back="1", value="v2")
    assert panel.dialect["order"] is None
    step = admin.get(f"/panels/{panel.pk}/?step=7").text
    assert "task_close" in step
    assert "plan_modules_list" not in step.split('id="dialect"')[1].split("</section>")[0]


def test_server_is_linked_to_its_module(admin: Client) -> None:
    panel, module = factories.panel("web-1"), factories.module()
    admin.post(f"/panels/{panel.pk}/link/", {"module": module.remote_id})
    panel.refresh_from_db()
    assert (panel.module_id, panel.module_linked_by_hand) == (module.remote_id, True)


def test_the_page_says_where_each_thing_was_found(
    panels_may_be_asked: None, admin: Client, sandbox: Sandbox
) -> None:
    panel = add_billing(admin, sandbox)
    admin.post(
        f"/panels/{panel.pk}/dialect/",
        {"name": "task_fields", "value": "confirm={password}", "force": "on"},
    )
    admin.post(f"/panels/{panel.pk}/check/")
    page = admin.get(f"/panels/{panel.pk}/").text
    for told in (
        "pricelist.processing.resume", "toolbar of pricelist.processing", "processing.add form",
        "no open activation task to look at", "department list, as the staff login",
        'value="confirm={password}"',
    ):  # fmt: skip
        assert told in page

    report = admin.post(f"/panels/{panel.pk}/report/")
    assert report["Content-Disposition"].startswith("attachment; filename=")
    assert json.loads(report.text)["keys"]["plan_modules.list"]["value"] == "pricelist.processing"
    sandbox.stop()
    gone = admin.post(f"/panels/{panel.pk}/report/", follow=True)
    assert 'role="alert"' in gone.text
    sandbox.start()


def test_a_check_is_read_in_the_readers_language_whoever_asked(
    panels_may_be_asked: None, admin: Client, sandbox: Sandbox
) -> None:
    panel = add_billing(admin, sandbox)
    sandbox.faults({"func": "payment", "kind": "access", "probability": 1.0, "times": None})
    page, texts = f"/panels/{panel.pk}/", {
        "en": ["log in as “admin”", "list the payments", "Grant the login “admin” the function",
               "The panel says: ", "No client is known yet; discover, then check again.",
               "No activation task waits now"],
        "ru": ["войти как «admin»", "получить список платежей", "Дайте логину «admin» функцию",
               "Ответ панели: ", "Клиенты ещё неизвестны; выполните обнаружение",
               "Сейчас не ждёт ни одна задача активации"],
    }  # fmt: skip
    for asked, read in (("en", "ru"), ("ru", "en")):
        admin.post(f"{page}check/", headers={"Accept-Language": asked})
        shown = admin.get(page, headers={"Accept-Language": read}).text.split('id="dialect"')[0]
        assert [text for text in texts[read] if text not in shown] == []
        assert [text for text in texts[asked] if text in shown] == []

    panel.refresh_from_db()
    old = {
        **panel.checked,
        "rows": [
            {**panel.checked["rows"][0], "what": "do <it>", "text": "!"},
            {**panel.checked["rows"][0], "what": "do that", "text": ""},
        ],
    }
    Panel.objects.update(checked=old)  # an older version stored sentences
    shown = admin.get(page, headers={"Accept-Language": "ru"}).text
    assert re.search(r"do &lt;it&gt;\s*<br><small>!</small>", shown)
    assert re.search(r"do that\s*</th>", shown)


def test_a_panel_is_connected_step_by_step(
    panels_may_be_asked: None, admin: Client, sandbox: Sandbox
) -> None:
    assert "Look who answers there" in admin.get("/panels/add/?kind=ispmanager").text
    url = sandbox.ispmanager_urls[0]
    second = admin.post(
        "/panels/add/", {"kind": "ispmanager", "url": url.removesuffix("/ispmgr")}
    ).text
    assert url in second
    assert "Plain http" in second
    assert "task_username" not in second
    given = {"kind": "ispmanager", "url": url, "sha256": "", "name": "web-1", "username": "root",
             "password": "wrong", "max_parallel": "4"}  # fmt: skip
    refused = admin.post("/panels/add/", given).text
    assert "does not accept this username" in refused
    assert url in refused
    assert "wrong" not in refused
    done = admin.post("/panels/add/", {**given, "password": "root-sandbox"}, follow=True)
    assert "all that the steps need" in done.text
    panel = Panel.objects.get()
    assert panel.checked["ok"]


def test_an_address_without_anybody_is_said_at_the_first_step(
    panels_may_be_asked: None, admin: Client
) -> None:
    page = admin.post("/panels/add/", {"kind": "billmanager", "url": "http://127.0.0.1:9"}).text
    assert "could not be asked" in page
    assert "Look who answers there" in page


@pytest.mark.parametrize(
    "url",
    ["http://bad host/", "bad_host!", f"https://{'a' * 64}.example", "a..example", "[::1::2]"],
)
def test_what_cannot_be_an_address_is_refused_at_the_first_step(admin: Client, url: str) -> None:
    page = admin.post("/panels/add/", {"kind": "billmanager", "url": url})
    assert page.status_code == 200
    assert "is not a URL" in page.text
    assert "Look who answers there" in page.text


def test_a_strange_certificate_is_trusted_on_the_persons_word_and_a_new_one_too(
    panels_may_be_asked: None, admin: Client, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    with https_ispmanager(self_signed(tmp_path / "a"), port) as url:
        page = admin.post("/panels/add/", {"kind": "ispmanager", "url": url}).text
        assert "CN=panel.example" in page
        shown = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
        assert shown
        given = {"kind": "ispmanager", "url": url, "sha256": shown.group(1), "name": "web-1",
                 "username": "root", "password": "root-sandbox", "max_parallel": "4"}  # fmt: skip
        assert "not trusted" in admin.post("/panels/add/", given).text
        assert not Panel.objects.exists()
        admin.post("/panels/add/", {**given, "trust": "on"})
        panel = Panel.objects.get()
        assert panel.pin_sha256 == shown.group(1)
    with https_ispmanager(self_signed(tmp_path / "b"), port):
        admin.post(f"/panels/{panel.pk}/check/")
        panel.refresh_from_db()
        assert panel.stopped
        assert "Look at its certificate" in admin.get(f"/panels/{panel.pk}/").text
        page = admin.post(f"/panels/{panel.pk}/certificate/").text
        now = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
        assert now
        assert panel.pin_sha256 in page
        for other in ("no letters", "", "0" * 64):  # nor any but the very one that was shown
            admin.post(f"/panels/{panel.pk}/trust/", {"sha256": other})
            panel.refresh_from_db()
            assert panel.pin_sha256 == shown.group(1)
        admin.post(f"/panels/{panel.pk}/trust/", {"sha256": now.group(1)})
        panel.refresh_from_db()
        assert (str(panel.stopped), panel.pin_sha256) == ("", now.group(1))
    assert Event.objects.filter(subject="panel", to_state="trusted").exists()
