"""Which plan an account's preset means: mapped by a person, by an equal name, or by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import Refused
from integrator.matching import plan_map
from integrator.models import Account
from tests.matching.matched_rows import keys, matched
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def test_an_unmapped_preset_is_a_choice_until_it_is_mapped(hoster: Hoster) -> None:
    account = mirrors.account(hoster.server, preset="Old", email="client3001@mail.example")
    assert matched(account).match_state == "choose"
    assert "no_plan" in keys(account)
    plan_map.set_many(["Old=Start"])
    assert matched(account).match_state == "ready"


def test_equal_names_map_whatever_the_case_but_not_when_two_plans_are_alike(hoster: Hoster) -> None:
    resolver = plan_map.PlanResolver()
    mapped = resolver.find("  sTART ", hoster.server.pk)
    assert mapped
    assert (mapped.plan, mapped.how) == (hoster.plan, "same name")
    mirrors.plan(6, "start")
    assert plan_map.PlanResolver().find("Start", hoster.server.pk) is None


def test_what_is_set_for_a_server_wins(hoster: Hoster) -> None:
    other, third = mirrors.plan(6, "Pro"), mirrors.plan(7, "Max")
    plan_map.set_plan("Start", other)
    plan_map.set_plan("Start", third, hoster.server)
    resolver = plan_map.PlanResolver()
    found = [resolver.find("Start", panel) for panel in (hoster.server.pk, None)]
    assert [mapped.plan for mapped in found if mapped] == [third, other]


def test_the_map_is_changed_as_a_whole_or_not_at_all(hoster: Hoster) -> None:
    mirrors.account(hoster.server, preset="Old")
    with pytest.raises(Refused) as refused:
        plan_map.set_many(["Old=Start", "Old", "New=Start", "Old=Nothing"])
    assert len(refused.value.lines) == 3
    assert plan_map.PlanResolver().find("Old", None) is None


def test_a_default_maps_what_nothing_else_does(hoster: Hoster) -> None:
    for name, preset in (("a", "Start"), ("b", "#custom"), ("c", "Old")):
        mirrors.account(hoster.server, name, preset=preset)
    other = mirrors.plan(6, "Other")
    plan_map.set_many(["*=Other"], period=3)
    plan_map.set_many(["Old=Start"], hoster.server)
    found = {row.preset: row for row in plan_map.table() if row.panel is None}
    told = {
        preset: (row.mapped.plan.name, row.mapped.period, row.mapped.how)
        for preset, row in found.items()
        if row.mapped
    }
    assert told == {
        "Start": ("Start", 1, "same name"),
        "#custom": ("Other", 3, "default"),
        "Old": ("Other", 3, "default"),
        "*": ("Other", 3, "set"),
    }
    assert list(found)[-1] == "*"
    resolver = plan_map.PlanResolver()
    exception = resolver.find("Old", hoster.server.pk)
    assert exception is not None
    assert exception.plan == hoster.plan
    assert Account.objects.count() == 3
    assert other.pk
