"""Reasons are stored with their particulars and shown in the reader's language."""

from __future__ import annotations

import re

from django.utils import translation

from integrator.core.env import BASE_DIR
from integrator.matching.evidence import WEIGHTS
from integrator.matching.plan_limits import RESOURCES
from integrator.messages.reasons import TEXTS, reason, shown
from integrator.previews.checks.rule_checks import LIMITS
from integrator.previews.rehearsal.orders import BLOCKED


def test_every_reason_that_is_given_has_a_text_and_the_other_way_round() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (BASE_DIR / "integrator").rglob("*.py")
        if path.name != "reasons.py" and "web" not in path.parts
    )
    given = set(re.findall(r'reason\(\s*"(\w+)"', code)) | set(
        re.findall(r'_note\(\w+, "(\w+)"', code)
    )
    of_limits = {key for one in RESOURCES for key in (one.less, one.over) if key}
    of_rules = {*BLOCKED.values(), *LIMITS.values()}
    in_tables = WEIGHTS.keys() | of_limits | of_rules
    assert given | in_tables == TEXTS.keys()


def test_a_stored_reason_is_shown_in_the_present_language() -> None:
    stored = reason("several_clients", count=3)
    assert stored["text"] == "3 clients fit; choose one."
    with translation.override("ru"):
        assert "3" in shown(stored)


def test_a_reason_of_another_version_is_shown_as_it_was_stored() -> None:
    assert shown({"key": "of old", "text": "It was so."}) == "It was so."
    assert shown({"key": "bound", "text": "Bound."}) == "Bound."
