"""What is written down is shown in words, in the reader's language, not by its name in the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import translation

from integrator import web
from integrator.bindings.work import expiry
from integrator.core.clock import now
from integrator.core.env import BASE_DIR
from integrator.messages.message import named, say, several, verbatim
from integrator.messages.names import PHASES, SUBJECTS
from integrator.messages.panel_errors import of_error
from integrator.panel_access import call_log
from integrator.panel_access.call_log import DatabaseJournal
from integrator.runs import circuit_breaker
from integrator.steps import step7_close_the_task as step7
from integrator.templatetags.look import fact, field, phase, shown, subject
from integrator.web.layout.marks import WORDS
from integrator.windows import canaries, server_users
from integrator.windows.post_checks import post_checks
from panels.coremanager.errors import Unreachable
from panels.http.endpoint import Call as SentCall
from panels.notes import note
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

NOTED = re.compile(r'notes\.note\([^"]*"([a-z ]+)", "([a-z ]+)"')


def test_every_event_that_a_page_writes_has_a_word() -> None:
    pages = Path(web.__file__).parent.rglob("*.py")
    noted = [pair for page in pages for pair in NOTED.findall(page.read_text(encoding="utf-8"))]
    assert ("panel", "added") in noted
    assert {about for about, _what in noted} <= SUBJECTS.keys()
    assert {what for _about, what in noted} <= WORDS.keys()


def test_every_phase_of_a_discovery_has_its_words() -> None:
    places = [BASE_DIR / "integrator" / folder for folder in ("inventory", "refresh")]
    code = "".join(one.read_text(encoding="utf-8") for at in places for one in at.glob("*.py"))
    assert set(re.findall(r"progress\.phase\(\"(\w+)\"", code)) == PHASES.keys()


def test_names_of_the_code_are_put_into_the_readers_words() -> None:
    with translation.override("ru"):
        assert (field("active"), field("limit_quota")) == ("активен", "limit_quota")
        assert (phase("emails"), phase("of old")) == ("адреса почты", "of old")
        assert (subject("panel"), subject("of old")) == ("Панели", "of old")
        assert shown({"active": True, "rest": None}) == "active да, rest –"


def test_what_is_found_around_a_window_is_read_in_the_readers_language(db: None) -> None:
    window = factories.window("closed")
    user = factories.new_user(window, username="anna1", panel=factories.panel("web-7"))
    other = factories.new_user(window, username="anna2", panel=user.panel)
    user.binding = other.binding = factories.done()
    before = {"active": True, "preset": "gold", "limits": {"limit_quota": "10"}}
    after = {"active": False, "preset": "gold; x", "limits": {"limit_quota": "5"}}
    user.why = other.why = say("user.like", name="anna")
    changed = several(canaries.differences(before, after))
    canary = factories.canary(window, factories.done(), state="changed", why=changed)
    alarm = several([server_users.message_of([user, other]), post_checks._canary_text(canary)])
    mine = f"относится к b{user.binding.pk}: назван по образцу «anna» с цифрами на конце"
    with translation.override("ru"):
        assert str(alarm) == (
            f"новый пользователь «anna1» на web-7 {mine}; новый пользователь «anna2» на web-7 "
            f"{mine}; аккаунт пробной привязки b{canary.binding_id} не такой, как был: активен: "
            "было да, стало нет; шаблон: было gold, стало gold; x; limit_quota: было 10, стало 5"
        )
        canary.state = "unproven"
        canary.why = say("password.untried", why=named("login", "captcha"))
        assert str(post_checks._canary_text(canary)).endswith(
            "не удалось сравнить: его пароль не удалось проверить снова: требуется капча"
        )


def test_the_pages_of_a_window_and_its_run_tell_what_was_found_in_russian(
    operator: Client,
) -> None:
    run = factories.run(state="paused", why=say("user.of_service", service=7))
    bound = factories.done(run=run)
    window = factories.window("closed", alarm=say("account.gone"), plan=bound.plan)
    factories.canary(window, bound, state="changed", why=say("password.another"))
    factories.new_user(window, why=say("user.of_service", service=77))
    operator.cookies["django_language"] = "ru"
    page = operator.get(f"/windows/{window.pk}/").text
    assert "аккаунта больше нет" in page
    assert "пароль у него другой" in page
    assert "это имя пользователя указано у услуги 77" in page
    told = operator.get(f"/runs/{bound.run_id}/").text
    assert "это имя пользователя указано у услуги 7" in told
    assert "аккаунта больше нет" in told


def test_what_stops_is_read_in_russian_without_a_sentence_of_ours_in_english(
    operator: Client,
) -> None:
    """A failed, an undecided and a waiting binding, a held window, and a run that was paused."""
    away = of_error(Unreachable(note("connection.late", seconds="3"), panel="web-1", func="user"))
    refused = say("panel.said", where="billing order", what=verbatim("No such luck"))
    stop = circuit_breaker._stop_message("order_refused", refused)
    run = factories.run(
        state="paused",
        why=say("run.in_row", count=5, step=3, server="billing", binding="b9", stop=stop),
    )
    window = factories.window(
        "orders", held=True, cause=say("order.unanswered", binding="b9", time="04:30")
    )
    cause = say("service.state", service=12, state=named("state", "suspended"))
    failed = factories.failed(run=run, cause="service_closed", cause_text=cause)
    undecided = factories.undecided(
        run=run, cause="several_services", cause_text=say("order.several", count=2)
    )
    waiting = factories.binding("waiting", 7, run=run, waiting_for="colleague", window=window)
    factories.event(binding=waiting, run=run, why=say("task.taken", performer="Olga", task=5))
    factories.event(window=window, subject="window", why=say("window.outlived", seconds=1800))
    bound = factories.done(run=run)
    made = bound.steps.get(number=step7.NUMBER)
    made.evidence = {**made.evidence, expiry.NOT_SET: "2027-01-31", expiry.WHY: away.to_json()}
    made.save()
    operator.cookies["django_language"] = "ru"
    pages = {
        f"/runs/{run.pk}/": [
            "5 привязок подряд остановились на шаге 3 на billing, последняя b9: Панель отклонила",
            "billing order: No such luck. Что делать:",
            "услуга 12: приостановлена",
            "2 новые услуги могут быть этим заказом",
        ],
        f"/bindings/{failed.pk}/": ["услуга 12: приостановлена"],
        f"/bindings/{undecided.pk}/": ["2 новые услуги могут быть этим заказом"],
        f"/bindings/{waiting.pk}/": ["задачу 5 взял(а) Olga"],
        f"/bindings/{bound.pk}/": ["web-1 user: нет соединения за 3 с"],
        "/windows/": ["b9: на заказ не пришёл ответ, он может сработать до 04:30 UTC"],
        f"/windows/{window.pk}/": ["открыто дольше 1800 с"],
        "/events/?q=открыто дольше": ["открыто дольше 1800 с"],
    }
    for address, sentences in pages.items():
        page = operator.get(address).text
        for sentence in sentences:
            assert sentence in page, address
        assert ours_in_english(page) == [], address


def test_errors_of_calls_and_stopped_panels_are_read_in_russian(operator: Client) -> None:
    """What the journal of calls and the overview show of an error is not in a worker's language."""
    late = note("login.unclear", why=note("answer.late"))
    failed = factories.failed(cause_text=verbatim("No such luck"))
    with call_log.about(binding_id=failed.pk, step=failed.step):
        for error in (late, "No such luck"):
            DatabaseJournal().record(sent(error))
    why = of_error(Unreachable(note("connection.none"), panel="web-1"))
    factories.panel("web-1", stopped=why)
    factories.panel("web-2", away_since=now(), away_why=why)
    operator.cookies["django_language"] = "ru"
    page = operator.get(f"/bindings/{failed.pk}/").text
    assert "вход перед отправкой не удался: ответ не пришёл вовремя" in page
    assert "No such luck" in page
    overview = operator.get("/").text
    assert overview.count("web-1: соединение не установлено вовремя") == 2
    assert ours_in_english(page) + ours_in_english(overview) == []


def sent(error: str) -> SentCall:
    return SentCall("billing", "auth", {}, effect=False, started=0.0, seconds=0.0,
                    outcome="not sent", answer="", error=error, size=0)  # fmt: skip


def ours_in_english(page: str) -> list[str]:
    """English words that a page shows, without names, code and what the panel said."""
    text = re.sub(r"<(script|style|title)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    told = text.replace("No such luck", " ")
    return re.findall(r"\b(?:the|was|were|is|are|has|not|and|that|this|with|for)\b", told)


def test_evidence_a_canarys_facts_and_a_check_are_read_in_the_readers_language() -> None:
    with translation.override("ru"):
        modules = [{"module": 14, "name": "Manual", "datacenter": 1}]
        assert shown(modules) == "модуль 14, название Manual, дата-центр 1"
        assert (fact("right", "password"), fact("wrong", "password")) == ("верный", "неверный")
        assert fact("captcha", "password") == "требуется капча"
        assert fact("right", "owner") == "right"
        assert fact("HTTP 500", "password") == "HTTP 500"
