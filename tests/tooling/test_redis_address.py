"""One address of Redis for all who use it: as whom, which database, and how sure it is Redis."""

from __future__ import annotations

import socket
import threading
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from integrator.core.redis_address import RedisAddress
from integrator.supervisor.child import Child, Program
from integrator.supervisor.folder import RefusedError
from integrator.supervisor.redis import find_server, refuse_unusable, server_options
from tests.services.shown_certificate import Shown
from tests.services.waits import eventually

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "s3 cret/#?@"
ENCODED = "s3%20cret%2F%23%3F%40"
HASHED = sha256(PASSWORD.encode()).hexdigest()
USERS = f"user ours on #{HASHED} ~ours:* &ours:* +@all\nuser default off\n"


@pytest.mark.parametrize(
    ("url", "place", "database", "login"),
    [
        ("redis://h", "redis://h:6379", 0, ("", "")),
        ("redis://h:1/3", "redis://h:1", 3, ("", "")),
        (f"rediss://ours:{ENCODED}@h/2", "rediss://h:6379", 2, ("ours", PASSWORD)),
        ("redis://:hush@[::1]:1", "redis://::1:1", 0, ("", "hush")),
        (f"unix://ours:{ENCODED}@/run/redis.sock?db=4", "unix:///run/redis.sock", 4,
         ("ours", PASSWORD)),
        ("unix:///run/redis.sock?db=4&password=hush", "unix:///run/redis.sock", 4, ("", "hush")),
    ],
)  # fmt: skip
def test_it_is_read_once(url: str, place: str, database: int, login: tuple[str, str]) -> None:
    address = RedisAddress.of(url)
    assert str(address) == f"{place}, database {database}"
    assert (address.username, address.password) == login
    assert not login[1] or login[1] not in repr(address)
    if not address.path:  # a socket's is read when it is opened, as below
        known = Connection(address.for_broker()).info()
        assert int(known["virtual_host"]) == database
        assert (known["userid"] or "", known["password"] or "") == login


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Redis on a socket whose users are a nobody and one that may use keys of ours alone."""
    folder = tmp_path_factory.mktemp("r")
    path = folder / "s"
    users = folder / "users.acl"
    users.write_text(USERS)
    words = (*server_options(folder), "--port", "0", "--unixsocket", str(path))
    child = Child(Program("redis", (str(find_server()), *words, "--aclfile", str(users))))
    child.start()
    assert eventually(path.exists), list(child.lines(all_of_it=True))
    yield path
    child.ask_to_end()
    assert eventually(lambda: child.collect() is not None)


def test_both_libraries_reach_it_as_the_same_user(server: Path) -> None:
    address = RedisAddress.of(f"unix://ours:{ENCODED}@{server}?db=5")
    with redis.Redis(**address.for_client()) as client:
        client.set("ours:x", "1")
        assert client.client_info()["db"] == 5
    options = {"global_keyprefix": "ours:"}
    with Connection(address.for_broker(), transport_options=options) as broker:
        queue = broker.SimpleQueue("ours")
        queue.put({"id": 7})
        message = queue.get(timeout=5)
        assert message.payload == {"id": 7}
        message.ack()
        queue.close()
    with redis.Redis(**address.for_client()) as client:
        assert all(key.startswith(b"ours:") for key in client.keys("ours:*"))


@pytest.mark.parametrize(
    ("login", "prefix", "said"),
    [
        (f"ours:{ENCODED}@", "theirs", "must be allowed all commands on keys"),
        ("ours:wrong@", "ours", "refuses the login"),
        ("", "ours", "refuses the login"),
    ],
)
def test_what_workers_could_not_use_is_told_at_start(
    server: Path, login: str, prefix: str, said: str
) -> None:
    refuse_unusable(RedisAddress.of(f"unix://ours:{ENCODED}@{server}"), "ours")
    with pytest.raises(RefusedError, match=said) as refused:
        refuse_unusable(RedisAddress.of(f"unix://{login}{server}"), prefix)
    assert PASSWORD not in str(refused.value)


def test_one_that_does_not_answer_may_come_up_later(tmp_path: Path) -> None:
    refuse_unusable(RedisAddress.of(f"unix://{tmp_path}/none"), "ours")


class Impostor(threading.Thread):
    """Speaks TLS with a certificate that nobody trusts; what it was sent after that."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(daemon=True)
        self.context = context
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.heard = b""
        self.start()

    def run(self) -> None:
        while True:
            try:
                plain, _peer = self.listening.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as wire:
                    wire.settimeout(2)
                    self.heard += wire.recv(1000)
            except OSError:
                continue


def test_a_certificate_that_is_not_trusted_gets_no_password(tmp_path: Path) -> None:
    shown = Shown(tmp_path, "redis")
    impostor = Impostor(shown.context)
    address = RedisAddress.of(f"rediss://:hunter2@127.0.0.1:{impostor.port}/0")
    with pytest.raises(RefusedError, match="is not trusted"):
        refuse_unusable(address, "ours")
    with (
        Connection(address.for_broker(), ssl=address.checks()) as broker,
        pytest.raises(OperationalError),
    ):
        broker.ensure_connection(max_retries=1, timeout=3)
    assert impostor.heard == b""

    trusted = RedisAddress.of(f"rediss://:hunter2@127.0.0.1:{impostor.port}/0", shown.file)
    refuse_unusable(trusted, "ours")  # it is no Redis, but who vouches for it is known
    assert b"hunter2" in impostor.heard
    impostor.listening.close()
