"""What the scheduler reads by itself, and when it stands back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.messages.message import verbatim
from integrator.models import Account, Panel
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.panel_setup.checks import panel_check
from integrator.refresh import background, discovery
from panels.coremanager.errors import LoginRefused
from tests import factories
from tests.services import mirrors

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.services.mirrors import Hoster
    from tests.services.sandbox import Sandbox


def test_old_mirrors_are_read_anew(hoster: Hoster, settings: Settings) -> None:
    settings.DRIFT_HOURS = 24.0
    assert background.to_discover() == [], "nobody has discovered them yet"
    Panel.objects.update(discovered_at=now() - dt.timedelta(hours=23))
    assert background.to_discover() == []
    Panel.objects.update(discovered_at=now() - dt.timedelta(hours=25))
    assert background.to_discover() == [hoster.billing.pk, hoster.server.pk]
    Panel.objects.filter(pk=hoster.server.pk).update(discovery={"started": now().isoformat()})
    assert background.to_discover() == [hoster.billing.pk], "it was tried a moment ago"
    Panel.objects.filter(pk=hoster.billing.pk).update(stopped=verbatim("its login was refused"))
    assert background.to_discover() == []
    Panel.objects.update(discovery={}, stopped="")
    settings.DRIFT_HOURS = 0.0
    assert background.to_discover() == []


def test_emails_are_asked_where_they_help(hoster: Hoster) -> None:
    Panel.objects.update(discovered_at=now())
    assert background.to_ask() == []
    mirrors.account(hoster.server)
    assert background.to_ask() == [hoster.server.pk]
    Account.objects.update(system=True)
    assert background.to_ask() == []


def test_nothing_is_read_while_something_is_being_bound(hoster: Hoster, settings: Settings) -> None:
    Panel.objects.update(discovered_at=now() - dt.timedelta(hours=25))
    mirrors.account(hoster.server)
    binding = factories.binding("running", 3)
    assert (background.to_discover(), background.to_ask()) == ([], [])
    assert background.read_emails(binding.account.panel_id) == 0


def test_emails_are_read_and_matched(discovered: Sandbox) -> None:
    Account.objects.update(email="", email_at=None, match_state="blocked", client=None)
    server = Panel.objects.get(name="isp1")
    assert background.to_ask() == [server.pk]
    assert background.read_emails(server.pk) == 12
    assert Account.objects.filter(match_state="ready").count() == 12
    assert background.to_ask() == []


def test_a_refused_login_is_not_tried_again_in_every_round(
    discovered: Sandbox, settings: Settings
) -> None:
    settings.DRIFT_HOURS = 24.0
    server = Panel.objects.get(name="isp1")
    right, server.password = server.password, "changed on the server"
    server.save(update_fields=["password"])
    long_ago = {"discovered_at": now() - dt.timedelta(hours=25), "discovery": {}}
    Panel.objects.update(**long_ago)
    assert server.pk in background.to_discover()
    with pytest.raises(LoginRefused):
        discovery.discover(server)
    assert server.stopped
    Panel.objects.update(**long_ago)
    assert server.pk not in background.to_discover()
    with pytest.raises(PanelStoppedError):
        discovery.discover(server)
    # Corrected and checked, it goes on.
    server.password = right
    server.save(update_fields=["password"])
    assert not any(row.state == "denied" for row in panel_check.check(server).rows)
    server.refresh_from_db()
    assert not server.stopped
    assert discovery.discover(server).counts["accounts"]
