"""Which service is the one that was ordered: proven, asked about, never its client's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.bindings import decisions
from integrator.bindings.operator import actions, undecided_evidence, undo_guide
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Intent, Step, Window
from integrator.panel_access import remoteid_column
from integrator.runs import run_state
from integrator.steps import step3_order as step3
from integrator.steps.verdicts import Ambiguous, Proven
from integrator.windows import readings
from integrator.windows.phases import tasks
from integrator.windows.recognition import answered_services
from integrator.windows.switching import switches
from panels.billmanager.services import Service
from tests import factories
from tests.services.odd_dialects import written
from tests.services.provider import only, open_windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from integrator.models import Run
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.orders import Placed
    from tests.services.provider import Provider, Workers


def _late_beside_the_clients_own(
    provider: Provider, workers: Workers, seconds: float
) -> tuple[Run, Binding, int]:
    """A run whose order is so late while its client orders the same; its binding, that service."""
    late = {"func": "v2.vhost.order.param", "kind": "slow_before", "seconds": seconds, "times": 1}
    provider.sandbox.faults({"panel": None, **late})
    run = provider.start(1)
    workers.until(lambda: Intent.objects.filter(kind="order").exists())
    return run, Binding.objects.get(), provider.ordered_by_its_client()


OURS = factories.unsaved_binding().marker

SERVICES = st.lists(
    st.builds(
        Service,
        id=st.integers(1, 12),
        plan_id=st.sampled_from([21, 22, None]),
        plan_name=st.just(""),
        client_id=st.sampled_from([5, 6, None]),
        client_name=st.sampled_from(["Anna", "Boris", ""]),
        domain=st.sampled_from(["a.example", "A.example.", "b.example"]),
        username=st.sampled_from(["", "anna", "stranger"]),
        module_id=st.sampled_from([None, 11, 14]),
        module_name=st.just(""),
        status=st.sampled_from([1, 2, 3, 4, 5]),
        item_status=st.just(""),
        datacenter=st.just(""),
        period=st.sampled_from([1, 12, None]),
        cost=st.none(),
        expires=st.just(datetime(2026, 1, 1, tzinfo=UTC).date()),
        remoteid=st.sampled_from([OURS, "itg-other", "", None]),
    ),
    max_size=6,
    unique_by=lambda service: service.id,
)


@given(services=SERVICES, floor=st.integers(0, 6), adopted=st.sets(st.integers(1, 12)))
def test_an_order_is_only_proven_by_the_one_service_that_can_be_it(
    services: list[Service], floor: int, adopted: set[int]
) -> None:
    binding = factories.unsaved_binding()
    found = step3.candidates(binding, floor, services, adopted)
    verdict = step3.verify(binding, floor, services, adopted, {14})
    for service in found:
        assert service.id > floor
        assert service.id not in adopted
        assert service.remoteid in {OURS, "", None}
        assert service.client_id in {5, None}
    if isinstance(verdict, Proven):
        assert [service.id for service in found] == [verdict.evidence["service"]]
        assert found[0].module_id in {None, 14} or found[0].username == "anna"
    if len(found) > 1:
        assert isinstance(verdict, Ambiguous)


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dialect", ["billmanager6", "status-field"])
def test_what_a_client_ordered_by_himself_is_not_taken_for_ours(
    provider_with: Callable[..., Provider], workers: Workers, dialect: str
) -> None:
    """Our order got lost while its client ordered the same; that service does not bear our mark.

    One dialect lists the mark, the other has it in the service's form alone.
    """
    provider = provider_with("--dialect", dialect)
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 40)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    mine.refresh_from_db()
    assert (mine.cause, mine.service_id) == ("unmarked_service", None)
    assert str(theirs) in str(mine.cause_text)
    offered = {one.id: one.unfit for one in undecided_evidence.options(mine)}
    assert offered == {theirs: ""}

    actions.try_again(mine.pk, "anna")
    workers.finish(run)
    mine.refresh_from_db()
    assert mine.state == "done"
    services = {row["id"]: row for row in provider.sandbox.ledger()["services"]}
    assert services[mine.service_id]["remoteid"] == mine.marker
    assert services[theirs]["username"] != mine.account.username


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dialect", ["billmanager6", "status-field"])
def test_what_a_client_ordered_and_got_by_himself_is_not_taken_for_ours(
    provider_with: Callable[..., Provider], workers: Workers, dialect: str
) -> None:
    """His service went to the ispmanager module, as it should; ours is ordered besides it."""
    provider = provider_with("--dialect", dialect)
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 40)
    opened = {"module": 11, "username": "hisown"}
    provider.sandbox.act(act="activate_service", service=theirs, **opened)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    mine.refresh_from_db()
    assert (mine.cause, mine.service_id) == ("unmarked_service", None)
    actions.try_again(mine.pk, "anna")
    workers.finish(run)
    mine.refresh_from_db()
    assert mine.state == "done"
    assert mine.service_id != theirs


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_known_to_be_ours_fails_on_a_wrong_module_and_can_be_undone(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a question, whose one answer led back to it with another window on the plan."""
    enable, opened = tasks.enable, {"act": "activate_service", "module": 11, "username": "second"}

    def after_somebody_has_opened_it(driver: Driver, bm: BillManager) -> bool:
        provider.sandbox.act(**opened, service=Binding.objects.get().service_id)
        return enable(driver, bm)

    monkeypatch.setattr(tasks, "enable", after_somebody_has_opened_it)
    workers.finish(provider.start(1))
    failed = Binding.objects.get()
    assert (failed.state, failed.cause) == ("failed", "wrong_module")
    assert undo_guide.state_of(failed).possible
    windows = Window.objects.count()
    workers.until(lambda: not open_windows())
    assert Window.objects.count() == windows


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ("on", ("failed", "service_closed", "done")),
        ("off", ("undecided", "order_unknown", "unknown")),
    ],
)
def test_an_unanswered_order_whose_service_was_closed_is_ours_by_its_mark(
    provider_with: Callable[..., Provider],
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    *,
    tmp_path: Path,
    marks: str,
    found: tuple[str, str, str],
) -> None:
    """It stayed unknown for ever, held each later window, and had let go of its client's lane.

    Where nothing shows marks, it may be the client's own: a person says which.
    """
    shown = {"service__remoteid_in_list": "off", "service__remoteid_in_form": marks}
    provider = provider_with("--dialect", written(tmp_path, rows__deleted="listed", **shown))
    lost = {
        "func": "v2.vhost.order.param",
        "kind": "reset_after",
        "times": 1,
        "when": {"sok": "ok"},
    }
    provider.sandbox.faults({"panel": None, **lost})
    read = readings.read

    def after_it_was_closed(*args: Any, **kwargs: Any) -> Any:
        for service in provider.sandbox.ledger()["services"]:
            provider.sandbox.act(act="close_service", service=service["id"])
        return read(*args, **kwargs)

    monkeypatch.setattr(readings, "read", after_it_was_closed)
    run = provider.start(1)
    workers.until(lambda: Binding.objects.get().state in ("failed", "undecided"))
    binding = only(run=run)
    order = Intent.objects.get(kind="order")
    assert (binding.state, binding.cause, order.outcome) == found
    assert (binding.service_id is not None) == (order.outcome == "done")
    workers.until(lambda: not open_windows())
    assert len(provider.sandbox.ledger()["orders"]) == 1


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_where_nothing_shows_marks_the_service_that_was_answered_is_ours(
    provider_with: Callable[..., Provider], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client had ordered the same a moment before; the first that was listed was taken."""
    provider = provider_with("--dialect", "toolbar-take")
    apply = step3.Order.apply

    def after_its_client(order: step3.Order, send_by: float) -> Placed:
        provider.ordered_by_its_client()
        return apply(order, send_by)

    monkeypatch.setattr(step3.Order, "apply", after_its_client)
    run = workers.finish(provider.start(1))
    binding, order = only(run=run), Intent.objects.get(kind="order")
    assert (binding.state, binding.service_id) == ("done", order.result["answered"])
    theirs = [s for s in provider.sandbox.ledger()["services"] if s["id"] != binding.service_id]
    assert [one["username"] for one in theirs] == [""]


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_what_is_paid_is_not_taken_for_an_order_that_was_refused(
    provider_with: Callable[..., Provider], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing shows marks, and its client ordered the same while ours was refused."""
    provider = provider_with("--dialect", "toolbar-take")
    refused = {"func": "vhost.order.param", "kind": "refused", "times": 1, "when": {"sok": "ok"}}
    apply = step3.Order.apply
    theirs: list[int] = []

    def beside_its_client(order: step3.Order, send_by: float) -> Placed:
        if not theirs:
            provider.sandbox.faults({"panel": None, **refused})
            theirs.append(provider.ordered_by_its_client())
        return apply(order, send_by)

    monkeypatch.setattr(step3.Order, "apply", beside_its_client)
    run = provider.start(1)
    workers.until(lambda: only(run=run).state in {"done", "undecided"})
    binding = only(run=run)
    assert (binding.state, binding.cause) == ("undecided", "unmarked_service")
    assert str(binding.cause_text).startswith(f"service {theirs[0]} is new, paid, and like this")

    actions.try_again(binding.pk, "anna")
    workers.finish(run)
    binding.refresh_from_db()
    assert binding.state == "done"
    assert binding.service_id not in theirs


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_what_a_client_ordered_while_a_window_stood_still_is_not_taken_for_ours(
    provider_with: Callable[..., Provider],
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The newest ids were read before a worker died, and the orders began half a minute later."""
    shown = {"service__remoteid_in_list": "off", "service__remoteid_in_form": "off"}
    provider = provider_with("--dialect", written(tmp_path, **shown))
    turn = switches.turn

    def after_half_a_minute(driver: Driver, *rest: Any) -> Any:
        if driver.window.phase == "opening" and not provider.sandbox.ledger()["services"]:
            provider.ordered_by_its_client()
            driver.window.opened_at = clock.now() - timedelta(seconds=30)
        return turn(driver, *rest)

    monkeypatch.setattr(switches, "turn", after_half_a_minute)
    run = workers.finish(provider.start(1))
    binding = only(run=run)
    newest = max(service["id"] for service in provider.sandbox.ledger()["services"])
    assert (binding.state, binding.service_id) == ("done", newest)


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "case",
    [
        ({}, 1, "done"),
        ({"service__remoteid_in_list": "off"}, 1, "done"),
        ({"service__remoteid_in_list": "off", "service__remoteid_in_form": "off"}, 1, "undecided"),
        ({"service__remoteid_in_list": "off", "service__remoteid_in_form": "off"}, 2, "undecided"),
    ],
)
def test_a_panels_first_order_is_waited_for_beside_what_its_client_ordered_before(
    provider_with: Callable[..., Provider],
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    case: tuple[dict[str, str], int, str],
) -> None:
    """The client's own are listed first, and the panel answers no service."""
    words, others, state = case
    provider = provider_with("--dialect", written(tmp_path, order__answers="lineitem", **words))
    provider.sandbox.dials(lists_behind=1.0)
    apply = step3.Order.apply
    theirs: list[int] = []

    def when_its_clients_is_listed(order: step3.Order, send_by: float) -> Placed:
        theirs.extend(provider.ordered_by_its_client() for _ in range(others))
        while not order.bm.services.of_plan(order.binding.plan.remote_id, floor=theirs[-1] - 1):
            pass
        return apply(order, send_by)

    monkeypatch.setattr(step3.Order, "apply", when_its_clients_is_listed)
    run = provider.start(1)
    workers.until(lambda: only(run=run).state in {"done", "undecided"})
    binding = only(run=run)
    assert (binding.state, binding.service_id in theirs) == (state, False)
    if state == "undecided":
        assert binding.cause == "several_services"
        offered = {one.id for one in undecided_evidence.options(binding)}
        assert offered > set(theirs)  # ours is among them
    services = {row["id"]: row for row in provider.sandbox.ledger()["services"]}
    assert services[theirs[0]]["username"] == ""


@pytest.mark.parametrize(
    ("answered", "before", "kept"),
    [
        (None, None, [7, 8, 9]),
        (8, None, [8, 9]),
        (8, (5, 5), [8, 9]),
        (8, (5, 6), [7, 8, 9]),
        (6, (5, 5), [9]),
    ],
)
@pytest.mark.django_db
def test_an_answer_tells_our_service_unless_answers_have_meant_something_else(
    answered: int | None, before: tuple[int, int] | None, kept: list[int]
) -> None:
    if before is not None:
        earlier = factories.undecided(service_id=before[1])
        Intent.objects.filter(binding=earlier).update(result={"answered": before[0]})
    order = Intent(kind="order", result={} if answered is None else {"answered": answered})
    listed = [factories.listed(number) for number in (7, 8)]
    listed.append(factories.listed(9, remoteid="ours"))
    found = answered_services.fitting(listed, "ours", order)
    assert [one.id for one in found] == kept


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("evidence", "outcome", "surely"),
    [
        ({"remoteid": None}, "unknown", False),
        ({"remoteid": "another"}, "unknown", False),
        ({"remoteid": "ours"}, "unknown", True),
        ({"remoteid": None, "mark_in_form": "ours"}, "unknown", True),
        ({"remoteid": None}, "done", True),
        ({"remoteid": ""}, "done", False),
    ],
)
def test_a_service_with_the_wrong_module_is_surely_ours_if_marked_or_confirmed(
    evidence: dict[str, str | None], outcome: str, *, surely: bool
) -> None:
    """Otherwise a person may say that it is not, even where the panel shows no marks at all."""
    binding = factories.undecided()
    Binding.objects.filter(pk=binding.pk).update(cause="wrong_module")
    Intent.objects.filter(binding=binding).update(outcome=outcome)
    own = {key: binding.marker if mark == "ours" else mark for key, mark in evidence.items()}
    Step.objects.filter(binding=binding, number=3).update(evidence=own)
    binding.refresh_from_db()
    assert decisions.is_ordered(binding) is surely


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_an_order_of_ours_that_lands_late_is_told_from_the_clients_own(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.SETTLE_SECONDS = 8.0
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 7)
    workers.finish(run)
    mine.refresh_from_db()
    assert (mine.state, Intent.objects.filter(kind="order").count()) == ("done", 1)
    assert mine.service_id != theirs


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("evidence", "remoteid", "confirmed", "apart"),
    [
        (None, "", False, True),
        (None, "", True, False),
        (None, None, False, False),
        ("ours", None, True, True),
        ("ours", "", True, True),
        ("", "", False, False),
        ("", None, False, False),
        ("adopted", "", True, False),
    ],
)
def test_whether_a_missing_mark_tells_a_service_apart_is_learnt_from_orders(
    evidence: str | None, remoteid: str | None, confirmed: bool, apart: bool
) -> None:
    binding = factories.binding()
    marker = binding.marker
    if evidence is not None:
        seen = {"remoteid": marker if evidence == "ours" else ""}
        seen |= {"adopted_by": "anna"} if evidence == "adopted" else {}
        made = {"binding": binding, "started_at": clock.now()}
        Step.objects.create(number=3, state="done", evidence=seen, **made)
    assert remoteid_column.is_foreign(remoteid, confirmed=confirmed) is apart


def test_two_services_that_could_be_ours_are_a_persons_to_decide(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "toolbar-take")
    run, ours = provider.ordered_twice(workers)
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "several_services"
    assert not run_state.can_move(run)
    with pytest.raises(ActionRefused):
        actions.adopt(binding.pk, 4711, "anna")
    actions.adopt(binding.pk, ours, "anna")
    workers.finish(run)
    if run.state == "paused":  # the window has told of the second service
        actions.resume(run.pk, "anna")
        workers.finish(run)
    done = only(run=run)
    assert (done.state, done.service_id) == ("done", ours)
    orders = [row for row in provider.sandbox.ledger()["services"] if row["remoteid"]]
    assert len(orders) == 1
