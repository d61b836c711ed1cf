"""A product and its panels, as processes, made ready once and copied for each test."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from tests.chaos.product import Product
from tests.conftest import running_redis
from tests.services.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = ("--task-delay", "0", "--close-delay", "0")
SIZE = ("--accounts", "80", "--clients", "60", "--plans", "5")


class Template:
    """A product that has discovered a sandbox of two servers and five plans, and that sandbox.

    The panel's limit lets three windows be open at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sandbox").mkdir()
        self.sandbox = Sandbox(folder / "sandbox", *SIZE, *QUICK, ispmanagers=2)

    def prepare(self, database_url: str = "") -> None:
        product = Product(self.folder / "var", database_url=database_url)
        self.sandbox.start()
        try:
            product.prepare(self.sandbox, max_parallel=12)
        finally:
            self.sandbox.stop()

    def panels(self, folder: Path) -> Sandbox:
        """The sandbox anew, at the addresses that the product knows."""
        sandbox = Sandbox(folder / "sandbox", *self.sandbox.options, ispmanagers=2)
        shutil.copytree(self.sandbox.folder, sandbox.folder)
        sandbox.billmanager_port = self.sandbox.billmanager_port
        sandbox.ispmanager_ports = self.sandbox.ispmanager_ports
        return sandbox


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short name, for the sake of the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str, template: str = "template1") -> Iterator[str]:
    """A database of its own on this server; its URL."""
    name = f"chaos_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest) -> Iterator[tuple[Template, str]]:
    """The template, and the name of its database on the server ("": a SQLite file)."""
    with short_folder() as folder:
        made = Template(folder)
        if connection.vendor == "sqlite":
            made.prepare()
            yield made, ""
            return
        with database(request.getfixturevalue("postgres_server")) as url:
            made.prepare(url)
            yield made, urlsplit(url).path.lstrip("/")


@pytest.fixture
def place(
    template: tuple[Template, str], request: pytest.FixtureRequest
) -> Iterator[tuple[Path, Sandbox, str]]:
    """A folder with a copy of the template's product and panels, which run; its database's URL."""
    made, name = template
    with short_folder() as folder:
        shutil.copytree(made.folder / "var", folder / "var")
        sandbox = made.panels(folder).start()
        try:
            if not name:
                yield folder, sandbox, ""
                return
            with database(request.getfixturevalue("postgres_server"), name) as url:
                yield folder, sandbox, url
        finally:
            sandbox.stop()


@pytest.fixture
def sandbox(place: tuple[Path, Sandbox, str]) -> Sandbox:
    """The panels: 80 accounts on two servers, five plans sold on both."""
    return place[1]


@pytest.fixture
def product(place: tuple[Path, Sandbox, str]) -> Iterator[Product]:
    """The product with a Redis and beat; the test starts workers."""
    folder, _, database_url = place
    with running_redis() as redis_url:
        made = Product(folder / "var", redis_url=redis_url, database_url=database_url)
        made.start("beat")
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def upped(place: tuple[Path, Sandbox, str]) -> Iterator[Product]:
    """The product as `manage.py up` runs it, with a Redis of its own."""
    folder, _, database_url = place
    made = Product(folder / "var", database_url=database_url)
    try:
        made.up()
        yield made
    finally:
        made.stop()


@pytest.fixture
def accounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The sandbox's accounts, as they truly are."""
    return list(sandbox.world()["accounts"])


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., tuple[Product, Sandbox]]]:
    """Makes a product of another size, on SQLite or a database's URL, all of it running."""
    folders: list[Any] = []
    started: list[Product | Sandbox] = []

    def make(
        *options: str, database_url: str = "", max_parallel: int = 8, **environ: str
    ) -> tuple[Product, Sandbox]:
        holder = short_folder()
        folder = holder.__enter__()
        folders.append(holder)
        (folder / "sandbox").mkdir()
        sandbox = Sandbox(folder / "sandbox", *options, *QUICK, ispmanagers=2)
        started.append(sandbox.start())
        product = Product(folder / "var", database_url=database_url, **environ)
        product.prepare(sandbox, max_parallel=max_parallel)
        started.append(product)
        product.up()
        return product, sandbox

    yield make
    for each in reversed(started):
        each.stop()
    for holder in folders:
        holder.__exit__(None, None, None)
