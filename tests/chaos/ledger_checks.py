"""What must be true after a run, whatever was killed meanwhile: the sandbox's ledger decides."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

from integrator.core.env import local_redis
from tests.chaos.product import CSV, READ_TIMEOUT, SETTLE, eventually
from tests.services import secret_search
from tests.services.ledger_comparison import other_plans, other_services
from tests.services.secret_search import LOGINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.product import Answer, Product
    from tests.services.sandbox import Sandbox

MODULE_OF = {"isp1": 11, "isp2": 12}
CREDITED = 4


def complete(
    answer: Answer,
    product: Product,
    sandbox: Sandbox,
    accounts: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Check that all of it is done, just once each, and that the plans are as before; the ledger.

    `answer` is what `bind --wait --json` said of a run over `accounts`, the only one so far.
    """
    assert answer.code == 0, answer.out[-3000:] + answer.err[-1000:] + where(product)
    told = answer.json
    assert told["state"] == "finished", where(product)
    assert (told["total"], told["done"]) == (len(accounts), len(accounts))
    assert all(window["restored"] for window in told["windows"])
    ledger = sandbox.ledger()
    _nothing_wrong(ledger)
    _bound(ledger, told, accounts)
    _once_each(ledger, sandbox.world(), accounts)
    _own_rows(product, ledger)
    _no_secret_is_readable(product, sandbox)
    return ledger


def _nothing_wrong(ledger: dict[str, Any]) -> None:
    assert ledger["violations"] == []
    assert ledger["hosting_accounts_created"] == []
    assert ledger["password_changes"] == []
    *hosting, other = (plan["id"] for plan in ledger["plans"])  # one of another kind comes last
    assert not [*other_plans(ledger, {other: [[13]], **{one: [[11, 12]] for one in hosting}})]
    manual = Counter(row["name"] for row in ledger["modules_created"])
    assert all(count == 1 for count in manual.values()), manual


def _bound(
    ledger: dict[str, Any], told: dict[str, Any], accounts: Sequence[dict[str, Any]]
) -> None:
    """Every account's service is Active, on its server's module, with its exact username."""
    bindings = {(one["server"], one["username"]): one for one in told["bindings"]}
    assert len(bindings) == len(accounts)
    wanted = []
    for account in accounts:
        binding = bindings[account["server"], account["username"]]
        assert (binding["state"], binding["step"], binding["cause"]) == ("done", 8, None)
        shown = {name: account[name] for name in ("username", "server", "client")}
        shown |= {"module_id": MODULE_OF[account["server"]], "domain": account["domains"][0]}
        wanted.append((binding["service"], shown))
    assert not [*other_services(ledger, wanted)]


def _once_each(
    ledger: dict[str, Any], world: dict[str, Any], accounts: Sequence[dict[str, Any]]
) -> None:
    """One order, one service, one charge of the plan's price, one closed task for each.

    That nothing is doubled is what the ledger itself says (``violations``): here all is counted.
    """
    count = len(accounts)
    ours = [one for one in ledger["services"] if one["origin"] == "order"]
    assert len(ledger["orders"]) == len(ours) == count
    assert ledger["lines"] == []
    assert all(order["remoteid"] for order in ledger["orders"])
    prices = {plan["name"]: plan["prices"]["1"] for plan in world["plans"]}
    charged = {row["service"]: row["amount"] for row in ledger["charges"]}
    assert len(ledger["charges"]) == count
    assert set(charged) == {service["id"] for service in ours}
    assert sum(charged.values()) == sum(prices[account["plan"]] for account in accounts)
    closed = [(one["status"], one["closes"], one["refused_closes"]) for one in ledger["tasks"]]
    assert closed == [(2, 1, 0)] * count


def _own_rows(product: Product, ledger: dict[str, Any]) -> None:
    """No secret is stored, no error was unexpected, and every order was sent in its time."""
    assert product.rows("select count(*) from integrator_binding where password <> ''") == [(0,)]
    assert product.rows("select count(*) from integrator_window where phase <> 'closed'") == [(0,)]
    assert "binding.internal_error" not in product.said
    sent_by = dict(
        product.rows(
            "select marker, max(send_by) from integrator_intent where kind = 'order'"
            " and outcome = 'done' group by marker"
        )
    )
    for order in ledger["orders"]:
        # The panel may begin what was sent in time as late as a settle time counts on.
        late = order["at"] - _moment(sent_by[order["remoteid"]])
        assert late < READ_TIMEOUT + SETTLE, f"{order} came {late:.1f} s after its send_by"


def _no_secret_is_readable(product: Product, sandbox: Sandbox) -> None:
    """No password of panels or accounts in files, logs, the database or waiting messages."""
    secrets = LOGINS | {account["password"] for account in sandbox.world()["accounts"]}
    places = dict(secret_search.in_folder(product.var_dir, without={CSV}))
    places["what was printed"] = product.said.encode()
    places |= secret_search.in_redis(
        product.environ.get("REDIS_URL") or local_redis(product.var_dir)
    )
    if product.database_url:
        names = "select table_name from information_schema.tables where table_schema = 'public'"
        for (name,) in product.rows(names):
            rows = product.rows(f'select t::text from "{name}" t')  # noqa: S608 - its own names
            places[name] = repr(rows).encode()
    assert not secret_search.found(secrets, places)


def _moment(value: str | dt.datetime) -> float:
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()


def credited_what_was_lacking(ledger: dict[str, Any], accounts: Sequence[dict[str, Any]]) -> None:
    """Clients without a balance: one credited payment for each account, of its charge."""
    credits_made = [row["amount"] for row in ledger["payments"] if row["status"] == CREDITED]
    assert len(ledger["payments"]) == len(credits_made) == len(accounts)
    assert sorted(credits_made) == sorted(row["amount"] for row in ledger["charges"])


def given_up(product: Product) -> int:
    """How many calls with an unknown outcome were proven, by waiting, not to have happened."""
    found = product.rows(
        "select count(*) from integrator_intent where outcome = 'nothing'"
        """ and (why like '{"key": "effect.not_seen"%' or why like '{"key": "task.still_%')"""
    )
    return int(found[0][0])


def done(product: Product) -> int:
    """How many bindings are done by now."""
    return int(product.rows("select count(*) from integrator_binding where state = 'done'")[0][0])


def reach(product: Product, count: int, limit: float = 40.0) -> None:
    """Wait until so many bindings are done."""
    eventually(lambda: done(product) >= count, limit, lambda: where(product))


def where(product: Product) -> str:
    """For a test that waited in vain."""
    bindings = product.rows(
        "select id, state, step, waiting_for, cause, cause_text, due_at, attempts"
        " from integrator_binding where state <> 'done' order by id limit 20"
    )
    windows = product.rows(
        "select id, phase, held, closing, cause, due_at, lease_token from integrator_window"
        " where phase <> 'closed'"
    )
    rows = f"\nbindings: {bindings}\nwindows: {windows}"
    return f"{rows}\nlog: {product.said[-3000:]}\nended: {product.ended}"
