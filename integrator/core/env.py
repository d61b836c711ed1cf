"""The settings an operator can change, read from the environment (docs/settings.md).

Every field of `Options` is one variable, its name in capitals; `NAME_FILE` names a file to read
the value from instead. All that is wrong is told at once, also a name that looks like a misspelt
one of ours: a typing mistake in `ALLOWED_HOSTS` must not become a silent default.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, EnvValidationError, FileAwareEnv, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEMO_FILE = "demo.env"  # in VAR_DIR; what `up --demo` wants every later command to know
BEAT_FILE = "beat-schedule"  # in VAR_DIR; its library may add an ending
SECRET_KEY_LENGTH = 50  # what Django's deployment check asks for


@dataclass(frozen=True, slots=True)
class Database:
    """Where the rows live: a file (`engine` sqlite3) or a PostgreSQL server."""

    engine: str
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def is_server(self) -> bool:
        """True for PostgreSQL; False for a local SQLite file."""
        return self.engine != "sqlite3"


@dataclass(frozen=True, slots=True)
class Options:
    """What the environment says, typed. Spans are seconds unless the name says otherwise."""

    debug: bool
    var_dir: Path
    database_url: Database
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    field_keys: tuple[str, ...] = field(repr=False)
    allowed_hosts: tuple[str, ...]
    csrf_trusted_origins: tuple[str, ...]
    trusted_proxies: tuple[Network, ...]
    behind_tls: bool
    require_2fa: bool
    allow_private_panels: bool
    allow_insecure_panels: bool
    window_limit: float
    settle_seconds: float
    horizon_seconds: float
    lease_seconds: float
    connect_timeout: float
    read_timeout: float
    max_attempts: int
    cohort: int
    breaker: int
    call_retention_days: int
    emails_per_second: float
    drift_hours: float
    metrics_token: str = field(repr=False)
    workers: int
    worker_threads: int
    web_threads: int
    bind: str
    log_level: str
    log_format: str


NAMES = tuple(item.name.upper() for item in fields(Options))


def read() -> Options:
    """Read the environment.

    Raises `ImproperlyConfigured` with one line for each thing that is wrong.
    """
    problems = [*_unreadable()]
    if problems:  # the reader below would stop at the first of them
        raise ImproperlyConfigured(_told([*problems, *_misspelt(os.environ)]))
    env = FileAwareEnv(eager=False, strip_whitespace=True)
    var_dir = Path(os.path.abspath(env.str("VAR_DIR", str(BASE_DIR / "var")) or "var"))  # noqa: PTH100 - Path.absolute() keeps ".." parts
    # The demo's own choices hold for every command on its folder; the environment still wins.
    env.read_env(var_dir / DEMO_FILE, recurse=False)
    at_least_one = validate.Range(min=1)
    debug = bool(env.bool("DEBUG", default=False))
    values: dict[str, Any] = {
        "debug": debug,
        "var_dir": var_dir,
        "database_url": _parsed(
            env, "DATABASE_URL", f"sqlite:///{var_dir}/integrator.sqlite3", database
        ),
        "redis_url": _parsed(env, "REDIS_URL", local_redis(var_dir), _redis_url),
        "secret_key": _parsed(env, "SECRET_KEY", "", _secret_key),
        "field_keys": _parsed(env, "FIELD_KEYS", "", _field_keys),
        "allowed_hosts": _parsed(env, "ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", words),
        "csrf_trusted_origins": _parsed(env, "CSRF_TRUSTED_ORIGINS", "", _origins),
        "trusted_proxies": _parsed(env, "TRUSTED_PROXIES", "", _networks),
        "behind_tls": env.bool("BEHIND_TLS", default=not debug),
        "require_2fa": env.bool("REQUIRE_2FA", default=True),
        "allow_private_panels": env.bool("ALLOW_PRIVATE_PANELS", default=False),
        "allow_insecure_panels": env.bool("ALLOW_INSECURE_PANELS", default=False),
        "window_limit": env.float("WINDOW_LIMIT", 900.0, validate=at_least_one),
        "settle_seconds": env.float("SETTLE_SECONDS", 20.0, validate=validate.Range(min=0)),
        "horizon_seconds": env.float("HORIZON_SECONDS", 600.0, validate=at_least_one),
        "lease_seconds": env.float("LEASE_SECONDS", 30.0, validate=at_least_one),
        "connect_timeout": env.float("CONNECT_TIMEOUT", 5.0, validate=at_least_one),
        "read_timeout": env.float("READ_TIMEOUT", 30.0, validate=at_least_one),
        "max_attempts": env.int("MAX_ATTEMPTS", 5, validate=at_least_one),
        "cohort": env.int("COHORT", 100, validate=at_least_one),
        "breaker": env.int("BREAKER", 10, validate=at_least_one),
        "call_retention_days": env.int("CALL_RETENTION_DAYS", 30, validate=at_least_one),
        "emails_per_second": env.float(
            "EMAILS_PER_SECOND", 25.0, validate=validate.Range(min=0.1, max=10_000)
        ),
        "drift_hours": env.float("DRIFT_HOURS", 24.0, validate=validate.Range(min=0)),
        "metrics_token": env.str("METRICS_TOKEN", ""),
        "workers": env.int("WORKERS", 2, validate=validate.Range(min=1, max=32)),
        "worker_threads": env.int("WORKER_THREADS", 16, validate=validate.Range(min=1, max=256)),
        "web_threads": env.int("WEB_THREADS", 8, validate=validate.Range(min=1, max=256)),
        "bind": env.str("BIND", "127.0.0.1"),
        "log_level": env.str(
            "LOG_LEVEL", "INFO", validate=validate.OneOf(("DEBUG", "INFO", "WARNING", "ERROR"))
        ),
        "log_format": env.str(
            "LOG_FORMAT", "console", validate=validate.OneOf(("console", "json"))
        ),
    }
    problems = [*_sealed(env), *_undecided(values), *_too_near(values), *_misspelt(os.environ)]
    if problems:
        raise ImproperlyConfigured(_told(problems))
    return Options(**values)


def local_redis(var_dir: Path) -> str:
    """The address of the Redis that `up` starts when it is given none: a socket in `var_dir`."""
    return f"unix://{var_dir}/redis/redis.sock"


def database(url: str) -> Database:
    """Parse `sqlite:///path` or `postgresql://user:password@host:port/name?option=value`.

    Raises `EnvError` without repeating the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError:
        raise EnvError("Not a database address.") from None
    if parts.scheme == "sqlite":
        path = url.removeprefix("sqlite://").removeprefix("/")
        if not path:
            raise EnvError("Names no file: sqlite:///relative/path or sqlite:////absolute/path.")
        return Database("sqlite3", os.path.abspath(path))  # noqa: PTH100 - as in read()
    if parts.scheme not in {"postgres", "postgresql"}:
        raise EnvError("Must begin with sqlite:/// or postgresql://.")
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise EnvError("Names no database.")
    return Database(
        engine="postgresql",
        name=name,
        user=unquote(parts.username or options.pop("user", "")),
        password=unquote(parts.password or ""),
        host=unquote(parts.hostname or options.pop("host", "")),
        port=options.pop("port", port),
        options=options,
    )


def words(text: str) -> tuple[str, ...]:
    """Split `a, b` at its commas; empty pieces are dropped."""
    return tuple(piece.strip() for piece in text.split(",") if piece.strip())


def _parsed(env: FileAwareEnv, name: str, default: str, parse: Callable[[str], object]) -> object:
    """Read `name` through `parse`, whose `EnvError` becomes one of the errors told at the end."""
    parser = f"parse_{name.lower()}"
    env.add_parser(parser, parse)
    return getattr(env, parser)(name, default)


def _sealed(env: FileAwareEnv) -> Iterable[str]:
    """Name each variable whose value could not be read as what it should be."""
    try:
        env.seal()
    except EnvValidationError as error:
        for name, reasons in cast("Mapping[str, list[str]]", error.error_messages).items():
            yield f"{name}: {' '.join(map(str, reasons))}"


def _undecided(values: dict[str, Any]) -> Iterable[str]:
    """Name each key that nobody but the operator can decide, and has not."""
    place: Database | None = values["database_url"]
    if place is None or not place.is_server:
        return
    for name in ("SECRET_KEY", "FIELD_KEYS"):
        if values[name.lower()] in {"", ()}:
            yield (
                f"{name}: must be set (or {name}_FILE) when DATABASE_URL names a server,"
                " since every machine that uses the database needs the same one."
            )


def _too_near(values: dict[str, Any]) -> Iterable[str]:
    """Name the horizon where a request could still be on its way when it is over.

    The wire allows a connection its time-out and an answer twice the reading time-out; what waits
    in the panel comes on top of that.
    """
    horizon, connect, reading = (
        values[name] for name in ("horizon_seconds", "connect_timeout", "read_timeout")
    )
    if None in {horizon, connect, reading}:
        return  # told already
    least = 2 * (connect + 2 * reading)
    if horizon <= least:
        yield (
            f"HORIZON_SECONDS: must be more than {least:g}, twice what CONNECT_TIMEOUT and"
            " READ_TIMEOUT allow a request on its way."
        )


def _redis_url(url: str) -> str:
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise EnvError("Must begin with redis://, rediss:// or unix://.")
    return url


def _secret_key(key: str) -> str:
    if key and len(key) < SECRET_KEY_LENGTH:
        raise EnvError(f"Must have at least {SECRET_KEY_LENGTH} characters.")
    return key


def _field_keys(text: str) -> tuple[str, ...]:
    keys = words(text)
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise EnvError(f"Key {number} is not 32 bytes in URL-safe base64.") from None
    return keys


def _origins(text: str) -> tuple[str, ...]:
    origins = words(text)
    for origin in origins:
        if urlsplit(origin).scheme not in {"http", "https"}:
            raise EnvError(f"{origin!r} must begin with https:// (or http://).")
    return origins


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in words(text))
    except ValueError as error:
        raise EnvError(f"{error}.") from None


def _unreadable() -> Iterable[str]:
    """Name each `X_FILE` that cannot be read or that stands beside an `X`."""
    for name in NAMES:
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if name in os.environ:
            yield f"{name}: given twice, also as {name}_FILE; keep one."
        try:
            Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield f"{name}_FILE: cannot be read: {error.__class__.__name__}."


def _misspelt(environ: Iterable[str]) -> Iterable[str]:
    """Name each variable that is none of ours but nearly reads like one.

    `OTHER_SECRET_KEY` or `SECRET_KEY_BASE` belong to other programs and are left alone.
    """
    known = {*NAMES, *(f"{name}_FILE" for name in NAMES)}
    for name in sorted(environ):
        if name in known:
            continue
        for close in difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.84):
            if not (name.endswith(f"_{close}") or name.startswith(f"{close}_")):
                yield f"{name}: not a setting; did you mean {close}?"


def _told(problems: Iterable[str]) -> str:
    return "\n".join(["The settings are not right:", *(f"  {line}" for line in problems)])
