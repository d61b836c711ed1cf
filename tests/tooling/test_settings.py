from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection

from integrator.core.env import BASE_DIR
from tests.services.variables import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `manage.py` with nothing of our settings but those given."""
    # The last one is set for browser tests that may run in the same process.
    ours = {*NAMES, "DJANGO_ALLOW_ASYNC_UNSAFE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}

    def run(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", str(BASE_DIR / "manage.py"), *arguments],
            env={**kept, "VAR_DIR": str(tmp_path), **given},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run


def test_a_deployment_check_finds_nothing(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    production = {
        "DATABASE_URL": "postgresql://u@h/n",
        "SECRET_KEY": "0123456789abcdef" * 4,
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "bind.example.com",
    }
    done = manage("check", "--deploy", "--fail-level", "DEBUG", **production)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_bad_settings_are_told_without_a_traceback(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = manage("check", COHORT="none", WINDOW_LIMITS="3")
    assert done.returncode == 2
    assert "COHORT: Not a valid integer." in done.stderr
    assert "did you mean WINDOW_LIMIT?" in done.stderr
    assert "Traceback" not in done.stderr


def test_reading_the_settings_writes_nothing(
    manage: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert manage("check").returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_the_local_database_waits_for_its_turn_and_survives_a_kill() -> None:
    if connection.vendor == "postgresql":
        assert settings.DATABASES["default"]["CONN_HEALTH_CHECKS"]
        return
    with connection.cursor() as cursor:
        read = {}
        for name in ("journal_mode", "synchronous", "busy_timeout"):
            cursor.execute(f"PRAGMA {name}")
            read[name] = cursor.fetchone()[0]
    assert read == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 20000}
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_pages_allow_nothing_from_elsewhere() -> None:
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy["default-src"] == ["'none'"]
    assert not [value for values in policy.values() for value in values if "unsafe" in value]


def test_every_page_asks_for_a_login_unless_it_says_otherwise() -> None:
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
