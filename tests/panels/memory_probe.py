"""Reads one answer of a kind and size in a process of its own, and prints what that took.

`python -m tests.panels.memory_probe KIND SIZE`: by how many bytes the process grew at most, and
"read" or the name of the error.
"""

from __future__ import annotations

import multiprocessing
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from panels.coremanager.errors import PanelError
from panels.coremanager.whole_lists import collect
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport
from tests.panels.fakepanel import OK, PASSWORD, FakePanel, Notes, Reply, Slots
from tests.panels.http.test_answer_sizes import page

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def body_of(kind: str, size: int) -> tuple[bytes, tuple[str, ...]]:
    """The answer and its headers; `size` is in rows, or in megabytes."""
    if kind in {"streamed", "tree"}:
        return page(size), ()
    if kind == "packed":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed = packer.compress(b"<doc>")
        packed += b"".join(packer.compress(b" " * 1_000_000) for _ in range(size))
        return packed + packer.flush(), ("Content-Encoding: gzip",)
    return b"<doc>" + b"<elem/>" * (size * 1_000_000 // 7) + b"</doc>", ()


def peak() -> int:
    """The most bytes that this process has held since the last `forget`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def serve(told: Connection, kind: str, size: int) -> None:
    """Answer until told to end; in a process of its own, whose memory is not looked at."""
    body, headers = body_of(kind, size)
    panel = FakePanel(lambda r: Reply(OK) if r.func == "whoami" else Reply(body, headers=headers))
    told.send(panel.url)
    told.recv()
    panel.stop()


def main() -> None:
    kind, size = sys.argv[1], int(sys.argv[2])
    ours, theirs = multiprocessing.Pipe()
    panel = multiprocessing.Process(target=serve, args=(theirs, kind, size))
    panel.start()
    transport = Transport(
        Endpoint("bill", "billmanager", ours.recv(), allow_insecure=True),
        Login("root", PASSWORD),
        limiter=Slots(),
        journal=Notes(),
        session_store=SessionIds(),
    )
    transport.read("whoami")  # so that what every first call needs is there
    forget()
    before, outcome = peak(), "read"
    try:
        if kind in {"tree", "elements"}:
            transport.read("vhost").listing()
        else:
            collect(transport, "vhost", lambda row: row.int("id"))
    except PanelError as error:
        outcome = type(error).__name__
    print(peak() - before, outcome)  # noqa: T201 - for the test that runs it
    transport.close()
    ours.send("end")
    panel.join()


if __name__ == "__main__":
    main()
