"""What is stored to be told later: each text is used, knows what it names, and is Russian too."""

from __future__ import annotations

import ast
import datetime as dt
import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from integrator.core.env import BASE_DIR
from integrator.matching.evidence import PARAMS
from integrator.matching.plan_limits import RESOURCES
from integrator.messages.catalogs import NAMED, SUBJECTS, TEXTS
from integrator.messages.message import (
    NOTHING,
    Message,
    named,
    params_of,
    read,
    say,
    sentences,
    several,
    verbatim,
)
from integrator.messages.panel_errors import of_error
from integrator.models import Event
from integrator.previews.checks.rule_checks import LIMITS
from integrator.previews.rehearsal.orders import BLOCKED
from panels import notes
from panels.coremanager.errors import Refused, UnexpectedAnswer
from panels.coremanager.fault import Fault
from panels.coremanager.forms import FormLacks
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOMES = {"integrator.messages.message", "integrator.messages.reasons", "panels.notes"}
BY_THEMSELVES = {"verbatim", "several", "sentences"}
"""Made by functions of their own."""
BY_TABLE: dict[str, tuple[str, set[str]]] = {
    **{kind: ("matching/evidence.py", {"client", name}) for kind, name in PARAMS.items()},
    "past_service": ("matching/evidence.py", {"client", "username", "service"}),
    "domain": ("matching/evidence.py", {"client", "domain", "service"}),
    **{
        key: ("matching/plan_limits.py", {"plan", "allowed", one})
        for resource in RESOURCES
        for key, one in ((resource.less, "limit"), (resource.over, "used"))
        if key
    },
    **{
        key: ("previews/checks/rule_checks.py", {"client", "plan", "most", "has", "before"})
        for key in LIMITS.values()
    },
    **{
        key: ("previews/rehearsal/orders.py", {"client", "said"} & params_of(key))
        for key in BLOCKED.values()
    },
}
"""Keys of reasons that stand in tables → the module that gives them, and what it gives."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(folder: str, function: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of this function of ours in a folder of the source, with where it is."""
    for path in sorted((BASE_DIR / folder).rglob("*.py")):
        nodes = list(ast.walk(parsed(path)))
        imported = any(
            isinstance(node, ast.ImportFrom)
            and node.module in HOMES
            and any(alias.name == function for alias in node.names)
            for node in nodes
        )
        for call in nodes if imported else ():
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == function:
                yield f"{path.relative_to(BASE_DIR)}:{call.lineno}", call


def keys_of(given: ast.expr) -> list[str]:
    """The keys that an argument can be: a text, or both branches of a choice; [] for all else."""
    if isinstance(given, ast.IfExp):
        return keys_of(given.body) + keys_of(given.orelse)
    literal = isinstance(given, ast.Constant) and isinstance(given.value, str)
    return [given.value] if literal and isinstance(given, ast.Constant) else []  # type: ignore[list-item] # a text


def used(folder: str, function: str) -> dict[str, list[tuple[str, set[str] | None]]]:
    """By key, where it is told, and what it is given; None where that is spread out of a table."""
    found: dict[str, list[tuple[str, set[str] | None]]] = {}
    for where, call in calls(folder, function):
        keys = keys_of(call.args[0])
        home = where.partition(":")[0].removeprefix("integrator/")
        by_table = function == "reason" and home in {one for one, _names in BY_TABLE.values()}
        assert keys or by_table or home == "messages/reasons.py", f"{where}: needs its key"
        names = {one.arg for one in call.keywords}
        given = None if None in names else {name for name in names if name is not None}
        for key in keys:
            found.setdefault(key, []).append((where, given))
    return found


def test_each_message_that_is_said_is_in_a_catalogue_and_is_given_just_what_it_names() -> None:
    said = used("integrator", "say")
    for key, uses in used("integrator", "reason").items():
        said.setdefault(key, []).extend(uses)
    for key, (where, names) in BY_TABLE.items():
        said.setdefault(key, []).append((where, names))
    wrong = [(key, said[key]) for key in said if key not in TEXTS]
    assert wrong == []
    for key, uses in said.items():
        assert [one for one in uses if one[1] not in (None, set(params_of(key)))] == []
    tables = {
        kind for _where, call in calls("integrator", "named") for kind in keys_of(call.args[0])
    }
    assert tables | {"note"} == NAMED.keys()
    of_tables = {key for key in TEXTS if key.partition(".")[0] in tables and key not in said}
    in_tables = {f"{kind}.{name}" for kind, table in NAMED.items() for name in table}
    assert of_tables <= in_tables
    assert TEXTS.keys() == said.keys() | in_tables | BY_THEMSELVES
    assert len(TEXTS) == sum(map(len, [*SUBJECTS, *NAMED.values()])), "a key stands twice"


def test_each_note_of_the_client_has_a_text_and_the_other_way_round() -> None:
    noted = used("panels", "note") | used("integrator", "note")
    assert noted.keys() == notes.TEXTS.keys()
    for key, uses in noted.items():
        names = set(re.findall(r"%\((\w+)\)", notes.TEXTS[key]))
        assert [one for one in uses if one[1] not in (None, names)] == []


def filled(key: str, count: int) -> str:
    """A message's text with something for all that it names."""
    text = str(TEXTS[key] % _Sample(count))
    assert "%(" not in text
    return text


class _Sample(dict[str, object]):
    def __init__(self, count: int) -> None:
        super().__init__(count=count)

    def __missing__(self, name: str) -> int:
        return 7


def test_every_message_is_told_in_english_and_in_russian() -> None:
    plural = 0
    for key in TEXTS:
        with translation.override("en"):
            one, two = filled(key, 1), filled(key, 2)
        with translation.override("ru"):
            russian = [filled(key, count) for count in (1, 2, 5)]
        words = re.sub(r"%\(\w+\)[sd]|\W|\d", "", one)
        if not words or not re.search(r"[a-z]{3}", re.sub(r"\bHTTP\b", "", one)):
            continue  # nothing but what it names
        assert re.search("[а-яё]", russian[0], re.IGNORECASE), key
        assert one != russian[0], key
        if one.replace("1", "2", 1) != two and one != two:
            plural += 1
            forms = {re.sub(r"\b[125]\b", "#", text) for text in russian}
            assert len(forms) >= 2, key
    assert plural > 10


def test_numbers_are_told_properly() -> None:
    one, several_died = say("worker.died", count=1), say("worker.died", count=5)
    assert str(one) == "1 worker died while it was at it"
    assert str(several_died) == "5 workers died while they were at it"
    with translation.override("ru"):
        assert str(one) == "1 рабочий процесс умер за этой работой"
        assert str(say("worker.died", count=2)) == "2 рабочих процесса умерли за этой работой"
        assert str(several_died) == "5 рабочих процессов умерли за этой работой"
        assert several_died.english == "5 workers died while they were at it"


@pytest.mark.parametrize(
    "params", [{}, {"count": 1, "kind": "x"}, {"count": True}, {"count": None}]
)
def test_what_a_text_does_not_name_is_refused_at_once(params: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        say("worker.died", **params)
    with pytest.raises(LookupError):
        say("worker.was_never_there")


def test_a_message_comes_back_from_the_database_as_it_was(db: None) -> None:
    stop = say(
        "stop.told",
        cause=named("cause", "balance"),
        why=several([verbatim("Кириллица “x”"), say("balance.is", balance=Decimal("1.50"))]),
        advice=named("advice", "balance"),
    )
    whole = say("run.canary", binding="b7", step=3, stop=stop)
    factories.event(why=whole)
    [event] = Event.objects.filter(why=whole)
    assert event.why == whole
    assert hash(event.why) == hash(whole)
    assert list(Event.objects.filter(why__key="run.canary", why__icontains="Кириллица")) == [event]
    assert not Event.objects.filter(why__key="run.canaries").exists()
    day = say("expiry.to_do", day=dt.date(2026, 11, 29))
    assert str(read(day.stored)) == "its expiry 2026-11-29 is not set: still to do in BILLmanager"


def test_a_plain_sentence_is_not_stored(db: None) -> None:
    with pytest.raises(TypeError, match="holds a message"):
        factories.event(why="the plan is as it was")
    with pytest.raises(TypeError, match="holds a message"):
        Event.objects.update(why="the plan is as it was")


@pytest.mark.parametrize(
    "old", ["the plan is as it was", "wrong_password", '{"key": 1', '{"is": "not ours"}', "{"]
)
def test_what_an_older_version_wrote_is_told_as_it_stands(old: str) -> None:
    with translation.override("ru"):
        assert str(read(old)) == old


def test_a_key_of_another_version_is_shown_with_what_it_names() -> None:
    assert str(read('{"key": "of.2031", "params": {"what": "x"}}')) == "of.2031 (what: x)"
    assert not read("")
    assert str(NOTHING) == ""


def test_several_messages_are_told_once_each() -> None:
    one, two = verbatim("one"), verbatim("two")
    assert str(several([one, two, several([one, two]), NOTHING])) == "one; two"
    assert several([NOTHING, one]) == one
    assert several([]) == NOTHING


def test_sentences_of_one_text_stand_one_after_another() -> None:
    whole = sentences(say("check.set", name="cart"), NOTHING, say("check.could_be", names="a, b"))
    assert str(whole) == "Set “cart” below. It could be: a, b."
    assert read(whole.stored) == whole
    assert sentences(NOTHING, verbatim("A.")) == verbatim("A.")
    assert sentences() == NOTHING


def test_a_panels_words_stay_and_ours_about_it_are_told_in_russian() -> None:
    refused = Refused(Fault(type="value", message="No such luck"), panel="billing", func="order")
    late = UnexpectedAnswer(notes.note("answer.late"), panel="isp1", func="user")
    with translation.override("ru"):
        assert str(of_error(refused)) == "billing order: No such luck"
        assert str(of_error(late)) == "isp1 user: ответ не пришёл вовремя"
        assert str(of_error(FormLacks(("ok",), func="task.edit"))) == "task.edit: не хватает: ok"
    assert str(late) == "isp1 user: no answer in time"


def test_a_sentence_within_another_has_one_full_stop() -> None:
    refused = say("panel.said", where="billing order", what=verbatim("No."))
    stop = say("stop.told", cause="A", why=refused, advice="B.")
    assert str(stop) == "A: billing order: No. What to do: B."
    assert str(refused) == "billing order: No."


def test_what_a_message_names_may_be_anything_that_a_panel_says() -> None:
    hostile = "%(count)s %s {0} <b>\u202e"
    told = say("window.gave_up", why=verbatim(hostile))
    assert str(read(told.stored)) == f"gave up: {hostile}"
    assert isinstance(read(told.stored), Message)
