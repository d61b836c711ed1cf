from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from django.conf import settings

from integrator.core import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def configured_as_before() -> Iterator[None]:
    yield
    logs.configure(settings.LOGGING)


def as_json() -> None:
    """Call it in the test itself: pytest gives each phase of a test its own stderr."""
    logs.configure({"level": "INFO", "format": "json"})


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_ours_and_a_library_s_records_leave_in_one_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_json()
    structlog.get_logger("ours").info("window opened", plan=3)
    logging.getLogger("theirs").warning("slow: %s", "panel", extra={"seconds": 4})
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["plan"], ours["logger"]) == ("window opened", 3, "ours")
    assert (theirs["event"], theirs["seconds"], theirs["level"]) == ("slow: panel", 4, "warning")
    assert ours.keys() - {"plan"} == theirs.keys() - {"seconds"}


def test_secrets_are_blanked_wherever_they_stand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_json()
    structlog.get_logger().info(
        "called with authinfo=root:hunter2&func=user",
        password="hunter2",
        answer={"rows": [{"passwd": "hunter2", "name": "u1"}], "session_id": "hunter2"},
        url="redis://user:hunter2@h/0",
        lease_token="hunter2",
        monkey="banana",
        done=True,
    )
    logging.getLogger("theirs").info(
        "x", extra={"auth": "hunter2", "params": {"confirm": "hunter2"}}
    )
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "banana" in said
    assert "u1" in said
    assert "func=user" in said


def test_a_traceback_has_its_secrets_blanked_and_no_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_json()

    def fail(password: str) -> None:
        raise ValueError("https://user:hunter2@panel.example/", len(password))

    try:
        fail("a-local-" + "value")
    except ValueError:
        logging.getLogger("theirs").exception("failed")
    (line,) = lines(capsys)
    assert "ValueError" in line["exception"]
    assert "hunter2" not in line["exception"]
    assert "a-local-value" not in line["exception"]


def test_a_level_that_is_not_wanted_costs_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_json()
    structlog.get_logger("ours").debug("detail")
    logging.getLogger("theirs").debug("detail")
    assert lines(capsys) == []
