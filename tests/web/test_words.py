"""What the pages write down is shown in words, not by its name in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from integrator import web, workflow
from integrator.templatetags.look import checked, fact, field, shown, subject, why
from integrator.web.marks import WORDS
from integrator.web.words import SAID, SUBJECTS

SETTLES_OR_LOGS = {"settle", "warning", "error", "info"}
"""Whose ``why`` is no reason of an event."""
SECOND = {"enter", "close", "_not_yet", "remark"}
"""Whose second argument is the reason."""
NOTED = re.compile(r'notes\.note\([^"]*"([a-z ]+)", "([a-z ]+)"')


def test_every_event_that_a_page_writes_has_a_word() -> None:
    pages = Path(web.__file__).parent.glob("*.py")
    noted = [pair for page in pages for pair in NOTED.findall(page.read_text(encoding="utf-8"))]
    assert ("panel", "added") in noted
    assert {about for about, _what in noted} <= SUBJECTS.keys()
    assert {what for _about, what in noted} <= WORDS.keys()


def test_names_of_the_code_are_put_into_the_readers_words() -> None:
    with translation.override("ru"):
        assert (field("active"), field("limit_quota")) == ("активен", "limit_quota")
        assert (subject("panel"), subject("of old")) == ("Панели", "of old")
        assert shown({"active": True, "rest": None}) == "active да, rest –"


def sentences_of_workers() -> set[str]:
    """Every whole sentence that the workflow gives as the reason of a change."""
    found: set[str] = set()
    for module in Path(workflow.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                found |= {one for given in _reasons(call) for one in _texts(given)}
    return found


def _reasons(call: ast.Call) -> list[ast.expr]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in SETTLES_OR_LOGS:
        return []
    named = [one.value for one in call.keywords if one.arg == "why"]
    return named + (call.args[1:2] if name in SECOND else [])


def _texts(given: ast.expr) -> set[str]:
    """What may be given as it stands: a text, or either branch of a choice."""
    if isinstance(given, ast.IfExp):
        return _texts(given.body) | _texts(given.orelse)
    whole = isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value
    return {str(whole)} if whole else set()


def test_every_sentence_that_a_worker_writes_is_known_and_none_that_it_does_not() -> None:
    written = sentences_of_workers()
    assert {"the plan is as it was", "run started", "the window closes"} <= written
    assert written == SAID.keys()


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("the plan is as it was", "тариф такой, каким был"),
        ("wrong_password", "Неверный пароль ispmanager"),
        ("readback", "ждёт: панель должна показать сделанное"),
        ("the window of plan A closes closes", "окно тарифа A closes закрывается"),
        ("b12 orders for this client", "для этого клиента заказывает b12"),
        ("anna said: restore anyway", "anna: всё равно вернуть"),
        ("isp1 auth: HTTP 500", "isp1 auth: HTTP 500"),
        ("the plan is as it was not", "the plan is as it was not"),
        ("%(name)s said\u202e", "%(name)s said\ufffd"),
    ],
)
def test_a_reason_is_read_in_the_readers_language_and_a_panels_words_stay(
    stored: str, read: str
) -> None:
    with translation.override("ru"):
        assert why(stored) == read


def test_evidence_a_canarys_facts_and_a_check_are_read_in_the_readers_language() -> None:
    with translation.override("ru"):
        modules = [{"module": 14, "name": "Manual", "datacenter": 1}]
        assert shown(modules) == "модуль 14, название Manual, дата-центр 1"
        assert (fact("right", "password"), fact("wrong", "password")) == ("верный", "неверный")
        assert fact("right", "owner") == "right"
        assert fact("HTTP 500", "password") == "HTTP 500"
        assert checked("list the processing modules") == "получить список модулей обработки"
        assert checked("of an old version") == "of an old version"
        assert checked("") == ""
