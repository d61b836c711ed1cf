"""Endpoints, logins, and the interfaces of journal and limiter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

Kind = Literal["billmanager", "ispmanager"]
Outcome = Literal["done", "refused", "unknown", "not sent"]


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials for one panel. The password shows in no `repr`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One panel's address and how far it may be trusted.

    `name` is the panel's name: it labels journal rows and errors and keys the parallel limit.
    `url` is the whole address, for instance `https://panel.example:1500/billmgr`.
    `ca_file` names a file of CA certificates to trust instead of the system's.
    `pin_sha256` is the SHA-256 of the panel's DER certificate in hex, colons allowed: then that
    certificate alone is trusted and no CA is asked.
    `allow_insecure` permits plain http and loopback addresses, `allow_private` private ranges.
    `max_parallel` is for whoever builds the `Limiter`; the transport itself does not count.
    """

    name: str
    kind: Kind
    url: str
    ca_file: str | None = None
    pin_sha256: str | None = None
    allow_insecure: bool = False
    allow_private: bool = False
    max_parallel: int = 8


@dataclass(frozen=True, slots=True)
class Call:
    """One request and how it ended; redacted, fit to be stored and shown.

    `started` is seconds since the epoch, `seconds` the time from sending to the whole answer
    (0.0 when nothing was sent); waiting for a slot is not counted. `answer` is the head of the
    answer, at most 4,000 characters; `size` the answer's full size in bytes. `error` is ''
    when the outcome is 'done'. `busy`: the panel said that it has too much to do at the moment.
    """

    panel: str
    func: str
    params: Mapping[str, str]
    effect: bool
    started: float
    seconds: float
    outcome: Outcome
    answer: str
    error: str
    size: int
    busy: bool = False


class Journal(Protocol):
    """Records every call, the unsent ones included. What it raises reaches the caller."""

    def record(self, call: Call) -> None:
        """Record one call."""


class Limiter(Protocol):
    """Keeps the number of parallel requests to one panel within its limit."""

    def slot(self, panel: str, timeout: float) -> AbstractContextManager[None]:
        """Hold one slot of the panel; raises `LimitTimeout` when none came free in `timeout` s."""
