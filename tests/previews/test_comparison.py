"""A preview is compared with the real panels before it is started: a difference stops it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.models import Account, Binding, Call, Panel, Plan, Preview, Run, Window
from integrator.panel_access import panel_connections, transports
from integrator.previews import freshness, preview
from integrator.previews.choices import Choices
from integrator.previews.comparison import PreviewOutdated, compare
from integrator.runs.launch import launch
from integrator.steps import module_switches
from integrator.steps import step1_add_manual_module as step1
from panels.coremanager.errors import PanelError
from tests import factories

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox

pytestmark = pytest.mark.any_database

ON = Choices(autoprolong=True)


class Batch:
    """Three accounts of the sandbox in a preview, and the truth about the first one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        world = sandbox.world()
        chosen = world["accounts"][:3]
        self.first: dict[str, Any] = chosen[0]
        self.plan = next(p["id"] for p in world["plans"] if p["name"] == self.first["plan"])
        rows = [
            f"{one['server']},{one['username']},,{one['client']},{one['plan']},{one['password']}"
            for one in chosen
        ]
        head = "server,username,domain,client,plan,password"
        self.text = "\n".join([head, *rows])
        self.preview = self.made()

    def made(self, choices: Choices = ON) -> Preview:
        return preview.make_from_csv(choices, self.text, "eva")

    @staticmethod
    def admin(func: str, kind: str = "billmanager", **params: str | int) -> None:
        transport = transports.transport(Panel.objects.get(kind=kind))
        transport.act(func, params, send_by=4e9)


@pytest.fixture
def batch(discovered: Sandbox) -> Batch:
    return Batch(discovered)


def lines(batch: Batch) -> list[str]:
    with pytest.raises(PreviewOutdated) as outdated:
        launch(batch.preview, "eva")
    assert not Run.objects.exists()
    assert not Binding.objects.exists()
    return outdated.value.lines


def test_nothing_has_changed(batch: Batch) -> None:
    compare(batch.preview)
    run = launch(batch.preview, "eva")
    assert run.total == 3
    assert launch(batch.preview, "eva") == run


def test_another_price(batch: Batch) -> None:
    batch.sandbox.act(act="set_price", plan=batch.plan, months=1, price=12345)
    (line,) = lines(batch)
    assert batch.first["username"] in line
    assert "123.45" in line


def test_a_balance_that_no_longer_suffices_and_one_that_still_does(batch: Batch) -> None:
    batch.sandbox.act(act="set_balance", client=batch.first["client"], balance=500_000)
    compare(batch.preview)
    batch.sandbox.act(act="set_balance", client=batch.first["client"], balance=1)
    assert "0.01" in lines(batch)[0]


@pytest.fixture
def huge(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were more clients than a small preview has any use for."""
    monkeypatch.setattr(freshness, "MAX_CLIENTS_READ", 0)


@pytest.mark.usefixtures("huge")
def test_few_of_many_clients_are_read_one_by_one(batch: Batch) -> None:
    compare(batch.preview)
    funcs = set(Call.objects.filter(panel="billing").values_list("params__filter", "func"))
    assert ("on", "account") in funcs
    batch.sandbox.act(act="set_balance", client=batch.first["client"], balance=1)
    assert "0.01" in lines(batch)[0]


@pytest.mark.usefixtures("huge")
def test_a_user_whose_e_mail_is_another_now_does_not_order(batch: Batch) -> None:
    row = batch.preview.rows.get(number=2)
    batch.sandbox.act(act="set_email", user=row.su, email="renamed@mail.example")
    assert any(batch.first["username"] in line for line in lines(batch))


def test_a_day_that_is_over_by_now(batch: Batch) -> None:
    batch.preview.rows.filter(number=2).update(expires=now().date())
    line = lines(batch)[0]
    assert str(now().date()) in line


def test_a_plan_that_is_no_longer_sold(batch: Batch) -> None:
    batch.admin("pricelist.suspend", elid=batch.plan)
    assert batch.first["plan"] in lines(batch)[0]


def test_an_account_that_is_gone_or_suspended(batch: Batch) -> None:
    batch.sandbox.act(
        act="hosting_user", server=batch.first["server"], username=batch.first["username"],
        active=False,
    )  # fmt: skip
    assert batch.first["username"] in lines(batch)[0]
    batch.admin("user.delete", "ispmanager", elid=batch.first["username"])
    assert batch.first["username"] in lines(batch)[0]


def test_an_account_that_somebody_has_bound_by_hand(batch: Batch) -> None:
    made = batch.sandbox.act(
        act="order", client=batch.first["client"], plan=batch.plan, period=1,
        domain=batch.first["domains"][0], datacenter=1,
    )  # fmt: skip
    batch.sandbox.act(
        act="activate_service", service=made["service"], module=11,
        username=batch.first["username"],
    )  # fmt: skip
    assert str(made["service"]) in lines(batch)[0]


def test_a_letter_that_is_sent_now(batch: Batch) -> None:
    batch.admin("pricelist.edit", elid=batch.plan, opennotify="2", sok="ok")
    (line,) = lines(batch)
    assert ": 2 ×" in line
    assert preview.remake(batch.preview, "eva").summary["mails"] == 3


def test_a_plan_that_a_window_of_ours_has_switched_has_not_changed(batch: Batch) -> None:
    """A batch that was started while another one ran was refused: its modules were not on."""
    plan = Plan.objects.get(remote_id=batch.plan)
    bm = panel_connections.billmanager()
    batch.admin("pricelist.edit", elid=batch.plan, opennotify="2", sok="ok")
    freshness.reread(batch.preview)
    made = batch.made()
    step1.AddModule(bm, bm.modules.all(), 1).apply(4e9)
    (manual,) = [module.id for module in step1.ours(bm.modules.all())]
    listed = bm.plans.modules(batch.plan)
    own = module_switches.enabled(listed)
    snapshot = {"modules": module_switches.snapshot(listed, without=[manual]), "letter": "2"}
    window = factories.window(plan=plan, snapshot=snapshot, manual_modules={"1": manual})
    batch.admin("pricelist.edit", elid=batch.plan, opennotify="null", sok="ok")
    bm.plans.switch_on(batch.plan, manual, send_by=4e9)
    for module in own:
        bm.plans.switch_off(batch.plan, module, send_by=4e9)
    compare(made)
    plan.refresh_from_db()
    assert [module["id"] for module in plan.modules if module["enabled"]] == own

    # A window that closes while its plan is read counts too; one that had closed before does not.
    Window.objects.filter(pk=window.pk).update(phase="closed", closed_at=now())
    with pytest.raises(PreviewOutdated):
        compare(made)
    Window.objects.filter(pk=window.pk).update(closed_at=now() + dt.timedelta(minutes=1))
    compare(made)


def test_a_panel_that_cannot_be_read_starts_nothing(batch: Batch) -> None:
    batch.sandbox.faults({"kind": "http_500", "func": "account"})
    with pytest.raises((PanelError, Refused)):
        launch(batch.preview, "eva")
    assert not Run.objects.exists()


def test_a_new_preview_takes_choices_and_passwords_along(batch: Batch) -> None:
    credit = Choices(autoprolong=False, payment="credit", paymethod="Bonus", hold_letters=True)
    old = batch.made(credit)
    Plan.objects.filter(remote_id=batch.plan).update(
        periods={"1": {"amount": "77.00", "setup": "0", "currency": "EUR"}}
    )
    made = preview.remake(old, "boris")
    assert preview.choices_of(made) == preview.choices_of(old)
    assert [row.password for row in made.rows.all()] == [row.password for row in old.rows.all()]
    assert made.rows.first().price == 77  # type: ignore[union-attr]
    assert old.rows.first().price != 77  # type: ignore[union-attr]


def test_a_domain_that_is_sold_meanwhile_on_another_plan(batch: Batch) -> None:
    """No list of the preview's own plan shows it."""
    batch.text = "\n".join(batch.text.splitlines()[:2])
    batch.preview = batch.made()
    other = Plan.objects.exclude(remote_id=batch.plan).values_list("remote_id", flat=True)[0]
    domain = batch.first["domains"][0]
    sold = batch.sandbox.act(act="order", plan=other, domain=f"www.{domain.upper()}")
    line = lines(batch)[0]
    assert f"service {sold['service']} of client" in line


def test_a_domain_that_left_its_account_meanwhile(batch: Batch) -> None:
    Account.objects.filter(username=batch.first["username"]).update(
        domain="left.example", domains=["left.example"]
    )
    batch.preview = batch.made()
    assert batch.preview.summary["ready"] == 3
    line = lines(batch)[0]
    assert "The domain left.example is not one that isp1 lists" in line
    assert Account.objects.get(username=batch.first["username"]).domains == batch.first["domains"]
