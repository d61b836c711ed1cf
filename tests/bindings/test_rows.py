"""Rows that are read by statements of our own are what the models say of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import rows
from integrator.core import clock
from integrator.models import Binding
from integrator.models.states import RunState
from tests import factories

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db


def values(row: Model) -> dict[str, Any]:
    """All that the database holds of this row; what was not read yet is read now."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def related(row: Binding) -> list[dict[str, Any]]:
    assert row.window is not None
    others = (row, row.account, row.client, row.plan, row.run, row.run.preview, row.window)
    return [values(one) for one in (*others, row.account.panel)]


def bindings() -> list[Binding]:
    window = factories.window()
    made = [factories.binding(step=step, window=window) for step in (3, 7)]
    made[1].password = "Aa1-xyz"
    made[1].credited, made[1].expires = made[0].price, clock.now().date()
    for one in made:
        one.plan, one.lease_token, one.due_at = window.plan, "mine", clock.now()
        one.save()
    return made


def test_what_is_claimed_is_read_with_all_that_belongs_to_it() -> None:
    made = bindings()
    found = rows.claimed([one.pk for one in made], "mine")
    assert [related(one) for one in found] == [
        related(Binding.objects.get(pk=one.pk)) for one in made
    ]
    assert found[1].password == "Aa1-xyz"
    assert rows.claimed([one.pk for one in made], "another's") == []


@pytest.mark.parametrize(
    "chosen",
    [
        {"check_passwords": True},
        {"reset_passwords": True},
        {"hold_letters": True},
        {"guided": True},
        {"payment": "credit", "paymethod_id": 7, "paymethod_name": "Card"},
    ],
)
def test_each_choice_of_a_preview_is_read_as_itself(chosen: dict[str, Any]) -> None:
    run = factories.run(preview=factories.preview(**chosen), state=RunState.PAUSED)
    window = factories.window()
    made = factories.binding(run=run, window=window, plan=window.plan)
    (found,) = rows.of_window(window)
    assert related(found) == related(Binding.objects.get(pk=made.pk))


def test_the_bindings_of_a_window_are_read_with_all_that_belongs_to_them() -> None:
    made = bindings()
    window = made[0].window
    assert window is not None
    assert [related(one) for one in rows.of_window(window)] == [
        related(Binding.objects.get(pk=one.pk)) for one in made
    ]
    assert [one.pk for one in rows.of_window(window, (7,))] == [made[1].pk]


def test_a_password_is_not_read_where_nobody_is_to_use_it() -> None:
    window = bindings()[0].window
    assert window is not None
    assert all("password" in one.get_deferred_fields() for one in rows.of_window(window))


def test_one_reading_serves_however_many_there_are(
    django_assert_num_queries: Any,
) -> None:
    made = bindings()
    with django_assert_num_queries(3):  # bindings, windows, plans
        for one in rows.claimed([one.pk for one in made], "mine"):
            assert one.account.username
            assert one.client.remote_id
            assert one.run.preview.payment
            assert one.plan.name


def test_nothing_is_asked_where_there_is_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert rows.intents_of([]) == []
        assert rows.steps_of([]) == []
