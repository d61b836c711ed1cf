"""A world of the sandbox that a test fills by itself, served by a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING

from panels.sandbox.http.server import Connection, Serving
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.sandbox.world.world import World


@contextlib.contextmanager
def served(world: World) -> Iterator[dict[str, str]]:
    """Serve all panels of a world; gives their addresses by name."""
    loop = asyncio.new_event_loop()
    names = (BILLMANAGER, *world.servers)
    ready, ended = threading.Event(), asyncio.Event()
    world.host = "127.0.0.1"

    async def serve() -> None:
        serving = Serving(world, None)
        servers = []
        for name in names:
            server = await loop.create_server(partial(Connection, serving, name), world.host, 0)
            world.ports[name] = server.sockets[0].getsockname()[1]
            servers.append(server)
        ready.set()
        await ended.wait()
        for server in servers:
            server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield {name: world.address_of(name) for name in names}
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()
