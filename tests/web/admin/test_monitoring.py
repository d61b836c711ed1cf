"""What machines may ask, and the same figures for people."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import pytest
from django.test import Client

from integrator.web.admin import monitoring
from tests import factories

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings


def test_alive_and_ready(db: None) -> None:
    assert Client().get("/healthz").content == b"ok\n"
    assert Client().get("/readyz").content == b"ok\n"


def test_metrics(db: None, settings: Settings) -> None:
    factories.failed()
    factories.window(held=True)
    stranger = Client()
    assert stranger.get("/metrics").status_code == 401
    settings.METRICS_TOKEN = "token-of-the-scraper"
    wrong = stranger.get("/metrics", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    bearer = {"Authorization": "Bearer token-of-the-scraper"}
    text = stranger.get("/metrics", headers=bearer).text
    assert 'integrator_bindings{state="failed"} 1.0' in text
    assert "integrator_windows_held 1.0" in text


def test_no_token_means_no_bearer(db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_metrics_for_people(db: None, role: str) -> None:
    browser = Client()
    browser.force_login(factories.person(role))
    assert browser.get("/metrics").status_code == 200


@pytest.mark.parametrize("lacks", ["folder", "room"])
def test_not_ready_where_nothing_can_be_written(
    lacks: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    settings.VAR_DIR = tmp_path / "gone" if lacks == "folder" else tmp_path
    if lacks == "room":

        def full(*_given: object, **_more: object) -> NoReturn:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(monitoring, "TemporaryFile", full)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"VAR_DIR cannot be written to\n")
