"""The world is the same for the same seed, fits together, and is made quickly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from panels.sandbox.dialect import FOLDER, DialectError, load
from panels.sandbox.dials import DialError, Dials
from panels.sandbox.ledger import truth
from panels.sandbox.world.field import STORIES
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.sandbox.sandbox_process import Local, rows

if TYPE_CHECKING:
    from pathlib import Path


def made(**size: Any) -> World:
    world = World(servers=("isp1", "isp2"), clock=lambda: 1.8e9)
    generate(world, Size(**size))
    return world


def test_the_same_seed_makes_the_same_world() -> None:
    assert truth(made(seed=5)) == truth(made(seed=5))
    assert truth(made(seed=5)) != truth(made(seed=6))


def test_accounts_fit_clients_and_plans() -> None:
    world = truth(made(accounts=100, clients=30))
    assert len(world["clients"]) == 30
    assert {account["server"] for account in world["accounts"]} == {"isp1", "isp2"}
    for account in world["accounts"]:
        assert account["client"] in {client["id"] for client in world["clients"]}
        assert account["plan"] in {"Start", "Business", "Pro"}
        assert account["domains"] == [f"{account['username']}.example"]


@pytest.mark.slow
def test_a_hundred_thousand_accounts_are_made() -> None:
    world = made(accounts=100_000)
    assert len(world.hosting) == 100_000


def test_a_page_of_a_long_list_is_given() -> None:
    panels = Local(size=Size(accounts=20_000))
    assert len(rows(panels.isp("user", p_cnt=500, p_num=40))) == 500


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_each_entry_of_a_dialect_says_where_it_is_from(name: str) -> None:
    document = json.loads((FOLDER / f"{name}.json").read_text())
    for entry in document["keys"].values():
        if set(entry) == {"value", "seen"}:
            continue  # of a report
        assert set(entry) in ({"value", "source"}, {"value", "assumed"})
        assert (entry.get("source") or entry["assumed"]).split()[0] in {
            "billmanager.md",
            "ispmanager.md",
        }
    assert load(name).name == name


def test_a_dialect_may_hold_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    keys = {"task.close_kind": {"value": "field"}}
    path.write_text(json.dumps({"name": "odd", "extends": "billmanager5", "keys": keys}))
    odd = load(str(path))
    assert (odd["task.close_kind"], odd["cart.kind"]) == ("field", "basket")
    path.write_text(json.dumps({"name": "odd", "keys": {"task.colour": {"value": "red"}}}))
    with pytest.raises(DialectError, match=r"task\.colour"):
        load(str(path))


def test_dials_are_checked_before_any_is_turned() -> None:
    dials = Dials()
    for wrong in ({"latency": 5, "speed": 1}, {"latency": 5, "parallel": "x"}, {"parallel": True}):
        with pytest.raises(DialError):
            dials.turn(wrong)
    assert dials.latency == 0
    dials.turn({"latency": 5})
    assert dials.latency == 5.0


def test_odd_accounts() -> None:
    world = truth(made(accounts=200, odd=50))
    accounts = world["accounts"]
    known = {email for client in world["clients"] for email in client["emails"]}
    assert any(account["email"] == "" for account in accounts)
    assert any(account["email"] and account["email"] not in known for account in accounts)
    assert any(not account["active"] for account in accounts)
    assert any(account["preset"] == "#custom" for account in accounts)
    assert {len(account["domains"]) for account in accounts} == {0, 1, 2}
    assert any(len(client["emails"]) == 2 for client in world["clients"])


def test_accounts_of_the_field_tell_their_stories() -> None:
    world = made(accounts=600, clients=250, field=True)
    told = truth(world)["accounts"]
    assert {account["story"] for account in told} == STORIES.keys()
    clients = {client.id for client in world.clients.all()}
    assert {account["client"] for account in told} <= clients
    assert truth(made(accounts=600, clients=250, field=True)) == truth(world)
    by_email: dict[str, set[int]] = {}
    for user in world.users.all():
        by_email.setdefault(user.email, set()).add(user.client)
    for account in told:
        if account["story"] in {"e-mail", "hostile text", "suspended"}:
            assert by_email[account["email"]] == {account["client"]}
