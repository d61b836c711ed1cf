"""The state file of a world.

The file is a log of JSON lines: a head, then for each request that changed something one line
with all of its changes. A line is handed to the operating system before the request is answered,
so nothing that was acknowledged is lost when the sandbox is killed; only a loss of power can take
the last second. A torn last line belongs to a request that was never answered and is left out.
At each start the log is written afresh, without what has been overtaken.
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from panels.sandbox.world.world import World

_VERSION = 1
_ROWS_PER_LINE = 1000


class StateError(ValueError):
    """A state file that cannot be used; the text says why."""


def lock(path: Path) -> IO[bytes]:
    """Keep a state file to this process until it ends or the answer is closed.

    Raises StateError when another process has it.
    """
    held = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise StateError(f"{path} is in use by another sandbox") from error
    return held


class Journal:
    """Takes the changes of a world's tables and writes them down."""

    def __init__(self, world: World, path: Path) -> None:
        """Write the world as it is to the file, and from now on every change."""
        self._world = world
        self._changes: list[list[Any]] = []
        temporary = path.with_name(path.name + ".tmp")
        # Written beside and renamed, so that a crash leaves the old file or the new one.
        temporary.touch(mode=0o600)  # it holds passwords
        with temporary.open("wb") as out:
            for line in _whole(world):
                out.write(line)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        self._file = path.open("ab", buffering=0)
        for table in world.tables().values():
            table.sink = self

    def put(self, table: str, row: tuple[Any, ...]) -> None:
        """Take a new or changed row."""
        self._changes.append([table, row])

    def drop(self, table: str, key: str | int) -> None:
        """Take the key of a row that is gone."""
        self._changes.append([table, None, key])

    def commit(self) -> None:
        """Write down what has changed since the last time."""
        if self._changes:
            self._file.write(_line({"changes": self._changes}))
            self._changes = []

    def close(self) -> None:
        """Write down what is left, with the dials and counters, and close the file."""
        self._changes.append(["", _settings(self._world)])
        self.commit()
        os.fsync(self._file.fileno())
        self._file.close()


def read(world: World, path: Path) -> bool:
    """Fill an empty world from a file; False when there is no file.

    Raises StateError when the file belongs to another program, version or dialect.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return False
    complete = lines[:-1]  # what follows the last line end is torn, or nothing
    if not complete:
        return False
    try:
        head = json.loads(complete[0])
    except ValueError as error:
        msg = f"{path}: no state of a sandbox"
        raise StateError(msg) from error
    _check_head(world, path, head)
    for line in complete[1:]:
        _replay(world, json.loads(line)["changes"])
    tables = world.tables()
    for name, last in head["last"].items():
        tables[name].last_id = max(tables[name].last_id, last)
    world.reload_jobs()
    # Else the same chance as before the restart would draw the same session ids again.
    world.random.seed(f"{head['draws']}/{world.events.last_id}/{len(complete)}")
    return True


def _check_head(world: World, path: Path, head: object) -> None:
    expected = {"sandbox": _VERSION, "dialect": world.dialect.name, "servers": list(world.servers)}
    for name, value in expected.items():
        found = head.get(name) if isinstance(head, dict) else None
        if found != value:
            raise StateError(f"{path}: {name} is {found}, wanted {value}")


def _replay(world: World, changes: list[list[Any]]) -> None:
    tables = world.tables()
    for change in changes:
        name, row = change[0], change[1]
        if name == "":
            _restore(world, row)
        elif row is None:
            tables[name].drop(change[2])
        else:
            tables[name].load([row])


def _whole(world: World) -> list[bytes]:
    tables = world.tables()
    head = {
        "sandbox": _VERSION,
        "dialect": world.dialect.name,
        "servers": list(world.servers),
        "draws": world.token(),
        "last": {name: table.last_id for name, table in tables.items()},
    }
    lines = [_line(head), _line({"changes": [["", _settings(world)]]})]
    for name, table in tables.items():
        rows = table.all()
        for start in range(0, len(rows), _ROWS_PER_LINE):
            part = rows[start : start + _ROWS_PER_LINE]
            lines.append(_line({"changes": [[name, row] for row in part]}))
    return lines


def _settings(world: World) -> dict[str, Any]:
    return {
        "dials": world.dials.as_dict(),
        "calls": dict(world.calls),
        "most_busy": dict(world.most_busy),
    }


def _restore(world: World, settings: dict[str, Any]) -> None:
    world.dials.turn(settings["dials"])
    world.calls.clear()
    world.calls.update(settings["calls"])
    world.most_busy.update(settings["most_busy"])


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
