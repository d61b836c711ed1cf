"""The pictures of docs/architecture.md are true: layers, states of a binding, window phases."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from integrator.bindings.states import ALLOWED
from integrator.core.env import BASE_DIR
from integrator.models import Binding, Window
from integrator.models.states import ENDED, Phase
from tests.test_house import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (BASE_DIR / "docs" / "architecture.md").read_text(encoding="utf-8")
ARROW = re.compile(r"^\s*(\[\*\]|\w+) --> (\[\*\]|\w+)(?: : .+)?$", re.MULTILINE)
LAYER = re.compile(r"subgraph layer(\d+)\[[^\]]+\]\n\s*direction TB\n(.*?)\n\s*end", re.DOTALL)
ENDS = "[*]"

ENTERS: dict[str, set[Phase]] = {
    "one": {Phase.OPENING, Phase.ENABLING},
    "anyway": {Phase.ORDERS, Phase.TASKS},
    "turn_all_away": {Phase.OPENING},
    "after_error": {Phase.OPENING, Phase.ENABLING},
    "touch": {Phase.OPENING},
    "manual_only": {Phase.OPENING},
    "go_on": {Phase.ORDERS},
    "enable": {Phase.ENABLING},
    "drive": {Phase.TASKS},
    "close": {Phase.OPENING, Phase.RESTORING},
    "hand_over": {Phase.TASKS},
}
"""Which function sends a window to its next phase, and in which phases it runs."""


def picture(heading: str) -> str:
    """The Mermaid text below a heading."""
    found = re.search(rf"^## {heading}$.*?^```mermaid$(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def arrows(heading: str) -> set[tuple[str, str]]:
    drawn = ARROW.findall(picture(heading))
    assert len(drawn) == len(set(drawn)), "an arrow is drawn twice"
    return set(drawn)


def entered() -> Iterator[tuple[str, Phase]]:
    """Each `enter(Phase.…)` in integrator/windows: the function it stands in, and the phase."""
    root = BASE_DIR / "integrator" / "windows"
    for path in sorted(root.rglob("*.py")):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "enter"
                ):
                    assert isinstance(function, ast.FunctionDef)
                    (phase,) = (each for each in node.args[:1] if isinstance(each, ast.Attribute))
                    yield function.name.removeprefix("_"), Phase[phase.attr]


def test_states_of_a_binding() -> None:
    allowed = {(str(a), str(b)) for a, following in ALLOWED.items() for b in following}
    begins = {(ENDS, str(Binding._meta.get_field("state").default))}
    assert arrows("States of a binding") == allowed | begins | {(str(s), ENDS) for s in ENDED}


def test_phases_of_a_window() -> None:
    found = list(entered())
    assert {function for function, _ in found} == set(ENTERS)
    arrived = {(str(a), str(phase)) for function, phase in found for a in ENTERS[function]}
    begins = {
        (ENDS, str(Window._meta.get_field("phase").default)),
        (ENDS, str(Phase.RESTORING)),  # windows/post_checks/closed_window.py
    }
    drawn = arrows("Phases of a window")
    assert drawn == arrived | begins | {(str(Phase.CLOSED), ENDS)}


def test_house_of_the_code() -> None:
    drawn: dict[int, set[str]] = defaultdict(set)
    text = picture("Layers of the code")
    for number, inside in LAYER.findall(text):
        drawn[int(number)] = set(inside.split())
    real: dict[int, set[str]] = defaultdict(set)
    for package, layer in LAYERS.items():
        real[layer].add(package.removeprefix("integrator."))
    assert drawn == real
    chain = re.findall(r"layer(\d+)", text.rsplit("end", 1)[1])
    assert [int(layer) for layer in chain] == sorted(real, reverse=True)
