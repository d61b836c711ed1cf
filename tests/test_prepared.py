"""A statement that was compiled once does what the queryset it was made of does."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q
from django.test.utils import CaptureQueriesContext

from integrator.core import clock, prepared
from integrator.models import Account, Client, Event, Panel, Plan, Step, Window

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def windows() -> list[Window]:
    now = clock.now()
    plans = [Plan.objects.create(remote_id=n, name=f"plan {n}", seen_at=now) for n in range(5)]
    return [
        Window.objects.create(plan=plan, created_at=now, phase_at=now, due_at=now - n * HOUR)
        for n, plan in enumerate(plans)
    ]


def _asks(count: int, ask: Callable[[], object]) -> object:
    with CaptureQueriesContext(connection) as queries:
        found = ask()
    assert len(queries) == count
    return found


def test_rows_come_as_the_queryset_gives_them(windows: list[Window]) -> None:
    due = prepared.Select[Window](
        lambda before, ids: (
            Window.objects.filter(due_at__lte=before, pk__in=ids)
            .select_related("plan")
            .order_by("-due_at")
        )
    )
    ids = [window.pk for window in windows]
    for hours, some in ((0.5, ids), (2.5, ids), (0.5, ids[:3]), (9.0, ids), (0.5, ids[:1])):
        before = clock.now() - hours * HOUR
        wanted = list(Window.objects.filter(due_at__lte=before, pk__in=some).order_by("-due_at"))
        found = due.run(before=before, ids=some)
        assert found == wanted
        assert [w.__dict__[name] for w in found for name in ("due_at", "snapshot", "seen")] == [
            w.__dict__[name] for w in wanted for name in ("due_at", "snapshot", "seen")
        ]
        names = _asks(0, lambda rows=found: [w.plan.name for w in rows])  # type: ignore[misc]
        assert names == [w.plan.name for w in wanted]


def test_columns_that_were_left_out_are_read_when_asked_for(windows: list[Window]) -> None:
    short = prepared.Select[Window](lambda pk: Window.objects.filter(pk=pk).only("phase"))
    (found,) = short.run(pk=windows[0].pk)
    assert _asks(0, lambda: found.phase) == "opening"
    assert _asks(1, lambda: found.due_at) == windows[0].due_at


def test_an_update_writes_the_given_columns_and_the_expressions(windows: list[Window]) -> None:
    mine = prepared.Update(
        lambda pk, token: Window.objects.filter(pk=pk, lease_token=token), version=F("version") + 1
    )
    pk = windows[1].pk
    at = clock.now()
    assert mine.run({"lease_token": "a", "seen": {"x": [1]}, "due_at": at}, pk=pk, token="") == 1
    assert mine.run({"lease_token": "b"}, pk=pk, token="other") == 0
    assert mine.run(pk=pk, token="a") == 1
    found = Window.objects.get(pk=pk)
    assert (found.lease_token, found.seen, found.due_at, found.version) == ("a", {"x": [1]}, at, 2)
    assert set(Window.objects.exclude(pk=pk).values_list("version", flat=True)) == {0}


def test_many_rows_are_each_given_their_own(windows: list[Window]) -> None:
    this = prepared.Update(lambda pk: Window.objects.filter(pk=pk), version=F("version") + 1)
    this.run_each([({"cause": f"c{w.pk}", "due_at": None}, {"pk": w.pk}) for w in windows[:4]])
    found = list(Window.objects.order_by("pk").values_list("cause", "version"))
    assert found == [*((f"c{w.pk}", 1) for w in windows[:4]), ("", 0)]


def test_a_secret_stays_one() -> None:
    panel = Panel.objects.create(
        name="p", kind="ispmanager", url="https://p", address="p", username="root",
        password="s3cret-in-plain", created_at=clock.now(),
    )  # fmt: skip
    by_name = prepared.Select[Panel](lambda name: Panel.objects.filter(name=name))
    assert by_name.run(name="p")[0].password == "s3cret-in-plain"
    prepared.Update(lambda pk: Panel.objects.filter(pk=pk)).run({"password": "n3w"}, pk=panel.pk)
    assert by_name.run(name="p")[0].password == "n3w"
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM integrator_panel")
        assert "n3w" not in cursor.fetchone()[0]


def test_inserted_rows_are_what_save_would_write(windows: list[Window]) -> None:
    alone = Event(at=clock.now(), actor="a", subject="window", details={"é": 1}, window=windows[0])
    prepared.insert([alone])
    assert Event.objects.get(pk=alone.pk).details == {"é": 1}
    alone.why = "saved again"
    alone.save()
    assert Event.objects.get().why == "saved again"
    prepared.insert([Event(at=clock.now(), actor=n, subject="run") for n in "xyz"])
    prepared.insert([])
    assert set(Event.objects.values_list("actor", flat=True)) == {"a", "x", "y", "z"}


def test_a_row_that_is_there_is_replaced_as_told(windows: list[Window]) -> None:
    def step(state: str, minutes: int) -> Step:
        at = clock.now().replace(microsecond=0) - dt.timedelta(minutes=minutes)
        return Step(window=windows[0], number=2, state=state, started_at=at, evidence={"s": state})

    first, again = step("running", 9), step("done", 1)
    for one in (first, again):
        prepared.insert([one], unique=("window", "number"), replace=("state", "evidence"))
    found = Step.objects.get()
    assert (found.state, found.evidence, found.started_at) == (
        "done", {"s": "done"}, first.started_at
    )  # fmt: skip


def test_an_error_leaves_the_transaction_broken_as_everywhere() -> None:
    client = Client.objects.create(remote_id=1, seen_at=clock.now())
    panel = Panel.objects.create(
        name="p", kind="ispmanager", url="https://p", address="p", username="root",
        created_at=clock.now(),
    )  # fmt: skip
    account = {"panel": panel, "username": "u", "seen_at": clock.now(), "client": client}
    prepared.insert([Account(**account)])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.insert([Account(**account)])
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            prepared.insert([Account(**account)])
        assert connection.needs_rollback
        transaction.set_rollback(True)
    assert Account.objects.count() == 1


def test_plain_values_come_as_the_queryset_gives_them(windows: list[Window]) -> None:
    found = prepared.Values(
        lambda before: (
            Window.objects.filter(due_at__lte=before)
            .annotate(members=Count("bindings", filter=Q(bindings__due_at__lte=before)))
            .order_by("due_at")
            .values_list("pk", "due_at", "seen", "members")
        )
    )
    for hours in (0.5, 2.5, 9.0):
        before = clock.now() - hours * HOUR
        due = [w for w in reversed(windows) if w.due_at is not None and w.due_at <= before]
        assert found.run(before=before) == [(w.pk, w.due_at, w.seen, 0) for w in due]
    before = clock.now()
    assert _asks(1, lambda: found.run(before=before)) == found.run(before=before)
