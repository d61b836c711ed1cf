"""What the pages write down is shown in words, not by its name in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from integrator import web
from integrator.core.env import BASE_DIR
from integrator.templatetags.look import checked, fact, field, shown, subject, why
from integrator.web.layout.findings import FOUND
from integrator.web.layout.marks import WORDS
from integrator.web.layout.words import SAID, SUBJECTS, said
from integrator.windows import canaries, server_users
from integrator.windows.post_checks import post_checks
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

SETTLES_OR_LOGS = {"settle", "warning", "error", "info"}
"""Whose ``why`` is no reason of an event."""
PLACE = {"enter": 1, "close": 1, "_not_yet": 1, "remark": 1, "CannotOpenError": 1, "event": 3}
"""Which argument is the reason, where it is given by its place."""
NOTED = re.compile(r'notes\.note\([^"]*"([a-z ]+)", "([a-z ]+)"')


def test_every_event_that_a_page_writes_has_a_word() -> None:
    pages = Path(web.__file__).parent.rglob("*.py")
    noted = [pair for page in pages for pair in NOTED.findall(page.read_text(encoding="utf-8"))]
    assert ("panel", "added") in noted
    assert {about for about, _what in noted} <= SUBJECTS.keys()
    assert {what for _about, what in noted} <= WORDS.keys()


def test_names_of_the_code_are_put_into_the_readers_words() -> None:
    with translation.override("ru"):
        assert (field("active"), field("limit_quota")) == ("активен", "limit_quota")
        assert (subject("panel"), subject("of old")) == ("Панели", "of old")
        assert shown({"active": True, "rest": None}) == "active да, rest –"


WORKERS = ("bindings", "windows", "runs", "maintenance")


def sentences_of_workers() -> set[str]:
    """Every whole sentence that the workflow gives as the reason of a change."""
    found: set[str] = set()
    for module in sorted(
        m for part in WORKERS for m in (BASE_DIR / "integrator" / part).rglob("*.py")
    ):
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
    place = PLACE.get(name, len(call.args))
    return named + call.args[place : place + 1]


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


def test_what_is_found_around_a_window_is_read_in_the_readers_language(db: None) -> None:
    window = factories.window("closed")
    user = factories.new_user(window, username="anna1", panel=factories.panel("web-7"))
    user.binding = factories.done()
    before = {"active": True, "preset": "gold", "limits": {"limit_quota": "10"}}
    after = {"active": False, "preset": "gold; x", "limits": {"limit_quota": "5"}}
    user.why = "it is named after “anna”, with digits behind it"
    changed = canaries.differences(before, after)
    canary = factories.canary(window, factories.done(), state="changed", why="; ".join(changed))
    alarm = "; ".join([server_users.told([user, user]), post_checks._canary_text(canary)])
    one = f"новый пользователь «anna1» на web-7 относится к b{user.binding.pk}: назван по образцу "
    with translation.override("ru"):
        assert said(alarm) == (
            f"{one}«anna» с цифрами на конце; {one}«anna» с цифрами на конце; аккаунт пробной "
            f"привязки b{canary.binding_id} не такой, как был: активен: было да, стало нет; "
            "шаблон: было gold, стало gold; x; limit_quota: было 10, стало 5"
        )
        for written in (post_checks.NO_TURN, *FOUND):
            assert said(written) != written
        canary.state, canary.why = "unproven", "its password could not be tried again: captcha"
        assert said(post_checks._canary_text(canary)).endswith(
            "не удалось сравнить: его пароль не удалось проверить снова: captcha"
        )
        service = server_users._by_likeness("nobody", [], [])[2]
        assert said(service) == "в BILLmanager этого имени пользователя нет ни у одной услуги"


def test_the_pages_of_a_window_and_its_run_tell_what_was_found_in_russian(
    operator: Client,
) -> None:
    bound = factories.done(run=factories.run(state="paused", why="service 7 bears this username"))
    window = factories.window("closed", alarm="the account is gone", plan=bound.plan)
    factories.canary(window, bound, state="changed", why="its password is another one")
    factories.new_user(window, why="service 77 bears this username")
    operator.cookies["django_language"] = "ru"
    page = operator.get(f"/windows/{window.pk}/").text
    assert "аккаунта больше нет" in page
    assert "пароль у него другой" in page
    assert "это имя пользователя указано у услуги 77" in page
    run = operator.get(f"/runs/{bound.run_id}/").text
    assert "это имя пользователя указано у услуги 7" in run
    assert "аккаунта больше нет" in run


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("the plan is as it was", "тариф такой, каким был"),
        ("wrong_password", "Неверный пароль ispmanager"),
        (
            "b3: its order is not seen in BILLmanager; plan A has no enabled module",
            "b3: его заказ не виден в BILLmanager; у тарифа A нет включённых модулей",
        ),
        ("isp1 does not accept the password of anna", "isp1 не принимает пароль anna"),
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
