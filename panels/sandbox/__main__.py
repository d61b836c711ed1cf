"""Starts the stand-in panels: ``python -m panels.sandbox --help``."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import sys
from pathlib import Path

from panels.sandbox.dialect import DEFAULT, DialectError
from panels.sandbox.dialects import named
from panels.sandbox.dials import DialError, Dials
from panels.sandbox.faults import FaultError
from panels.sandbox.http.server import Connection, Serving
from panels.sandbox.world.generation import generate
from panels.sandbox.world.persistence import Journal, StateError, lock, read
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import BILLMANAGER, World


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m panels.sandbox",
        description="Stand-in panels: a BILLmanager and ispmanagers over real HTTP.",
        epilog=(
            "Logins: BILLmanager admin/admin-sandbox and tasks/tasks-sandbox, ispmanager "
            "root/root-sandbox. Control on BILLmanager's port: GET /_sandbox/ledger, world, "
            "dials, faults; POST /_sandbox/dials, faults, act. A port of 0 takes a free one; "
            "the line 'ready' tells the addresses. Dials: " + ", ".join(Dials().as_dict()) + "."
        ),
    )
    parser.add_argument("--billmanager-port", type=int, default=1500, metavar="P")
    parser.add_argument(
        "--ispmanager-port",
        default="1501",
        metavar="P[,P]",
        help="one ispmanager per port, named isp1, isp2, ...",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--dialect",
        default=DEFAULT,
        metavar="FILE|NAME",
        help="billmanager6, billmanager5, a file, or drawn:SEED for a made-up one",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the world in this file")
    parser.add_argument("--accounts", type=int, default=100, metavar="N")
    parser.add_argument(
        "--clients", type=int, default=0, metavar="N", help="default: 9 for 10 accounts"
    )
    parser.add_argument("--plans", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--balance", type=float, default=10_000.0, metavar="X", help="what each client has"
    )
    parser.add_argument(
        "--odd", type=int, default=0, metavar="PERCENT", help="accounts without e-mail and so on"
    )
    parser.add_argument(
        "--field", action="store_true", help="accounts and clients as one finds them in the field"
    )
    parser.add_argument(
        "--namesakes", type=int, default=5, metavar="PERCENT", help="of the field's clients"
    )
    parser.add_argument("--latency", type=float, metavar="MS", help="time that an answer takes")
    parser.add_argument("--parallel", type=int, metavar="N", help="requests at once per panel")
    parser.add_argument("--task-delay", type=float, metavar="S", help="from payment to opening")
    parser.add_argument("--close-delay", type=float, metavar="S", help="from close to active")
    parser.add_argument(
        "--dial", action="append", default=[], metavar="NAME=JSON", help="turn any dial"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="fault rules as JSON")
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="serve https")
    return parser


def _world(options: argparse.Namespace) -> World:
    ports = [int(port) for port in options.ispmanager_port.split(",") if port]
    servers = tuple(f"isp{number}" for number in range(1, len(ports) + 1))
    world = World(servers=servers, dialect=named(options.dialect), seed=options.seed)
    if options.state is None or not read(world, options.state):
        balance = round(options.balance * 100)
        size = Size(
            options.accounts, options.clients, options.plans, options.seed, balance, options.odd,
            options.field, options.namesakes,
        )  # fmt: skip
        generate(world, size)
    asked = {
        name: value
        for name in ("latency", "parallel", "task_delay", "close_delay")
        if (value := getattr(options, name)) is not None
    }
    for text in options.dial:
        name, _, value = text.partition("=")
        asked[name] = json.loads(value)
    world.turn(asked)
    if options.faults is not None:
        world.faults.set(json.loads(options.faults.read_text(encoding="utf-8")))
    if world.dials.strangers_every > 0 and all(j.kind != "stranger" for j in world.jobs.all()):
        world.schedule(world.dials.strangers_every, "stranger", 0)
    return world


async def _serve(options: argparse.Namespace, world: World) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
        world.scheme = "https"
    journal = Journal(world, options.state) if options.state is not None else None
    serving = Serving(world, journal)
    world.host = options.host
    wanted = {BILLMANAGER: options.billmanager_port}
    wanted |= zip(world.servers, map(int, options.ispmanager_port.split(",")), strict=True)
    servers = []
    for panel, port in wanted.items():
        server = await loop.create_server(
            lambda panel=panel: Connection(serving, panel),
            options.host,
            port,
            ssl=tls,
            backlog=1024,
        )
        world.ports[panel] = server.sockets[0].getsockname()[1]
        servers.append(server)
    addresses = " ".join(f"{name}={world.address_of(name)}" for name in wanted)
    print(f"ready {addresses}", flush=True)  # noqa: T201 - whoever started it waits for this
    await stop.wait()
    for server in servers:
        server.close()
    if journal is not None:
        journal.close()


def main() -> int:
    """Run until a signal says stop; 2 when the options cannot be used."""
    options = _parser().parse_args()
    held = None
    try:
        if options.state is not None:
            held = lock(options.state)
        world = _world(options)
    except (DialectError, StateError, DialError, FaultError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - the command line's voice
        return 2
    asyncio.run(_serve(options, world))
    if held is not None:
        held.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
