"""How the time left is put into words."""

from __future__ import annotations

import pytest
from django.utils import translation

from integrator.runs.estimate import Estimate

pytestmark = pytest.mark.any_database

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("ends", "english", "russian"),
    [
        ((1, 3), "under a minute left", "осталось меньше минуты"),
        ((20, 59), "under a minute left", "осталось меньше минуты"),
        ((20, 70), "about 1 min left", "осталось около 1 мин"),
        ((50, 125), "about 1–2 min left", "осталось около 1–2 мин"),
        ((800, 1470), "about 15–25 min left", "осталось около 15–25 мин"),
        ((1200, 1250), "about 20 min left", "осталось около 20 мин"),
        ((0.9 * HOUR, 1.6 * HOUR), "about 1–1.5 h left", "осталось около 1–1,5 ч"),
        ((9 * HOUR, 14 * HOUR), "about 9–14 h left", "осталось около 9–14 ч"),
        ((1.4 * DAY, 2.4 * DAY), "about 1.5–2.5 days left", "осталось около 1,5–2,5 дн."),
        ((11 * DAY, 1500 * DAY), "about 11–1500 days left", "осталось около 11–1500 дн."),
    ],
)
def test_a_range_is_told_as_somebody_would_say_it(
    ends: tuple[float, float], english: str, russian: str
) -> None:
    told = Estimate(*ends)
    assert told.words == english
    with translation.override("ru"):
        assert told.words == russian


def test_rounding_never_makes_a_figure_wrong_by_half() -> None:
    for seconds in range(60, 40 * DAY, 977):
        low, high = Estimate(seconds, seconds).rounded() or (0, 0)
        assert low == high
        assert seconds / 1.51 <= low <= seconds * 1.51


def test_where_nothing_can_be_said_it_is_said_why() -> None:
    assert Estimate(why_not="estimating").words == "estimating"
    assert Estimate().words == ""
    assert Estimate().rounded() is None


@pytest.mark.parametrize(
    ("persons", "english", "russian"),
    [
        (0, "", ""),
        (1, "1 waits for a person", "1 ждёт человека"),
        (3, "3 wait for a person", "3 ждут человека"),
        (11, "11 wait for a person", "11 ждут человека"),
    ],
)
def test_what_waits_for_a_person_is_said_beside(persons: int, english: str, russian: str) -> None:
    told = Estimate(10, 20, persons=persons)
    assert told.persons_words == english
    with translation.override("ru"):
        assert told.persons_words == russian
