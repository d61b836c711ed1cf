"""The panel check against the stand-in panels: what it says, and that it never has an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import translation

from integrator.core.errors import Refused
from integrator.messages.message import verbatim
from integrator.models import Call, Panel
from integrator.panel_access import panel_connections
from integrator.panel_setup import location, login_check, registration
from integrator.panel_setup.checks import panel_check
from integrator.refresh import discovery
from integrator.supervisor.folder import eventually
from tests.services.registered_panels import server

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.panel_setup.checks.panel_check import CheckReport, CheckRow
    from tests.services.sandbox import Sandbox

ACTS = ("resume", "suspend", "delete", "setpaid", "start", "enable", "disable", "take")
"""Last parts of functions that act when they are called."""


def checked(name: str = "billing") -> CheckReport:
    return panel_check.check(Panel.objects.get(name=name))


def other_rows(report: CheckReport) -> list[CheckRow]:
    """What is not plainly allowed.

    That no activation task waits, and that no module is off yet, is no news here.
    """
    known = ("canary", "Every module that was seen is on")
    rows = [row for row in report.rows if row.state != "allowed"]
    return [row for row in rows if not any(text in str(row.text) for text in known)]


def effects(sandbox: Sandbox) -> dict[str, Any]:
    """All that has happened on the panels; how often they were asked is no effect."""
    return {name: value for name, value in sandbox.ledger().items() if name != "calls"}


@pytest.mark.any_database
@pytest.mark.parametrize("dialect", ["billmanager6", "billmanager5"])
def test_a_check_has_no_effect(
    start_sandbox: Callable[..., Sandbox], real_panels: None, dialect: str
) -> None:
    sandbox = start_sandbox("--accounts", "6", "--clients", "3", "--plans", "2",
                            "--dialect", f"panels/sandbox/dialects/{dialect}.json")  # fmt: skip
    # The administrator's login sees the tasks of the ispmanager module's department.
    alone = registration.register(
        "billmanager", "billing", sandbox.billmanager_url, "admin", "admin-sandbox"
    )
    for panel in (alone, server(sandbox)):
        discovery.discover(panel)
    # Something to look at: a service, a charge, and an activation task that waits.
    sandbox.dials(broken_servers=["isp1"], open_tries=1, task_delay=0.0)
    sandbox.act(act="order")
    waiting = panel_connections.billmanager(Panel.objects.get(name="billing")).tasks
    assert eventually(lambda: bool(waiting.openings()))
    before, calls = effects(sandbox), Call.objects.count()
    for name in ("billing", "isp1"):
        report = checked(name)
        assert report.ok, other_rows(report)
        assert "No activation task" not in str(report.to_json())
    assert effects(sandbox) == before
    made = Call.objects.all()[calls:]
    assert not [call.func for call in made if call.effect or "sok" in call.params]
    assert not [call.func for call in made if call.func.rpartition(".")[2] in ACTS]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("func", "state"),
    [
        ("processing", "denied"),
        ("pricelist", "denied"),
        ("pricelist.export", "warning"),
        ("account", "denied"),
        ("user", "denied"),
        ("vhost", "denied"),
        ("payment", "denied"),
        ("expense", "denied"),
        ("pricelist.processing", "needs choice"),
        ("processing.add.settings", "denied"),
        ("v2.vhost.order.param", "needs choice"),
        ("su", "denied"),
        # Not every run needs these.
        ("paymethod", "warning"),
        ("payment.setpaid", "warning"),
        ("payment.add.method", "warning"),
        ("pricelist.edit", "warning"),
    ],
)
def test_a_right_that_is_missing_is_named(discovered: Sandbox, func: str, state: str) -> None:
    discovered.dials(denied={"admin": [func]})
    found = [row for row in other_rows(checked()) if row.state == state]
    assert found, other_rows(checked())
    if state in {"denied", "warning"}:
        assert any(row.func == func and "“admin”" in str(row.text) for row in found), found


@pytest.mark.any_database
def test_a_button_that_is_missing_needs_a_choice_and_says_what_was_looked_for(
    discovered: Sandbox,
) -> None:
    discovered.dials(denied={"admin": ["pricelist.processing.suspend"]})
    report = checked()
    (row,) = other_rows(report)
    assert (row.step, row.func, row.state) == (2, "plan_modules_disable", "needs choice")
    assert "one button that switches on and one that switches off" in str(row.text)
    assert row.candidates == ()
    assert not report.ok


@pytest.mark.any_database
def test_tasks_are_looked_at_as_their_staff(discovered: Sandbox) -> None:
    discovered.dials(denied={"tasks": ["task"]})
    (row,) = other_rows(checked())
    assert (row.step, row.func, row.state) == (6, "task", "denied")
    assert "“tasks”" in str(row.text)


@pytest.mark.any_database
def test_an_ispmanager_names_what_is_missing(discovered: Sandbox) -> None:
    discovered.dials(denied={"isp1/root": ["webdomain", "admin"]})
    assert {(row.func, row.state) for row in other_rows(checked("isp1"))} == {
        ("webdomain", "denied"),
        ("admin", "warning"),
    }


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("dials", "words"),
    [
        ({"two_factor": ["billmanager/admin"]}, "second factor"),
        ({"address_bound": ["billmanager/admin"]}, "from our address (127.0.0.1)"),
    ],
)
def test_restrictions_of_the_login_are_recognised(
    discovered: Sandbox, dials: dict[str, Any], words: str
) -> None:
    discovered.act(act="expire_sessions")
    discovered.dials(**dials)
    (row,) = [row for row in checked().rows if row.state == "denied"]
    assert words in str(row.text)


@pytest.mark.any_database
def test_an_update_is_named(discovered: Sandbox) -> None:
    discovered.dials(updating="The platform is under maintenance")
    report = checked()
    assert report.unreachable
    assert {str(row.text) for row in report.rows} == {
        "billing says that it is being updated. Wait until that is over, then ask again."
    }
    discovered.dials(updating="")
    assert checked().ok


@pytest.mark.any_database
def test_an_expired_password_is_named(discovered: Sandbox) -> None:
    discovered.dials(expired_passwords=["billmanager/admin"])
    (row,) = [row for row in checked().rows if row.state == "denied"]
    assert "this login's password has expired" in str(row.text)


@pytest.mark.any_database
def test_a_login_without_su_is_told_so(discovered: Sandbox) -> None:
    discovered.dials(denied={"admin": ["su"]})
    report = checked()
    (row,) = [row for row in other_rows(report) if row.step in {3, 4}]
    assert (row.func, row.state) == ("su", "denied")
    assert "Grant the login “admin” the function “su”" in str(row.text)
    assert "Set “order”" not in str(report.to_json())
    assert "Set “cart”" not in str(report.to_json())


@pytest.mark.any_database
def test_a_function_that_is_missing_without_being_named_is_missing(
    start_sandbox: Callable[..., Sandbox], real_panels: None
) -> None:
    """Else the newer order and cart would be taken for there where they are not."""
    sandbox = start_sandbox("--accounts", "2", "--clients", "2", "--plans", "1",
                            "--dialect", "panels/sandbox/dialects/billmanager5.json",
                            "--dial", "missing_without_object=true")  # fmt: skip
    panel = registration.register(
        "billmanager", "billing", sandbox.billmanager_url, "admin", "admin-sandbox"
    )
    discovery.discover(panel)
    panel.refresh_from_db()
    assert (panel.dialect["order"]["value"], panel.dialect["cart"]["value"]) == ("old", "basket")


@pytest.mark.any_database
def test_a_panel_at_the_other_path_is_named(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="billing")
    right = panel.url
    Panel.objects.filter(pk=panel.pk).update(url=right.replace("/billmgr", "/elsewhere/billmgr"))
    assert "A panel answers at" not in str(checked().to_json())
    Panel.objects.filter(pk=panel.pk).update(url=right.replace("/billmgr", "/manager/billmgr"))
    assert checked().ok
    discovered.dials(only_path="/manager/billmgr")
    Panel.objects.filter(pk=panel.pk).update(url=right)
    there = right.replace("/billmgr", "/manager/billmgr")
    for row in checked().rows:
        assert row.state == "not found"
        assert f"A panel answers at {there}: register it with that address." in str(row.text)
    with pytest.raises(Refused) as refused:
        login_check.check_login(Panel.objects.get(name="billing"))
    assert any(there in line for line in refused.value.lines)


@pytest.mark.any_database
def test_an_update_is_named_when_a_panel_is_registered(discovered: Sandbox) -> None:
    discovered.dials(updating="The platform is under maintenance")
    panel = Panel.objects.get(name="billing")
    with pytest.raises(Refused, match="being updated"):
        login_check.check_login(panel)
    sight = location.find(panel.kind, panel.url)
    assert (sight.speaks, sight.updating) == (False, True)


@pytest.mark.any_database
def test_clocks_that_differ_are_seen(discovered: Sandbox) -> None:
    report = checked()
    assert abs(report.facts["clock_ahead_seconds"]) < 60
    assert report.facts["latency_ms"] > 0
    assert report.facts["tls"] is None
    discovered.dials(clock_ahead=900.0)
    report = checked()
    assert report.facts["clock_ahead_seconds"] == pytest.approx(900, abs=60)
    assert "clock" in str(other_rows(report)[0].what)
    assert report.ok


@pytest.mark.any_database
def test_a_panel_that_refuses_so_many_calls_at_a_time_is_seen(discovered: Sandbox) -> None:
    discovered.dials(parallel=1, parallel_over="refuse", latency=150.0)
    report = checked()
    assert report.facts["parallel"]["refused"] > 0
    assert any("calls at a time" in str(row.what) for row in other_rows(report))
    assert report.facts["parallel"]["limit"] == 8


@pytest.mark.any_database
def test_a_saved_filter_is_reported_and_hides_nothing(discovered: Sandbox) -> None:
    discovered.act(act="save_filter", panel="billmanager", login="admin", func="account",
                   values={"id": "1"})  # fmt: skip
    before = len(discovered.world()["clients"])
    rows = other_rows(checked())
    assert [(row.func, row.state) for row in rows] == [("account", "warning")]
    assert "hides" in str(rows[0].text)
    counts = discovery.discover(Panel.objects.get(name="billing")).counts
    assert counts["clients"] == before


@pytest.mark.any_database
def test_a_run_is_not_started_on_panels_that_are_not_ready(discovered: Sandbox) -> None:
    panels = list(Panel.objects.all())
    panel_check.need_ready(panels)
    calls = Call.objects.count()
    panel_check.need_ready(panels)
    assert Call.objects.count() == calls  # it was just done
    Panel.objects.update(checked_at=None)
    discovered.dials(denied={"admin": ["vhost"]})
    with translation.override("ru"), pytest.raises(Refused) as refused:
        panel_check.need_ready(Panel.objects.all())
    [line] = refused.value.lines
    assert line.startswith("billing: получить список услуг: нет права. Дайте логину «admin»")
    assert "«vhost»" in line


def test_a_check_shows_every_right_and_is_kept(discovered: Sandbox) -> None:
    for panel in Panel.objects.all():
        report = panel_check.check(panel)
        assert [row for row in report.rows if row.state not in {"allowed", "warning"}] == []
        assert report.ok
        panel.refresh_from_db()
        assert panel.checked["ok"]
        assert panel.checked_at
    assert {row["step"] for row in Panel.objects.get(name="billing").checked["rows"]} >= {
        0, 1, 2, 3, 4, 6,
    }  # fmt: skip


def test_a_check_names_the_right_that_is_missing(discovered: Sandbox) -> None:
    discovered.faults({"func": "payment", "kind": "access", "probability": 1.0, "times": None})
    report = panel_check.check(Panel.objects.get(name="billing"))
    missing = [(row.step, row.func, row.state) for row in report.rows if row.state == "denied"]
    assert missing == [(4, "payment", "denied")]
    assert not report.ok


def test_a_check_ends_a_stop_when_the_login_works_again(discovered: Sandbox) -> None:
    Panel.objects.update(stopped=verbatim("the login was refused"))
    panel = Panel.objects.get(name="isp1")
    panel_check.check(panel)
    panel.refresh_from_db()
    assert str(panel.stopped) == ""
