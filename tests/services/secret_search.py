"""The search for known secrets in all that the product writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

LOGINS = frozenset({"admin-sandbox", "tasks-sandbox", "root-sandbox"})
"""Passwords of the sandbox's panels."""


def found(secrets: Collection[str], places: Mapping[str, bytes]) -> list[str]:
    """Where a secret is readable; the secret itself is not repeated, as this is printed."""
    return [
        f"secret {number} of {len(secrets)} is readable in {place}"
        for place, text in places.items()
        for number, secret in enumerate(sorted(secrets), start=1)
        if secret.encode() in text
    ]


def in_folder(folder: Path, *, without: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder: databases with their journals, logs, instructions."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in without:
            yield str(path.relative_to(folder)), path.read_bytes()


def in_redis(url: str) -> Iterator[tuple[str, bytes]]:
    """Every value a Redis holds: messages that wait, and those that are being worked on."""
    with redis.Redis.from_url(url) as server:
        for key in server.scan_iter():
            kind = server.type(key)
            if kind == b"list":
                value = server.lrange(key, 0, -1)
            elif kind == b"hash":
                value = server.hgetall(key)
            elif kind == b"zset":
                value = server.zrange(key, 0, -1)
            elif kind == b"set":
                value = server.smembers(key)
            else:
                value = server.get(key)
            yield f"redis {key.decode(errors='replace')}", repr(value).encode()
