"""One site is sold once, and as the account's own: by file, by match and by correction."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.core.errors import CsvRefused, Refused
from integrator.matching import plan_map
from integrator.matching.candidates import unbound
from integrator.messages.message import of_json
from integrator.models import Account, Binding, Event, Preview, Run, Service
from integrator.previews import confirmations, preview
from integrator.previews.choices import Choices
from integrator.previews.confirmable import word_of
from integrator.previews.corrections import Wish, corrected
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster

ON = Choices(autoprolong=True)


def from_csv(hoster: Hoster, *rows: str) -> Preview:
    return preview.make_from_csv(ON, hoster.csv(*rows), "eva")


def keys(made: Preview) -> list[str]:
    return [one["key"] for one in made.rows.get().reasons if one["key"] != "no_password"]


def binding_of(hoster: Hoster, account: Account, domain: str, **values: Any) -> Binding:
    frozen = Preview.objects.create(token="t", created_at=now(), created_by="eva", source="csv")
    run = Run.objects.create(preview=frozen, total=1, created_by="eva", started_at=now())
    return Binding.objects.create(**{
        "run": run, "account": account, "client": hoster.client, "su": 30010, "plan": hoster.plan,
        "module_id": 21, "datacenter_id": 1, "number": 1, "domain": domain, "period": 1,
        "autoprolong": True, "price": Decimal(10), "currency": "EUR", "marker": "m",
        "created_at": now(), "state_at": now(), "step_at": now(), **values,
    })  # fmt: skip


@pytest.mark.parametrize(
    "domain",
    [
        "", "alice.example", "ALICE.example.", "www.alice.example", "bücher.example",
        "xn--bcher-kva.example",
    ],
)  # fmt: skip
def test_any_of_the_accounts_own_domains_is_ready(hoster: Hoster, domain: str) -> None:
    mirrors.account(hoster.server, domains=["alice.example", "xn--bcher-kva.example"])
    assert from_csv(hoster, f"isp1,alice,{domain},3001,Start").summary["ready"] == 1


@pytest.mark.parametrize("domain", ["shop.alice.example", "alice.example.org"])
def test_another_domain_asks(hoster: Hoster, domain: str) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, f"isp1,alice,{domain},3001,Start")
    assert (made.rows.get().state, keys(made)) == ("choose", ["domain_not_own"])


def test_an_account_without_a_site_is_given_a_domain_on_a_persons_word(hoster: Hoster) -> None:
    mirrors.account(hoster.server, domain="", domains=[])
    made = from_csv(hoster, "isp1,alice,new.example,3001,Start")
    row = made.rows.get()
    assert (row.state, keys(made)) == ("choose", ["domain_for_empty"])
    assert made.summary["asks"] == {"domain": 1}
    assert confirmations.confirm(made, [word_of(row.reasons[0])], "eva") == 1
    row.refresh_from_db()
    assert row.state == "ready"
    assert "Confirmed by eva" in str(of_json(row.reasons[-1]))
    assert (made.summary["ready"], made.summary["asks"]) == (1, {})
    assert made.summary["totals"] == [{"currency": "EUR", "amount": "10.00"}]
    assert Event.objects.get(subject="preview").actor == "eva"
    assert preview.remake(made, "eva").summary["ready"] == 1
    with pytest.raises(Refused):
        confirmations.confirm(made, [word_of(row.reasons[0])], "eva")


@pytest.mark.parametrize("other", ["isp1", "isp2"])
def test_a_domain_of_another_account_is_never_ready(hoster: Hoster, other: str) -> None:
    mirrors.account(hoster.server, domain="", domains=[])
    where = hoster.server if other == "isp1" else mirrors.server("isp2", 22)
    mirrors.account(where, "bob", domain="bob.example", domains=["bob.example", "taken.example"])
    made = from_csv(hoster, "isp1,alice,taken.example,3001,Start")
    assert made.rows.get().state == "blocked"
    assert keys(made)[0] == "domain_of_other"
    assert confirmations.confirm_all(made, "domain", "eva") == 0
    assert made.rows.get().state == "blocked"


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        ("alice.example", {}),
        ("WWW.Alice.Example", {"client_id_remote": 3009, "status": 3}),
        ("alice.example", {"status": 1, "module_id_remote": None}),
    ],
)
def test_what_a_live_service_has_is_blocked(
    hoster: Hoster, domain: str, values: dict[str, Any]
) -> None:
    """No discovery has looked since the service was sold: the rule is the preview's own."""
    mirrors.account(hoster.server)
    mirrors.service(900, domain=domain, **values)
    made = from_csv(hoster, "isp1,alice,,3001,Start")
    row = made.rows.get()
    assert (row.state, row.reasons[0]["key"]) == ("blocked", "domain_sold")
    assert row.reasons[0]["params"]["service"] == 900


def test_what_a_service_had_is_free(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    service = mirrors.service(900, domain="alice.example", status=4)
    assert from_csv(hoster, "isp1,alice,,3001,Start").summary["ready"] == 1
    Service.objects.filter(pk=service.pk).update(status=2, gone_at=now())
    assert from_csv(hoster, "isp1,alice,,3001,Start").summary["ready"] == 1


@pytest.mark.parametrize("state", ["queued", "running", "failed", "undecided", "done"])
def test_what_another_binding_has_is_blocked(hoster: Hoster, state: str) -> None:
    other = mirrors.account(hoster.server, "bob")
    taker = binding_of(hoster, other, "alice.example", state=state)
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,alice,,3001,Start")
    row = made.rows.get()
    assert (row.state, row.reasons[0]["key"]) == ("blocked", "domain_reserved")
    assert row.reasons[0]["params"]["binding"] == taker.pk


def test_what_a_binding_had_is_free(hoster: Hoster) -> None:
    gone = binding_of(hoster, mirrors.account(hoster.server, "bob"), "alice.example",
                      state="cancelled", reserved=False)  # fmt: skip
    mirrors.account(hoster.server)
    assert from_csv(hoster, "isp1,alice,,3001,Start").summary["ready"] == 1
    mirrors.service(901, domain="other.example", status=4)
    Binding.objects.filter(pk=gone.pk).update(state="done", service_id=901)
    assert from_csv(hoster, "isp1,alice,,3001,Start").summary["ready"] == 1
    Service.objects.update(status=2)
    assert from_csv(hoster, "isp1,alice,,3001,Start").summary["blocked"] == 1


def test_matched_accounts_keep_to_the_same_rules(hoster: Hoster) -> None:
    """A site was copied to a second account: both list it, and matching finds both their owners."""
    for username in ("alice", "copy"):
        mirrors.account(hoster.server, username, domain="alice.example", domains=["alice.example"],
                        client=hoster.client, plan=hoster.plan, match_state="ready")  # fmt: skip
    made = preview.make(ON, unbound(), "eva", origin=preview.MATCHED)
    assert [row.state for row in made.rows.all()] == ["blocked", "blocked"]
    only = preview.make(ON, Account.objects.filter(username="copy"), "eva")
    assert only.summary["ready"] == 1
    binding_of(hoster, Account.objects.get(username="alice"), "alice.example")
    only = preview.make(ON, Account.objects.filter(username="copy"), "eva")
    assert only.rows.get().reasons[0]["key"] == "domain_reserved"


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("nobody.example", "is not one that isp1 lists"),
        ("bob.example", "“bob” on isp1 has it"),
        ("sold.example", "is service 900"),
        ("alice\u200b2.example", "ZERO WIDTH SPACE"),
        ("no domain", "is not a domain name"),
    ],
)
def test_a_correction_keeps_to_the_same_rules(hoster: Hoster, domain: str, said: str) -> None:
    account = mirrors.account(hoster.server, domains=["alice.example", "second.example"])
    mirrors.account(hoster.server, "bob")
    mirrors.service(900, domain="sold.example")
    mirrors.service(901, domain="alice.example")
    failed = binding_of(hoster, account, "alice.example", state="failed", service_id=901)
    with pytest.raises(Refused) as refused:
        corrected(failed, Wish(domain=domain))
    assert said in " ".join(refused.value.lines)
    assert corrected(failed, Wish(domain="second.example\u200b")).fields == {
        "domain": "second.example"
    }
    assert corrected(failed, Wish(period=12)).fields["period"] == 12


def test_a_correction_of_a_plan_named_like_another_ones_id(hoster: Hoster) -> None:
    account = mirrors.account(hoster.server)
    mirrors.plan(35, "5")
    failed = binding_of(hoster, account, "alice.example", state="failed")
    with pytest.raises(Refused):
        corrected(failed, Wish(plan="5"))
    assert corrected(failed, Wish(period=12)).fields["period"] == 12
    with pytest.raises(Refused):
        plan_map.set_many(["Start=5"])


def test_a_login_in_capitals_is_the_same_account(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    made = from_csv(hoster, "isp1,ALICE,,3001,Start")
    assert made.rows.get().account.username == "alice"
    with pytest.raises(CsvRefused) as refused:
        from_csv(hoster, "isp1,ALICE,,3001,Start", "isp1,alice,,3001,Start")
    assert [(one.line, one.column) for one in refused.value.errors] == [(3, "username")]
    mirrors.account(hoster.server, "Bob")
    mirrors.account(hoster.server, "bob", domain="b2.example", domains=["b2.example"])
    assert from_csv(hoster, "isp1,bob,,3001,Start").rows.get().account.username == "bob"
    with pytest.raises(CsvRefused):
        from_csv(hoster, "isp1,BOB,,3001,Start")
