"""A plan's modules under faults, walked at random: never none, and back at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrator.steps import step2_switch_to_manual_only as step2
from integrator.steps import step5_enable_both as step5
from integrator.steps import step8_restore_the_plan as step8
from integrator.steps.module_switches import switches
from integrator.steps.verdicts import Proven

if TYPE_CHECKING:
    from integrator.steps.module_switches import Switch

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
