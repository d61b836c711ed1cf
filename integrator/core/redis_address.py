"""The address of Redis, read once for all who use it.

redis-py and kombu read an address in their own ways: one checks a certificate where the other
does not, and they look for the database and the password of a socket in other places.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is, and as whom it is asked.

    ``path``: of a unix socket; "" where it is reached over the network. ``tls``: spoken, with the
    server's certificate checked for its name, by the machine's authorities or by ``ca_file``.
    """

    host: str
    port: int
    path: str
    database: int
    username: str
    password: str = field(repr=False)
    tls: bool
    ca_file: Path | None = None

    @classmethod
    def of(cls, url: str, ca_file: Path | None = None) -> RedisAddress:
        """Read ``redis://``, ``rediss://`` or ``unix://``, which `core.env` has checked.

        The database stands behind the host, or as ``db`` behind a ``?``, as a socket's password
        may. Raises ValueError for a port or database that is no number.
        """
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        is_socket = parts.scheme == "unix"
        behind = "" if is_socket else parts.path.strip("/")
        return cls(
            host="" if is_socket else parts.hostname or "localhost",
            port=parts.port or PORT,
            path=unquote(parts.path) if is_socket else "",
            database=int(asked.get("db") or behind or 0),
            username=unquote(parts.username or asked.get("username", "")),
            password=unquote(parts.password or asked.get("password", "")),
            tls=parts.scheme == "rediss",
            ca_file=ca_file if parts.scheme == "rediss" else None,
        )

    def __str__(self) -> str:
        """The address without who asks."""
        place = f"unix://{self.path}" if self.path else f"{self._scheme}://{self.host}:{self.port}"
        return f"{place}, database {self.database}"

    @property
    def _scheme(self) -> str:
        return "rediss" if self.tls else "redis"

    def checks(self) -> dict[str, Any]:
        """What makes either library check the server's certificate; empty without TLS."""
        if not self.tls:
            return {}
        authorities = {"ssl_ca_certs": str(self.ca_file)} if self.ca_file else {}
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **authorities}

    def for_client(self) -> dict[str, Any]:
        """What `redis.Redis` is made with."""
        place = (
            {"unix_socket_path": self.path}
            if self.path
            else {"host": self.host, "port": self.port, "ssl": self.tls, **self.checks()}
        )
        return {
            **place,
            "db": self.database,
            "username": self.username or None,
            "password": self.password or None,
        }

    def for_broker(self) -> str:
        """The same as kombu reads it."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        login = login if self.username or self.password else ""
        if self.path:
            asked = urlencode({"virtual_host": self.database})
            return f"redis+socket://{login}{quote(self.path)}?{asked}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._scheme}://{login}{host}:{self.port}/{self.database}"
