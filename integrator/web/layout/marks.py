"""Marks of states: a shape, a word and a colour for each, and the strip of eight steps."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from integrator.messages.message import named
from integrator.models.states import MOVING, NEEDS_PERSON, BindingState, Phase, RunState
from integrator.steps import SHARED, TITLES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise
    from django.utils.safestring import SafeString

    from integrator.models import Binding, Window

STEPS = range(1, 9)
TODO = "todo"
WORDS: dict[str, _StrPromise] = {
    **{state.value: state.label for state in BindingState},
    TODO: pgettext_lazy("step", "Not yet"),
    RunState.PAUSED.value: RunState.PAUSED.label,
    RunState.FINISHED.value: RunState.FINISHED.label,
    "ready": _("Ready"),
    "choose": _("Choose"),
    "blocked": _("Blocked"),
    "allowed": _("Allowed"),
    "denied": _("Denied"),
    "open": pgettext_lazy("window", "Open"),
    "held": pgettext_lazy("window", "Held"),
    "closed": _("Closed"),
    "closing": _("Closing"),
    "alarm": pgettext_lazy("event", "Something is wrong"),
    "added": pgettext_lazy("event", "Added"),
    "changed": pgettext_lazy("event", "Changed"),
    "linked": pgettext_lazy("event", "Linked to a module"),
    "dialect": pgettext_lazy("event", "Dialect corrected"),
    "learnt again": pgettext_lazy("event", "Names found again"),
    "trusted": pgettext_lazy("event", "Certificate trusted"),
    "rehearse": pgettext_lazy("event", "Rehearsal asked for"),
    "compared": pgettext_lazy("event", "Panels read to compare"),
    "asks": pgettext_lazy("event", "Waits for a person's word"),
    "go on": pgettext_lazy("event", "Go on"),
    "accepted": pgettext_lazy("event", "Difference is meant"),
    "role": pgettext_lazy("event", "Role given"),
    "shut out": pgettext_lazy("event", "Shut out"),
    "let in": pgettext_lazy("event", "Let in"),
    "new factor": pgettext_lazy("event", "New second factor"),
    **{phase.value: phase.label for phase in Phase},
}


def icon(name: str) -> SafeString:
    """The drawing of that name from the sheet in ``base.html``; hidden from screen readers."""
    drawing = '<svg class="i i-{}" aria-hidden="true"><use href="#i-{}"/></svg>'
    return format_html(drawing, name, name)


def state_mark(state: str, word: str, detail: str, title: str) -> SafeString:
    """A glyph, a word and, after a colon, what it is about.

    They are remembered, since a page of a hundred rows shows few that differ.
    """
    return _state_mark(state, word or gettext_word(state), detail, title)


@lru_cache(maxsize=4096)
def _state_mark(state: str, shown: str, detail: str, title: str) -> SafeString:
    text = f"{shown}: {detail}" if detail else shown
    facts = {"state": state, "shown": shown, "detail": detail, "title": title or text}
    return render_to_string("layout/_mark.html", facts)


def gettext_word(state: str) -> str:
    """The word for a state in the reader's language; the state itself where there is none."""
    return str(WORDS.get(state, state))


def strip(states: tuple[str, ...]) -> SafeString:
    """Eight cells in a row; ``states`` are those of steps 1 to 8.

    They are remembered, since a page of a hundred accounts shows few that differ.
    """
    return _strip(states, get_language() or "")


@lru_cache(maxsize=4096)
def _strip(states: tuple[str, ...], language: str) -> SafeString:  # noqa: ARG001 - part of the key
    cells = [
        {
            "number": number,
            "title": TITLES[number],
            "state": state,
            "word": gettext_word(state),
            "shared": number in SHARED,
        }
        for number, state in zip(STEPS, states, strict=True)
    ]
    return render_to_string("layout/_strip.html", {"said": _said(states), "cells": cells})


def _said(states: tuple[str, ...]) -> str:
    """The text for screen readers instead of eight cells."""
    for number, state in zip(STEPS, states, strict=True):
        if state not in {TODO, BindingState.DONE}:
            return gettext("Step %(number)s of 8, %(name)s: %(state)s") % {
                "number": number,
                "name": TITLES[number],
                "state": gettext_word(state),
            }
    done = sum(state == BindingState.DONE for state in states)
    return gettext("%(done)s of 8 steps done") % {"done": done}


def steps_of(binding: Binding | None, window: Window | None = None) -> tuple[str, ...]:
    """The states of all eight steps, from the binding's row and its window's alone."""
    if binding is None:
        return (TODO,) * 8
    return tuple(_step_state(binding, window or binding.window, number) for number in STEPS)


_OPEN_FROM = (Phase.ORDERS, Phase.ENABLING, Phase.TASKS, Phase.RESTORING, Phase.CLOSED)


def _step_state(binding: Binding, window: Window | None, number: int) -> str:
    """The state of one step; shared ones as far as this binding can be sure of them."""
    if binding.state == BindingState.DONE:
        return BindingState.DONE
    at = binding.step
    if number in SHARED - {8}:
        return _shared_state(at, window.phase if window else "", number)
    if number == at:
        return binding.state
    return BindingState.DONE if number < at else TODO


def _shared_state(at: int, phase: str, number: int) -> str:
    if number <= 2:  # noqa: PLR2004 - step 2 opens the window
        if at > 3 or phase in _OPEN_FROM:  # noqa: PLR2004 - step 3 orders
            return BindingState.DONE
        return BindingState.RUNNING if phase == Phase.OPENING else TODO
    if at > 6 or phase in _OPEN_FROM[2:]:  # noqa: PLR2004 - step 6 finds the task
        return BindingState.DONE
    return BindingState.RUNNING if phase == Phase.ENABLING else TODO


def cause_title(key: str) -> str:
    """The title of a cause; its key where this version does not know it."""
    return str(named("cause", key))


def waiting(key: str) -> str:
    """The reason for which a binding waits; the key itself where this version does not know it."""
    return str(named("waiting", key))


def detail_of(binding: Binding) -> str:
    """The text beside a binding's state: its step, what it waits for, or its cause."""
    if binding.state == BindingState.WAITING and binding.waiting_for:
        return waiting(binding.waiting_for)
    if binding.state in MOVING:
        return str(TITLES[binding.step])
    if binding.state in NEEDS_PERSON or binding.state == BindingState.CANCELLED:
        return cause_title(binding.cause)
    return ""
