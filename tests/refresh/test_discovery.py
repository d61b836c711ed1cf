"""Discovering real stand-in panels, over HTTP."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from integrator.core.clock import now
from integrator.matching import matcher
from integrator.models import Account, Call, Change, Client, ClientUser, Module, Panel, Plan
from integrator.panel_setup.checks import panel_check
from integrator.refresh import account_emails, discovery
from integrator.templatetags.look import place
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.names import ADMIN, Close, Found, Take
from panels.coremanager import errors
from panels.notes import Note, note, restored

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox


def test_discovery_finds_what_is_there(discovered: Sandbox) -> None:
    world = {one["username"]: one for one in discovered.world()["accounts"]}
    found = {one.username: one for one in Account.objects.filter(system=False)}
    assert found.keys() == world.keys()
    for name, account in found.items():
        assert account.email == world[name]["email"]
        assert account.domains == world[name]["domains"]
        assert account.preset == world[name]["preset"]
        assert account.active == world[name]["active"]
    assert Plan.objects.count() == 3
    plan = Plan.objects.order_by("remote_id")[0]
    assert plan.periods["1"]["currency"]
    assert plan.datacenters
    assert any(module["enabled"] for module in plan.modules)
    assert set(Client.objects.values_list("remote_id", flat=True)) >= {
        one["client"] for one in world.values()
    }
    assert ClientUser.objects.filter(email=world[next(iter(world))]["email"]).exists()
    assert Client.objects.exclude(balance=None).exists()


def test_discovery_links_the_server_to_its_module_and_keeps_the_dialect(
    discovered: Sandbox,
) -> None:
    panel = Panel.objects.get(name="isp1")
    assert panel.module_id
    assert Module.objects.get(remote_id=panel.module_id).kind == "ispmanager"
    billing_panel = Panel.objects.get(name="billing")
    assert billing_panel.version
    assert billing_panel.dialect["plan_modules_enable"]
    assert billing_panel.discovery["state"] == "done"
    assert billing_panel.discovery["facts"]["paymethods"]
    assert billing_panel.discovered_at


def test_where_each_name_was_found_is_told_in_the_readers_language(discovered: Sandbox) -> None:
    dialect = Dialect.from_json(Panel.objects.get(name="billing").dialect)
    entries = [getattr(dialect, item.name) for item in fields(dialect)]
    found = {one.where for one in entries if isinstance(one, Found | Take | Close)}
    found |= set(dialect.places.values())
    assert {"itemtype list", "toolbar of pricelist", "whoami"} <= found
    with translation.override("ru"):
        assert [text for text in found - {"whoami"} if place(text) == text] == []
    with translation.override("en"):
        assert [text for text in found if place(text) != text] == []


def _of(key: str, **params: str | int) -> Note:
    return restored(json.loads(json.dumps(note(key, **params).to_json())))  # type: ignore[no-any-return] # as it was


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (ADMIN, "задано администратором"),
        (_of("place.task_form"), "форма задачи"),
        (_of("place.as_client", place="whoami"), "whoami, от имени клиента"),
        (
            _of("place.as_client", place=note("place.form", func="payment.add.method")),
            "форма payment.add.method, от имени клиента",
        ),
        (
            _of("place.as_staff", place=note("place.list", func="department")),
            "список department, под логином сотрудника",
        ),
        (
            _of("place.several", place=note("place.toolbar", func="pricelist"), names="a.list, b"),
            "кнопки над списком pricelist: что из этого нужно? a.list, b",
        ),
        (
            _of(
                "place.shown",
                place=note("place.toolbar", func="pricelist.processing"),
                names=note("place.nothing"),
            ),
            "кнопки над списком pricelist.processing, доступные этому логину: нет ни одной",
        ),
        (
            _of("marker.agrees", plans=note("marker.plans", count=3)),
            "говорит то же, что processingmodules (сравнено тарифов: 3)",
        ),
        ("Something of 2031", "Something of 2031"),
        (restored({"key": "of.2031", "params": {}}), "of.2031"),
    ],
)
def test_where_something_was_looked_for_is_told_in_russian(stored: str, read: str) -> None:
    with translation.override("ru"):
        assert place(stored) == read
    assert place(stored) == stored


def test_discovery_changes_nothing_on_the_panels(discovered: Sandbox) -> None:
    ledger = discovered.ledger()
    assert not [name for name in ("services", "orders", "payments", "tasks") if ledger[name]]
    assert not ledger["switches"]
    assert not Call.objects.filter(effect=True).exists()


def test_every_account_is_matched_with_its_client_and_plan(discovered: Sandbox) -> None:
    assert matcher.match_all() == {"ready": 12, "choose": 0, "blocked": 0}
    world = {one["username"]: one for one in discovered.world()["accounts"]}
    for account in Account.objects.filter(system=False).select_related("client", "plan"):
        assert account.client
        assert account.client.remote_id == world[account.username]["client"]
        assert account.plan
        assert account.plan.name == world[account.username]["plan"]


def test_a_second_discovery_finds_nothing_new(discovered: Sandbox) -> None:
    Change.objects.all().delete()
    for panel in Panel.objects.all():
        counts = discovery.discover(panel).counts
    assert not Change.objects.exists()
    assert (counts["new"], counts["changed"], counts["gone"]) == (0, 0, 0)
    assert counts["emails_left"] == 0


def test_changes_are_written_down(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="isp1")
    first = Change.objects.get(panel=panel)
    assert (first.what, first.fields["count"][1]) == ("first", Account.objects.count())
    Change.objects.all().delete()
    one, two, three, four = Account.objects.filter(system=False).order_by("id")[:4]
    Account.objects.filter(pk=one.pk).update(preset="Old", fullname="Old")
    Account.objects.filter(pk=two.pk).update(gone_at=panel.discovered_at)
    # As if it had not been there; and as if another login had held its sites.
    Account.objects.filter(pk=three.pk).update(username="older", domains=three.domains)
    Account.objects.filter(pk=four.pk).delete()
    Account.objects.create(panel=panel, username="leaver", seen_at=one.seen_at)
    Client.objects.filter(remote_id=3001).update(name="Before")
    for each in Panel.objects.all():
        discovery.discover(each)
    found = {(row.kind, row.ref): (row.what, sorted(row.fields)) for row in Change.objects.all()}
    assert found == {
        ("account", one.username): ("changed", ["fullname", "preset"]),
        ("account", two.username): ("back", []),
        ("account", three.username): ("renamed", ["username"]),
        ("account", four.username): ("new", []),
        ("account", "leaver"): ("gone", []),
        ("client", "3001"): ("renamed", ["name"]),
    }
    assert Account.objects.get(username="leaver").gone_at
    assert Account.objects.get(username="older").gone_at


def emails_asked() -> list[str]:
    return [call.params["elid"] for call in Call.objects.filter(func="usrparam")]


def test_emails_are_asked_only_where_they_help_and_again_when_old(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="isp1")
    assert len(emails_asked()) == Account.objects.filter(system=False).count()
    assert not account_emails.wanted(panel).exists()
    Call.objects.all().delete()
    one, two, three, four = Account.objects.filter(system=False).order_by("id")[:4]
    Account.objects.filter(pk=one.pk).update(email="", email_at=None, match_state="ready")
    Account.objects.filter(pk=two.pk).update(email="", email_at=None, match_state="choose")
    Account.objects.filter(pk=three.pk).update(
        email_at=now() - account_emails.AGE, email="old@x.example"
    )
    Account.objects.filter(pk=four.pk).update(email="", email_at=None, chosen_by="eva")
    assert account_emails.read(panel) == 2
    assert sorted(emails_asked()) == sorted([two.username, three.username])
    assert not account_emails.wanted(panel).exists()


def test_a_reading_of_emails_ends_in_time_and_goes_on_later(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="isp1")
    Account.objects.update(email="", email_at=None, match_state="choose")
    every = account_emails.wanted(panel).count()
    account_emails.read(panel, seconds=0)
    assert account_emails.wanted(panel).count() == every
    discovered.faults({"func": "usrparam", "kind": "truncated", "probability": 1.0, "times": None})
    account_emails.read(panel)
    assert account_emails.wanted(panel).count() == every
    discovered.faults()
    account_emails.read(panel)
    assert account_emails.wanted(panel).count() == 0


def test_administrators_are_never_offered(discovered: Sandbox) -> None:
    assert not Account.objects.filter(username="root", system=False).exists()


def test_a_broken_list_marks_nothing_as_gone(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="isp1")
    discovered.faults({"func": "user", "kind": "truncated", "probability": 1.0, "times": None})
    with pytest.raises(errors.UnexpectedAnswer):
        discovery.discover(panel)
    panel.refresh_from_db()
    assert panel.discovery["state"] == "failed"
    assert not Account.objects.exclude(gone_at=None).exists()


def test_a_panel_that_is_away_is_unreachable(discovered: Sandbox) -> None:
    panel = Panel.objects.get(name="isp1")
    discovered.stop()
    report = panel_check.check(panel)
    assert [row.state for row in report.rows] == ["unreachable"]
    assert report.unreachable
    discovered.start()
