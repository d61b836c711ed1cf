"""States of a binding, walked at random: one state alone is leased, all can still be done."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from integrator.bindings import states
from integrator.models.states import MOVING, BindingState


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
