from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from environs import EnvError

from integrator.core import env
from integrator.core.env import DEMO_FILE
from tests.services.variables import NAMES, read_settings

if TYPE_CHECKING:
    from pathlib import Path

LONG_KEY = "k" * 50


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.removesuffix("_FILE") in NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    options = SimpleNamespace(**read_settings())
    assert not options.DEBUG
    assert options.BEHIND_TLS
    assert options.REQUIRE_2FA
    assert not options.ALLOW_INSECURE_PANELS
    assert options.DATABASES["default"]["NAME"] == f"{tmp_path}/integrator.sqlite3"
    assert f"unix://{tmp_path}/redis/redis.sock" == options.REDIS_URL
    assert (options.WINDOW_LIMIT, options.SETTLE_SECONDS, options.LEASE_SECONDS) == (900, 20, 30)
    assert (options.MAX_ATTEMPTS, options.COHORT) == (5, 200)
    assert options.HORIZON_SECONDS == 600


@pytest.mark.parametrize(
    ("horizon", "connect", "reading"), [("130", "5", "30"), ("600", "5", "150"), ("1", "5", "30")]
)
def test_a_horizon_within_which_a_request_may_be_on_its_way_is_refused(
    horizon: str, connect: str, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORIZON_SECONDS", horizon)
    monkeypatch.setenv("CONNECT_TIMEOUT", connect)
    monkeypatch.setenv("READ_TIMEOUT", reading)
    with pytest.raises(ImproperlyConfigured, match="HORIZON_SECONDS: must be more than"):
        read_settings()


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "DEBUG": "perhaps",
        "DATABASE_URL": "mysql://u:pw-in-url@h/n",
        "REDIS_URL": "http://h",
        "SECRET_KEY": "short",
        "FIELD_KEYS": f"{Fernet.generate_key().decode()},nokey",
        "SETTLE_SECONDS": "nan",
        "COHORT": "0",
        "TRUSTED_PROXIES": "10.0.0.0/99",
        "LOG_FORMAT": "xml",
        "ALOWED_HOSTS": "a.example.com",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as caught:
        read_settings()
    output = str(caught.value)
    for name in wrong:
        assert f"  {name}: " in output
    assert "did you mean ALLOWED_HOSTS?" in output
    assert "pw-in-url" not in output
    assert "nokey" not in output


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("LOGLEVEL", "LOG_LEVEL"),
        ("SETTLE_SECS", "SETTLE_SECONDS"),
        ("FIELD_KEY", "FIELD_KEYS"),
        ("COHORTS", "COHORT"),
        ("FIELD_KEYS_FILES", "FIELD_KEYS_FILE"),
        ("database_url", "DATABASE_URL"),
    ],
)
def test_a_misspelt_name_is_told(monkeypatch: pytest.MonkeyPatch, given: str, meant: str) -> None:
    monkeypatch.setenv(given, "1")
    with pytest.raises(ImproperlyConfigured, match=f"{given}: .* {meant}"):
        read_settings()


@pytest.mark.parametrize(
    "name",
    [
        "PG_DATABASE_URL",
        "AWS_SECRET_ACCESS_KEY",
        "SECRET_KEY_BASE",
        "WORKER_PORT",
        "REDIS_PORT",
        "XDEBUG_MODE",
    ],
)
def test_names_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    read_settings()


def test_a_value_can_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(LONG_KEY + "\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert read_settings()["SECRET_KEY"] == LONG_KEY


def test_a_file_that_cannot_be_read_and_a_value_given_twice_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(LONG_KEY)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("SECRET_KEY", LONG_KEY)
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured) as caught:
        read_settings()
    assert "SECRET_KEY: given twice" in str(caught.value)
    assert "REDIS_URL_FILE: cannot be read" in str(caught.value)


def test_a_database_server_demands_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://h/n")
    with pytest.raises(ImproperlyConfigured) as caught:
        read_settings()
    assert "SECRET_KEY: must be set" in str(caught.value)
    assert "FIELD_KEYS: must be set" in str(caught.value)
    monkeypatch.setenv("SECRET_KEY", LONG_KEY)
    monkeypatch.setenv("FIELD_KEYS", Fernet.generate_key().decode())
    assert read_settings()["DATABASES"]["default"]["HOST"] == "h"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////a/b.db", {"ENGINE": env.SQLITE, "NAME": "/a/b.db"}),
        ("sqlite:////a%20b/c%25.db", {"NAME": "/a b/c%.db"}),
        (
            "postgresql://u%40x:p%2Fw@h:6432/n?sslmode=require",
            {"ENGINE": env.POSTGRESQL, "NAME": "n", "USER": "u@x", "PASSWORD": "p/w", "HOST": "h"}
            | {"PORT": 6432, "OPTIONS": {"sslmode": "require"}},
        ),
        ("postgres://u@%2Frun%2Fpg/n", {"NAME": "n", "USER": "u", "HOST": "/run/pg", "PORT": ""}),
    ],
)
def test_a_database_address(url: str, expected: dict[str, object]) -> None:
    assert env.database(url).items() >= expected.items()


def test_a_socket_may_stand_among_the_options() -> None:
    found = env.database("postgres:///n?host=/run/pg&user=u&port=6432")
    connecting = DatabaseWrapper({**connection.settings_dict, **found}).get_connection_params()
    asked = {name: connecting[name] for name in ("dbname", "host", "user", "port")}
    assert asked == {"dbname": "n", "host": "/run/pg", "user": "u", "port": 6432}


def test_a_file_is_found_from_the_folder_it_is_named_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert env.database("sqlite:///rows.db")["NAME"] == f"{tmp_path}/rows.db"
    odd = tmp_path / "50% of #1?"
    assert env.database(env.local_database(odd))["NAME"] == f"{odd}/integrator.sqlite3"


@pytest.mark.parametrize(
    "url",
    [
        *("", "rows.db", "mysql://u:secret@h/n", "postgresql://u:secret@h", "postgresql://secret["),
        *("postgresql://u:secret@h:port/n", "sqlite://", "sqlite:///", "sqlite://:memory:"),
        *("sqlite:///:memory:", "sqlite://secret/rows.db"),
    ],
)
def test_no_other_address_is_taken_nor_repeated(url: str) -> None:
    with pytest.raises(EnvError) as caught:
        env.database(url)
    assert "secret" not in str(caught.value)


def test_secrets_are_not_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:pw-in-url@h/n")
    monkeypatch.setenv("REDIS_URL", "redis://:pw-of-redis@h/0")
    monkeypatch.setenv("SECRET_KEY", LONG_KEY)
    field_key = Fernet.generate_key().decode()
    monkeypatch.setenv("FIELD_KEYS", field_key)
    shown = repr(read_settings()["env"])
    for secret in ("pw-in-url", "pw-of-redis", LONG_KEY, field_key):
        assert secret not in shown


def test_the_demo_s_settings_yield_to_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / DEMO_FILE).write_text("BEHIND_TLS=off\nREQUIRE_2FA=off\n")
    monkeypatch.setenv("REQUIRE_2FA", "on")
    options = SimpleNamespace(**read_settings())
    assert not options.BEHIND_TLS
    assert options.REQUIRE_2FA


def test_every_setting_is_documented() -> None:
    assert list(NAMES) == read_settings()["env"].names


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("CSRF_TRUSTED_ORIGINS", "https://Bind.example.com/", ("https://bind.example.com",)),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example:8443", ("https://a.example:8443",)),
        ("ALLOWED_HOSTS", "Bind.example.com, .example.org", ("bind.example.com", ".example.org")),
        ("ALLOWED_HOSTS", "::1,[::1],10.0.0.1", ("[::1]", "[::1]", "10.0.0.1")),
        ("BIND", "::", "[::]"),
        ("BIND", "[::1]", "[::1]"),
        ("BIND", "0.0.0.0", "0.0.0.0"),
    ],
)
def test_what_would_never_match_is_read_as_it_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, read: object
) -> None:
    monkeypatch.setenv(name, given)
    assert read_settings()[name] == read


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("CSRF_TRUSTED_ORIGINS", "https://bind.example.com/path"),
        ("CSRF_TRUSTED_ORIGINS", "https://"),
        ("ALLOWED_HOSTS", "https://bind.example.com"),
        ("ALLOWED_HOSTS", "bind.example.com:8000"),
        ("BIND", "0.0.0.0:8000"),
        ("BIND", "http://0.0.0.0"),
        ("DATABASE_URL", "postgresql://u:pa#ss@h/n"),
        ("DATABASE_URL", "postgresql://u:pa/ss@h/n"),
        ("DATABASE_URL", "postgresql://u:pa?ss@h/n"),
        ("REDIS_URL", "rediss://:pa#ss@h:6379/0"),
    ],
)
def test_what_would_never_work_is_told_at_start(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    monkeypatch.setenv(name, given)
    with pytest.raises(ImproperlyConfigured, match=f"{name}: ") as refused:
        read_settings()
    assert "ss@h" not in str(refused.value)
    assert "u:pa" not in str(refused.value)


def test_an_address_with_encoded_signs_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:pa%23ss@h/n?sslmode=require")
    monkeypatch.setenv("SECRET_KEY", LONG_KEY)
    monkeypatch.setenv("FIELD_KEYS", Fernet.generate_key().decode())
    assert read_settings()["DATABASES"]["default"]["PASSWORD"] == "pa#ss"
