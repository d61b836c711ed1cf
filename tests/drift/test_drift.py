"""What differs between bound services and their accounts, over the days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.drift import drift
from integrator.inventory import service_recognition
from integrator.models import Account, Binding, Drift, Panel, Service
from tests import factories
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@pytest.fixture
def bound_account(hoster: Hoster) -> Account:
    """Account “alice” on isp1, which is service 900 of client 3001 on plan Start."""
    Panel.objects.update(discovered_at=now())
    mirrors.service(900, username="alice", module_id_remote=21, domain="alice.example",
                    client_id_remote=3001, plan_id_remote=5)  # fmt: skip
    return mirrors.account(hoster.server)


def kinds() -> list[str]:
    service_recognition.recognise()
    drift.compare()
    return sorted(Drift.objects.filter(over_at=None).values_list("kind", flat=True))


def test_nothing_differs(bound_account: Account) -> None:
    assert kinds() == []


@pytest.mark.parametrize(
    ("account", "service", "kind"),
    [
        ({"active": False}, {}, "suspended_on_server"),
        ({}, {"status": 3}, "suspended_in_billing"),
        ({"domains": ["other.example"]}, {}, "domain_differs"),
        ({"preset": "Pro"}, {}, "plan_differs"),
        ({"gone_at": "now"}, {}, "account_gone"),
        ({"username": "alice2"}, {}, "account_renamed"),
        ({}, {"username": "alice2"}, "account_renamed"),
        ({"email": "client3002@mail.example"}, {}, "client_doubted"),
        ({"active": False}, {"status": 3}, None),
        ({"preset": "#custom"}, {}, None),
        ({"active": False}, {"status": 4}, None),
        ({"active": False}, {"status": 1}, None),
        ({"active": False}, {"module_id_remote": 99}, None),
    ],
)
def test_one_difference(
    hoster: Hoster,
    bound_account: Account,
    account: dict[str, Any],
    service: dict[str, Any],
    kind: str | None,
) -> None:
    mirrors.plan(6, "Pro")
    mirrors.client(3002)
    if "gone_at" in account:
        account = {"gone_at": now()}
    Account.objects.filter(pk=bound_account.pk).update(**account)
    Service.objects.update(**service)
    assert kinds() == ([kind] if kind else [])


def test_an_account_that_moved_to_another_server(hoster: Hoster, bound_account: Account) -> None:
    Account.objects.filter(pk=bound_account.pk).update(gone_at=now(), domains=[])
    mirrors.account(mirrors.server("isp2", module_id=22), "alice")
    assert kinds() == ["account_moved"]
    told = Drift.objects.get()
    assert told.reason["params"]["other_server"] == "isp2"
    moved = Account.objects.get(panel__name="isp2")
    # The other side of the same thing: it is never offered.
    assert moved.conflicts[0]["key"] == "domain_is_service"


def test_a_server_that_was_asked_before_billing_misses_nothing(
    hoster: Hoster, bound_account: Account
) -> None:
    """The account of a service that was ordered in between is not there yet."""
    Account.objects.all().delete()
    Panel.objects.filter(kind="billmanager").update(discovered_at=now())
    assert kinds() == []
    Panel.objects.filter(kind="ispmanager").update(discovered_at=now())
    assert kinds() == ["account_gone"]


def test_two_services_of_one_account(bound_account: Account) -> None:
    mirrors.service(901, username="alice", module_id_remote=21, client_id_remote=3001, status=3,
                    domain="alice.example", plan_id_remote=5)  # fmt: skip
    assert kinds() == ["two_services"]
    bound_account.refresh_from_db()
    assert bound_account.in_conflict
    Service.objects.filter(remote_id=901).update(status=4)
    assert kinds() == []
    bound_account.refresh_from_db()
    assert (bound_account.in_conflict, bound_account.conflicts) == (False, [])


def test_what_is_meant_is_quiet_until_it_changes(hoster: Hoster, bound_account: Account) -> None:
    mirrors.plan(6, "Pro")
    mirrors.plan(7, "Max")
    Account.objects.update(preset="Pro")
    assert kinds() == ["plan_differs"]
    first = Drift.objects.get()
    drift.accept(first, "eva")
    assert kinds() == ["plan_differs"]
    assert not drift.unsettled().exists()
    bound_account.refresh_from_db()
    assert not bound_account.in_conflict
    Account.objects.update(preset="Max")
    kinds()
    assert drift.unsettled().get().pk == first.pk
    Account.objects.update(preset="Start")
    assert kinds() == []
    assert Drift.objects.get().over_at
    Account.objects.update(preset="Max")
    kinds()
    again = drift.unsettled().get()
    assert (again.pk, again.over_at) == (first.pk, None)
    assert again.since > first.since


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"client_id_remote": 3009}, "client_differs"),
        ({"plan_id_remote": 9}, "plan_changed"),
        ({"module_id_remote": 77}, "module_differs"),
        ({"username": "bob"}, "username_differs"),
        ({"status": 4}, "service_gone"),
        ({"gone_at": "now"}, "service_gone"),
        ({}, None),
    ],
)
def test_what_we_have_bound_is_remembered(
    db: None, change: dict[str, Any], kind: str | None
) -> None:
    binding = factories.done()
    Service.objects.all().delete()
    mirrors.service(
        binding.service_id or 0, username=binding.account.username,
        client_id_remote=binding.client.remote_id, plan_id_remote=binding.plan.remote_id,
        module_id_remote=binding.module_id, domain=binding.account.domain,
    )  # fmt: skip
    if "gone_at" in change:
        change = {"gone_at": now()}
    Service.objects.update(**change)
    assert kinds() == ([kind] if kind else [])


def test_what_a_person_has_bound_otherwise_than_it_seems_is_meant(
    hoster: Hoster, bound_account: Account
) -> None:
    Account.objects.update(preset="Pro", email="client3002@mail.example")
    mirrors.plan(6, "Pro")
    mirrors.client(3002)
    assert kinds() == ["client_doubted", "plan_differs"]
    binding = factories.done(account=bound_account, client=hoster.client, plan=hoster.plan)
    Binding.objects.filter(pk=binding.pk).update(service_id=900, module_id=21)
    assert kinds() == []
    Service.objects.update(plan_id_remote=7, client_id_remote=3005)
    assert kinds() == ["client_differs", "client_doubted", "plan_changed", "plan_differs"]


def test_a_bound_service_that_no_discovery_lists_is_gone(db: None) -> None:
    binding = factories.done()
    Service.objects.all().delete()
    factories.billmanager(discovered_at=now())
    Binding.objects.update(done_at=binding.created_at)
    assert kinds() == ["service_gone"]
