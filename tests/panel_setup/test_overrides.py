"""Names that a person sets are looked for on the panel first, and nothing there is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.errors import Refused
from integrator.messages.checks import LOOK
from integrator.models import Call, Event, Panel
from integrator.panel_access import panel_connections, proven_names, stored_dialect
from integrator.panel_setup.dialect import dialect_entries, overrides
from integrator.supervisor.folder import eventually
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.grammar import SETTABLE
from panels.coremanager.errors import NotSent

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox

pytestmark = pytest.mark.any_database

RIGHT = {
    "order": "v2",
    "cart": "cart",
    "plan_modules_list": "pricelist.processing",
    "plan_modules_enable": "pricelist.processing.resume",
    "plan_modules_disable": "pricelist.processing.suspend",
    "plan_modules_parent": "elid",
    "plan_modules_marker": "active",
    "manual_module": "pmmanual",
    "ispmanager_modules": "pmispmgr6",
    "module_create": "processing.add.settings",
    "module_button": "finish",
    "client_filter": "account_id",
    "itemtype_id": "84",
    "task_open_types": "postopen",
}


def billing() -> Panel:
    return Panel.objects.get(name="billing")


def put(given: dict[str, str], *, force: bool = False) -> dict[str, str]:
    kept = overrides.set_entries(billing(), given, actor="anna", force=force)
    return {one.name: one.unchecked for one in kept}


def refused(given: dict[str, str]) -> str:
    before = (billing().overrides, billing().dialect)
    with pytest.raises(Refused) as raised:
        put(given)
    assert (billing().overrides, billing().dialect) == before
    return "\n".join([raised.value.text, *raised.value.lines])


def effects(sandbox: Sandbox) -> dict[str, Any]:
    return {name: value for name, value in sandbox.ledger().items() if name != "calls"}


def test_what_is_right_is_found_on_the_panel_and_kept(discovered: Sandbox) -> None:
    before = effects(discovered)
    assert put(RIGHT) == dict.fromkeys(RIGHT, "")
    assert billing().overrides == RIGHT
    assert effects(discovered) == before
    assert not Call.objects.filter(effect=True).exists()
    assert "order = v2" in str(Event.objects.get(to_state="dialect").why)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"order": "old"}, "no function “vhost.order.param”"),
        ({"cart": "basket"}, "no function “basket”"),
        ({"plan_modules_list": "pricelist.modules"}, "pricelist.processing"),
        ({"plan_modules_enable": "pricelist.processing.switchon"}, "pricelist.processing.resume"),
        ({"plan_modules_parent": "plid"}, "opens no list"),
        ({"plan_modules_marker": "active=off/on"}, "says otherwise than “processingmodules”"),
        ({"plan_modules_marker": "working=2"}, "no row of the list has a cell “working”"),
        ({"manual_module": "pmhand"}, "pmmanual"),
        ({"ispmanager_modules": "pmispmgr6,pmisp9"}, "pmisp9"),
        ({"module_create": "processing.add.last"}, "no function “processing.add.last”"),
        ({"module_button": "go"}, "finish"),
        ({"client_filter": "customer"}, "account_id"),
        ({"module_department": "99"}, "the panel does not have 99"),
        ({"itemtype_id": "85"}, "84"),
        ({"task_open_types": "birth"}, "postopen"),
        ({"task_take": "toolbar:task.grab"}, "above “task”"),
        ({"order": "v3"}, "v2, old"),
        ({"nothing": "x"}, "There is no entry “nothing”"),
    ],
)
def test_what_the_panel_does_not_have_is_refused_by_name(
    discovered: Sandbox, given: dict[str, str], told: str
) -> None:
    # One that is right goes with it: nothing is half-saved.
    assert told in refused({"cart": "cart", **given})


@pytest.mark.parametrize(
    "given",
    [
        {"plan_modules_list": "pricelist.delete"},
        {"module_create": "processing.delete"},
        {"module_create": "account.settings"},
        {"plan_modules_enable": "pricelist.processing.suspend"},
        {"itemtype_id": "hosting"},
        {"module_department": "hosting"},
    ],
)
def test_what_would_act_is_never_taken_nor_called(
    discovered: Sandbox, given: dict[str, str]
) -> None:
    before, calls = effects(discovered), Call.objects.count()
    with pytest.raises(Refused):
        put(given, force=True)
    assert billing().overrides == {}
    assert effects(discovered) == before
    assert not Call.objects.filter(func__in=given.values()).exists()
    assert Call.objects.count() == calls


def test_a_person_may_insist_also_while_the_panel_is_away(discovered: Sandbox) -> None:
    told = put({"plan_modules_marker": "active=off/on", "manual_module": "pmhand"}, force=True)
    assert "says otherwise" in told["plan_modules_marker"]
    assert billing().overrides["manual_module"] == "pmhand"
    discovered.stop()
    with pytest.raises(NotSent):
        put({"manual_module": "pmmanual"})
    assert put({"manual_module": "pmother"}, force=True) == {
        "manual_module": "kept without a look at the panel"
    }
    discovered.start()


def test_what_is_taken_back_is_not_known_until_the_next_check(discovered: Sandbox) -> None:
    put({"cart": "cart", "order": "v2"})
    put({"cart": "", "order": ""})
    assert billing().overrides == {}
    known = {one.name: one for one in dialect_entries.entries(billing())}
    assert (known["cart"].value, known["order"].value) == ("", "")
    assert known["cart"].candidates == ("cart", "basket")
    assert "func=cart" in str(known["cart"].look)
    stored_dialect.learn_dialect(billing())
    assert Dialect.from_json(billing().dialect).need("cart") == "cart"


def test_a_tasks_names_are_looked_for_in_the_form_that_is_there(discovered: Sandbox) -> None:
    assert put({"task_close": "button:done"})["task_close"]  # no task waits: nothing can tell
    Panel.objects.update(task_username="")  # the other login sees every department's tasks
    discovered.dials(broken_servers=["isp1"], open_tries=1, task_delay=0.0)
    discovered.act(act="order")
    tasks = panel_connections.billmanager(billing()).tasks
    assert eventually(lambda: bool(tasks.openings()))
    panel = billing()
    panel.learnt = {**panel.learnt, "take_keeps_form": True}
    panel.save()
    assert put({"task_take": "button:take", "task_username": "username"}) == {
        "task_take": "", "task_username": "",
    }  # fmt: skip
    told = refused({"task_close": "button:done", "task_password": "secret"})
    assert "close" in told
    assert "password" in told
    assert "In BILLmanager, open an activation task" in told


def test_every_entry_has_its_words_and_what_is_proven_is_so_as_it_is(discovered: Sandbox) -> None:
    assert set(dialect_entries.WORDS) == set(SETTABLE) == set(LOOK)
    proven_names.prove(["order", "manual_module"])
    assert {"order", "manual_module"} <= proven_names.entries(billing())
    put({"manual_module": "pmhand"}, force=True)
    assert "manual_module" not in proven_names.entries(billing())
    put({"manual_module": "pmmanual"}, force=True)
    assert "manual_module" in proven_names.entries(billing())
