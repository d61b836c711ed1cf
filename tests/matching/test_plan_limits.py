"""What an account uses against what its plan allows, as a warning with the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.matching import plan_map
from integrator.models import Account, Panel, Plan, Preview
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster
    from tests.services.sandbox import Sandbox

ON = Choices(autoprolong=True)

PRESET = {
    "limit_webdomains": "5",
    "limit_db": "3",
    "limit_emails": "20",
    "limit_emaildomains": "2",
    "limit_domains": "4",
}


def said(hoster: Hoster, limits: dict[str, int], **account: Any) -> dict[str, dict[str, Any]]:
    Plan.objects.update(limits=limits)
    mirrors.account(hoster.server, **account)
    made = preview.make_from_csv(ON, hoster.csv("isp1,alice,,3001,Start"), "eva")
    assert made.summary["ready"] == 1
    return {one["key"]: one["params"] for one in made.rows.get().reasons}


@pytest.mark.parametrize(
    ("account", "limits", "key", "figures"),
    [
        ({"disk_used": 900}, {"disc": 500}, "over_disk", {"used": 900, "allowed": 500}),
        ({"disk_used": 9, "disk_limit": 900}, {"disc": 500}, "less_disk",
         {"limit": 900, "allowed": 500}),
        ({"domains": ["alice.example", "b.example"]}, {"webdomainlimit": 1}, "over_sites",
         {"used": 2, "allowed": 1}),
        ({}, {"webdomainlimit": 1}, "less_sites", {"limit": 5, "allowed": 1}),
        ({}, {"databaselimit": 2}, "less_databases", {"limit": 3, "allowed": 2}),
        ({}, {"emaillimit": 0}, "less_mailboxes", {"limit": 20, "allowed": 0}),
        ({}, {"maildomainlimit": 1}, "less_mail_domains", {"limit": 2, "allowed": 1}),
        ({}, {"domainlimit": 3}, "less_domains", {"limit": 4, "allowed": 3}),
    ],
)  # fmt: skip
def test_over_use_is_a_warning_with_the_figures(
    hoster: Hoster, account: dict[str, Any], limits: dict[str, int], key: str,
    figures: dict[str, int],
) -> None:  # fmt: skip
    hoster.server.discovery = {"facts": {"presets": {"Start": PRESET}}}
    hoster.server.save()
    found = said(hoster, limits, **account)
    assert found[key] == {**figures, "plan": "Start"}
    made = Preview.objects.get()
    assert made.summary["over_use"] == (1 if key.startswith("over") else 0)


def test_what_a_plan_allows_as_well_says_nothing(hoster: Hoster) -> None:
    hoster.server.discovery = {"facts": {"presets": {"Start": {**PRESET, "limit_emails": "many"}}}}
    hoster.server.save()
    limits = {"webdomainlimit": 5, "databaselimit": 3, "emaillimit": 1, "maildomainlimit": 9}
    assert set(said(hoster, limits)) == {"no_password"}


def test_what_is_not_known_says_nothing(hoster: Hoster) -> None:
    assert set(said(hoster, {}, disk_used=900)) == {"no_password"}
    Plan.objects.update(limits={"disc": 1})
    Account.objects.update(disk_used=None)
    made = preview.make_from_csv(ON, hoster.csv("isp1,alice,,3001,Start"), "eva")
    assert {one["key"] for one in made.rows.get().reasons} == {"no_password"}


def test_discovery_reads_what_plans_allow_and_presets(discovered: Sandbox) -> None:
    plan = Plan.objects.get(name="Start")
    assert plan.limits == {"disc": 10240, "webdomainlimit": 1}
    discovered.act(act="set_limits", plan=plan.remote_id, limits={"disc": 10})
    discovery.discover(Panel.objects.get(kind="billmanager"))
    plan.refresh_from_db()
    assert plan.limits == {"disc": 10}
    row = next(row for row in plan_map.table() if row.preset == "Start")
    assert row.over == row.accounts > 0
