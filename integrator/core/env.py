"""How `integrator/settings.py` reads what an operator can change (docs/settings.md).

`NAME_FILE` names a file to read the value of `NAME` from instead. All that is wrong is told at
once, also a name that looks like a misspelt one of ours: a typing mistake in `ALLOWED_HOSTS` must
not become a silent default.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import dj_database_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, EnvValidationError, FileAwareEnv

from integrator.core.redis_address import RedisAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dj_database_url import DBConfig

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEMO_FILE = "demo.env"  # in VAR_DIR; what `up --demo` wants every later command to know
BEAT_FILE = "beat-schedule"  # in VAR_DIR; its library may add an ending
SECRET_KEY_LENGTH = 50  # what Django's deployment check asks for
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
IPV6 = 6


class Environment(FileAwareEnv):
    """The environment, each variable read by its line in `integrator/settings.py`.

    Nothing is raised while it is read: what cannot be read is None until `check` tells all of it.
    """

    def __init__(self) -> None:
        super().__init__(eager=False, strip_whitespace=True)
        self.names: list[str] = []  # of the variables that were asked for
        self._problems: list[str] = []
        for name, parser in PARSERS.items():
            self.add_parser(name, parser)

    def check(self, *rules: Iterable[str]) -> None:
        """Raise `ImproperlyConfigured` with a line for each thing that is wrong.

        A rule tells what is wrong with several values together.
        """
        problems = [*self._problems, *_sealed(self), *chain(*rules), *self._misspelt()]
        if problems:
            lines = ["The settings are not right:", *(f"  {line}" for line in problems)]
            raise ImproperlyConfigured("\n".join(lines))

    def _get_value(self, env_key: str, default: Any) -> Any:
        """Take down the name; a file that cannot be read is told with all else that is wrong.

        Every reader of environs comes through here, and through nothing that it documents.
        """
        self.names.append(env_key)
        if env_key in os.environ and os.environ.get(f"{env_key}_FILE"):
            self._problems.append(f"{env_key}: given twice, also as {env_key}_FILE; keep one.")
        try:
            return super()._get_value(env_key, default)
        except (OSError, ValueError) as error:
            reason = (error.__cause__ or error).__class__.__name__
            self._problems.append(f"{env_key}_FILE: cannot be read: {reason}.")
            return default

    def _misspelt(self) -> Iterable[str]:
        """Name each variable that is none of ours but nearly reads like one.

        `OTHER_SECRET_KEY` or `SECRET_KEY_BASE` belong to other programs and are left alone.
        """
        known = {*self.names, *(f"{name}_FILE" for name in self.names)}
        for name in sorted(os.environ.keys() - known):
            for close in difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.84):
                if not (name.endswith(f"_{close}") or name.startswith(f"{close}_")):
                    yield f"{name}: not a setting; did you mean {close}?"


def is_given(name: str) -> bool:
    """Whether the environment gives the variable, as itself or as NAME_FILE."""
    return name in os.environ or f"{name}_FILE" in os.environ


def local_redis(var_dir: Path) -> str:
    """The address of the Redis that `up` starts when it is given none: a socket in `var_dir`."""
    return f"unix://{var_dir}/redis/redis.sock"


def database(url: str) -> DBConfig:
    """One entry of Django's DATABASES: a file of SQLite or a PostgreSQL server.

    Raises `EnvError` without repeating the URL, which may hold a password. `env.dj_db_url` would
    also take other servers, and a database in memory where a file is named wrongly.
    """
    _refuse_raw(url)
    try:
        found = dj_database_url.parse(url, conn_max_age=None)  # opening one costs more than a step
    except ValueError:
        raise EnvError("Not a database address.") from None
    if found["ENGINE"] not in {SQLITE, POSTGRESQL}:
        raise EnvError("Must begin with sqlite:/// or postgresql://.")
    if found["NAME"] in {"", ":memory:"} or (found["ENGINE"] == SQLITE and found["HOST"]):
        raise EnvError(
            "Names no database: sqlite:///relative/path, sqlite:////absolute/path"
            " or postgresql://user:password@host:port/name."
        )
    if found["ENGINE"] == SQLITE:
        found["NAME"] = os.path.abspath(found["NAME"])  # noqa: PTH100 - as in _folder()
    return found


def local_database(var_dir: Path) -> str:
    """The address of the SQLite file that is used when none is given."""
    return f"sqlite:///{quote(str(var_dir))}/integrator.sqlite3"


def words(text: str) -> tuple[str, ...]:
    """Split `a, b` at its commas; empty pieces are dropped."""
    return tuple(piece.strip() for piece in text.split(",") if piece.strip())


def _sealed(env: Environment) -> Iterable[str]:
    """Name each variable whose value could not be read as what it should be."""
    try:
        env.seal()
    except EnvValidationError as error:
        for name, reasons in cast("Mapping[str, list[str]]", error.error_messages).items():
            yield f"{name}: {' '.join(map(str, reasons))}"


def keys_of_a_server(database: DBConfig | None, **keys: object) -> Iterable[str]:
    """A rule: with a database server the operator alone can decide each of these keys.

    None stands for what could not be read, which has been told already.
    """
    if database is None or database["ENGINE"] == SQLITE:
        return
    for name, key in keys.items():
        if key in {"", ()}:
            yield (
                f"{name}: must be set (or {name}_FILE) when DATABASE_URL names a server,"
                " since every machine that uses the database needs the same one."
            )


def horizon(seconds: float | None, connect: float | None, reading: float | None) -> Iterable[str]:
    """A rule: when the horizon is over, no request may still be on its way.

    The wire allows a connection its time-out and an answer twice the reading time-out; what waits
    in the panel comes on top of that. None stands for what could not be read.
    """
    if seconds is None or connect is None or reading is None:
        return
    least = 2 * (connect + 2 * reading)
    if seconds <= least:
        yield (
            f"HORIZON_SECONDS: must be more than {least:g}, twice what CONNECT_TIMEOUT and"
            " READ_TIMEOUT allow a request on its way."
        )


def _redis_url(url: str) -> str:
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise EnvError("Must begin with redis://, rediss:// or unix://.")
    _refuse_raw(url)
    try:
        RedisAddress.of(url)
    except ValueError:
        raise EnvError("The port and the database must be numbers.") from None
    return url


def _refuse_raw(url: str) -> None:
    """Raise `EnvError` where a password holds what ends the part of a URL that it stands in."""
    rest = url.partition("://")[2]
    before, _slash, path = rest.partition("/")
    cut = before.partition("#")[0].partition("?")[0]
    if "@" not in cut and "@" in rest and (cut != before or (":" in cut and "@" in path)):
        raise EnvError(
            "The user or password holds a sign that must be percent-encoded: # as %23, ? as %3F,"
            " / as %2F, @ as %40."
        )


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
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise EnvError(f"{origin!r} must begin with https:// (or http://) and name a host.")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
            raise EnvError(f"{origin!r} must be a scheme and a host alone, as https://host.")
    return tuple(origin.rstrip("/").lower() for origin in origins)


def _hosts(text: str) -> tuple[str, ...]:
    """Names as a browser sends them: one with a scheme or a port would never match."""
    return tuple(_host(word) for word in words(text))


def _host(word: str) -> str:
    if "/" in word:
        raise EnvError(f"{word!r} must be a name without scheme and path, as bind.example.com.")
    bare = word.strip("[]")
    with suppress(ValueError):
        return f"[{bare}]" if ipaddress.ip_address(bare).version == IPV6 else bare
    if ":" in word:
        raise EnvError(f"{word!r} must be a name without a port, as bind.example.com.")
    return word.lower()


def _address(text: str) -> str:
    """An address to listen on, as it stands before a port."""
    bare = text.strip("[]")
    with suppress(ValueError):
        return f"[{bare}]" if ipaddress.ip_address(bare).version == IPV6 else bare
    if ":" in text or "/" in text:
        raise EnvError("Must be an address or a name alone; the port is given to `up --port`.")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in words(text))
    except ValueError as error:
        raise EnvError(f"{error}.") from None


def _file(text: str) -> Path | None:
    if not text:
        return None
    if not Path(text).is_file():
        raise EnvError(f"There is no file {text}.")
    return Path(text)


def _folder(text: str) -> Path:
    return Path(os.path.abspath(text or "var"))  # noqa: PTH100 - Path.absolute() keeps ".." parts


PARSERS: dict[str, Callable[[str], object]] = {
    "folder": _folder,
    "file": _file,
    "database": database,
    "redis_url": _redis_url,
    "secret_key": _secret_key,
    "field_keys": _field_keys,
    "words": words,
    "origins": _origins,
    "hosts": _hosts,
    "address": _address,
    "networks": _networks,
}
"""What environs cannot read itself: `env.NAME(variable, default)`."""
