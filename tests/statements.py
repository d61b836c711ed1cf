"""Statements that a test counts."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

CLOCK = ("SELECT clock_timestamp()", "SELECT strftime(")


class Statements(CaptureQueriesContext):
    """What is said to the database within this context, without readings of its clock.

    Those come every few seconds (``core/clock.py``), so that one more may fall into any count.
    """

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def captured_queries(self) -> list[dict[str, Any]]:
        return [one for one in super().captured_queries if not one["sql"].startswith(CLOCK)]
