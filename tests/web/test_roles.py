"""Every address and every role: who may call what. A new address without a line here fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from integrator.tasks import discover_panel
from integrator.urls import urlpatterns
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

VIEW, OPERATE, ADMINISTER = "viewer", "operator", "admin"
ROLES = ("", VIEW, OPERATE, ADMINISTER)
NEEDS = {  # (name, method): the least role
    ("overview", "get"): VIEW,
    ("overview-live", "get"): VIEW,
    ("live", "get"): VIEW,
    ("find", "get"): VIEW,
    ("accounts", "get"): VIEW,
    ("accounts-rows", "get"): VIEW,
    ("accounts-live", "get"): VIEW,
    ("accounts-columns", "post"): VIEW,
    ("view-save", "post"): OPERATE,
    ("view-delete", "post"): OPERATE,
    ("account", "get"): VIEW,
    ("accounts-choose", "get"): OPERATE,
    ("accounts-choose", "post"): OPERATE,
    ("account-choose", "get"): OPERATE,
    ("account-choose", "post"): OPERATE,
    ("account-forget", "post"): OPERATE,
    ("bind", "get"): OPERATE,
    ("bind", "post"): OPERATE,
    ("bind-csv", "get"): OPERATE,
    ("bind-csv", "post"): OPERATE,
    ("preview", "get"): OPERATE,
    ("preview-start", "post"): OPERATE,
    ("preview-live", "get"): OPERATE,
    ("preview-making", "get"): OPERATE,
    ("preview-starting", "get"): OPERATE,
    ("preview-rehearse", "post"): OPERATE,
    ("preview-export", "get"): OPERATE,
    ("preview-anew", "post"): OPERATE,
    ("preview-confirm", "post"): OPERATE,
    ("row-password", "post"): OPERATE,
    ("accounts-retry", "post"): OPERATE,
    ("preview-passwords", "post"): OPERATE,
    ("preview-reset-passwords", "post"): OPERATE,
    ("preview-no-passwords", "post"): OPERATE,
    ("clients", "get"): OPERATE,
    ("clients-live", "get"): OPERATE,
    ("clients-create", "post"): OPERATE,
    ("csv-template", "get"): OPERATE,
    ("runs", "get"): VIEW,
    ("runs-live", "get"): VIEW,
    ("run", "get"): VIEW,
    ("run-live", "get"): VIEW,
    ("run-export", "get"): VIEW,
    ("run-report", "get"): VIEW,
    ("run-retry", "post"): OPERATE,
    ("run-act", "post"): OPERATE,
    ("binding", "get"): VIEW,
    ("binding-live", "get"): VIEW,
    ("binding-retry", "post"): OPERATE,
    ("binding-adopt", "post"): OPERATE,
    ("binding-options", "get"): OPERATE,
    ("binding-try-again", "post"): OPERATE,
    ("undo", "get"): VIEW,
    ("undo-manual", "post"): OPERATE,
    ("undo-release", "post"): OPERATE,
    ("windows", "get"): VIEW,
    ("windows-live", "get"): VIEW,
    ("window", "get"): VIEW,
    ("window-read", "post"): OPERATE,
    ("window-seen", "post"): OPERATE,
    ("stranger-hand-over", "post"): OPERATE,
    ("window-restore", "post"): OPERATE,
    ("window-keep-waiting", "post"): OPERATE,
    ("panels", "get"): VIEW,
    ("panels-live", "get"): VIEW,
    ("panel-add", "get"): ADMINISTER,
    ("panel-add", "post"): ADMINISTER,
    ("panel", "get"): VIEW,
    ("panel-check", "post"): OPERATE,
    ("panel-certificate", "post"): ADMINISTER,
    ("panel-trust", "post"): ADMINISTER,
    ("panel-discover", "post"): OPERATE,
    ("panel-change", "post"): ADMINISTER,
    ("panel-link", "post"): ADMINISTER,
    ("guided", "get"): VIEW,
    ("guided-live", "get"): VIEW,
    ("guided-go-on", "post"): OPERATE,
    ("guided-stop", "post"): OPERATE,
    ("panel-dialect", "post"): ADMINISTER,
    ("panel-report", "post"): OPERATE,
    ("panels-discover", "post"): OPERATE,
    ("drift", "get"): VIEW,
    ("drift-live", "get"): VIEW,
    ("drift-compare", "post"): OPERATE,
    ("drift-accept", "post"): OPERATE,
    ("changes", "get"): VIEW,
    ("plan-map", "get"): VIEW,
    ("plan-map-change", "post"): OPERATE,
    ("events", "get"): VIEW,
    ("people", "get"): ADMINISTER,
    ("people", "post"): ADMINISTER,
    ("person", "post"): ADMINISTER,
}
WITHOUT_ROLE = {
    *("login", "logout", "password", "second-factor", "theme", "language", "sessions"),
    *("healthz", "readyz", "metrics"),
}
WITH_ACTION = {"run-act": ["nothing"]}  # an action that is none: what it may do is tested elsewhere
CALLS_PANEL = {"panel-check", "panel-discover"}  # refused before anything is called


def address(name: str) -> str:
    """The URL of that name, for a row that does not exist: a role is checked before it is read."""
    pattern = next(one for one in urlpatterns if one.name == name)
    numbers = [999_999 for one in pattern.pattern.converters if one in {"pk", "number"}]
    return reverse(name, args=[*numbers, *WITH_ACTION.get(name, [])])


def test_the_table_knows_every_address() -> None:
    assert {str(one.name) for one in urlpatterns} == {name for name, _ in NEEDS} | WITHOUT_ROLE


def test_the_table_knows_every_method() -> None:
    said = {
        (str(one.name), method.lower())
        for one in urlpatterns
        for method, role in getattr(one.callback, "roles", {}).items()
        if role is not None and method != "HEAD"
    }
    assert said == set(NEEDS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("name", "method"), NEEDS)
def test_role(
    signed_in: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, name: str, method: str,
    role: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(discover_panel, "delay", lambda _panel: None)  # nobody works here
    factories.billmanager()
    response = getattr(signed_in(role), method)(address(name))
    may = ROLES.index(role) >= ROLES.index(NEEDS[name, method])
    assert (response.status_code != 403) == may
    assert response.status_code in {200, 302, 404} or not may


@pytest.mark.parametrize(("name", "method"), NEEDS)
def test_nobody(db: None, name: str, method: str) -> None:
    response = getattr(Client(), method)(address(name))
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize(("name", "method"), NEEDS)
def test_session_end_takes_the_whole_page(db: None, name: str, method: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/accounts/?q=x"}
    response = getattr(Client(), method)(address(name), headers=headers)
    assert response["HX-Redirect"] == "/login/?next=/accounts/%3Fq%3Dx"
    assert b"<form" not in response.content


@pytest.mark.parametrize(("name", "method"), NEEDS)
def test_other_methods_are_refused(admin: Client, name: str, method: str) -> None:
    other = "post" if method == "get" else "get"
    if (name, other) not in NEEDS:
        assert getattr(admin, other)(address(name)).status_code == 405


def test_somebody_shut_out_has_no_role(db: None) -> None:
    person = factories.person("admin")
    browser = Client()
    browser.force_login(person)
    person.is_active = False
    person.save()
    assert browser.get("/accounts/").status_code == 302
