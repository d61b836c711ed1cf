"""What is pure in the workflow, walked at random: module sets, states, and what proves an order."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrator.bindings import states
from integrator.models.states import MOVING, BindingState
from integrator.steps import step2_switch_to_manual_only as step2
from integrator.steps import step3_order as step3
from integrator.steps import step5_enable_both as step5
from integrator.steps import step8_restore_the_plan as step8
from integrator.steps.module_switches import Switch, switches
from integrator.steps.verdicts import Ambiguous, Proven
from panels.billmanager.services import Service

OWN = st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True)
MANUAL = st.lists(st.integers(20, 22), min_size=1, max_size=2, unique=True)


class PlanUnderFire(RuleBasedStateMachine):
    """A plan goes through a window while switches get lost, land late, and drivers start anew."""

    @initialize(own=OWN, manual=MANUAL, server=st.integers(1, 6))
    def open(self, own: list[int], manual: list[int], server: int) -> None:
        self.own, self.manual, self.server = own, manual, server
        self.present = list(own)
        self.wanted = step2.wanted(manual)
        self.phase = "opening"

    def _todo(self) -> list[Switch]:
        todo = switches(self.present, self.wanted)
        return [switch for switch in todo if switch.on] or todo

    def _land(self, switch: Switch) -> None:
        if switch.on and switch.module_id not in self.present:
            self.present.append(switch.module_id)
        elif not switch.on and switch.module_id in self.present:
            self.present.remove(switch.module_id)

    @rule(chosen=st.integers(0, 9))
    def switch_one(self, chosen: int) -> None:
        todo = self._todo()
        if todo:
            self._land(todo[chosen % len(todo)])

    @rule()
    def switch_lost(self) -> None:
        assert self._todo() == self._todo(), "what is to do follows from what is there alone"

    @rule()
    def all_of_them_at_once(self) -> None:
        for switch in self._todo():
            self._land(switch)
            assert self.present

    @precondition(lambda self: self.phase == "opening")
    @rule()
    def orders(self) -> None:
        if isinstance(step2.verify(self.present, set(self.manual)), Proven):
            assert not set(self.present) & set(self.own)
            self.phase = "orders"
            self.wanted = step5.wanted(self.own, {self.server}, self.manual)

    @precondition(lambda self: self.phase == "orders")
    @rule()
    def tasks(self) -> None:
        if isinstance(step5.verify(self.present, set(self.wanted)), Proven):
            assert {*self.own, self.server, *self.manual} == set(self.present)
            self.phase = "tasks"

    @rule()
    def restore(self) -> None:
        self.phase, self.wanted = "restoring", list(self.own)

    @precondition(lambda self: self.phase == "restoring")
    @rule()
    def close(self) -> None:
        while todo := self._todo():
            self._land(todo[0])
            assert self.present
        assert set(self.present) == set(self.own)
        ordered = [module for module in self.own if module in self.present]
        assert isinstance(step8.verify(ordered, self.own), Proven)

    @invariant()
    def never_without_a_module(self) -> None:
        assert getattr(self, "present", [1])


PlanUnderFire.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=25)
test_a_plan_never_lacks_a_module_and_always_comes_back = PlanUnderFire.TestCase


class Life(RuleBasedStateMachine):
    """A binding goes wherever it may."""

    def __init__(self) -> None:
        super().__init__()
        self.state = BindingState.QUEUED

    @rule(to=st.sampled_from(BindingState))
    def change(self, to: BindingState) -> None:
        try:
            states.check(self.state, to)
        except states.ImpossibleChangeError:
            assert to not in states.ALLOWED[self.state]
            return
        if self.state == BindingState.DONE:
            assert to == BindingState.CANCELLED, "what is done is only ever undone"
        if self.state in {BindingState.FAILED, BindingState.UNDECIDED, BindingState.CANCELLED}:
            assert to not in {BindingState.DONE, BindingState.RUNNING}, "only by way of the queue"
        self.state = to

    @invariant()
    def never_lost(self) -> None:
        assert self.state == BindingState.DONE or BindingState.DONE in _reachable(self.state)


Life.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=25)
test_a_binding_can_always_still_be_done = Life.TestCase


def _reachable(state: BindingState) -> set[BindingState]:
    seen, todo = set[BindingState](), [state]
    while todo:
        for following in states.ALLOWED[todo.pop()] - seen:
            seen.add(following)
            todo.append(following)
    return seen


def test_a_lease_is_held_in_one_state_only() -> None:
    """Whatever moves may be claimed, and a claim may end in every way a step can end."""
    assert BindingState.RUNNING in states.ALLOWED[BindingState.QUEUED]
    ends = states.ALLOWED[BindingState.RUNNING]
    assert {BindingState.WAITING, BindingState.FAILED, BindingState.UNDECIDED} <= ends
    assert all(set(states.ALLOWED[state]) for state in MOVING)


OURS = "itg-ours"


def _binding() -> Any:
    return SimpleNamespace(
        client=SimpleNamespace(remote_id=5, name="Anna"), domain="a.example", period=1,
        plan=SimpleNamespace(remote_id=21), marker=OURS, module_id=11, service_id=None,
        account=SimpleNamespace(username="anna"),
    )  # fmt: skip


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
    binding = _binding()
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
