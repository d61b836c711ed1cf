"""An installation of its own for each test, driven by the real `manage.py` in a process."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.forked_commands import command_server
from tests.services.sandbox import Sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Answer:
    """What a command printed and how it ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


class Installation:
    """A VAR_DIR with an empty database."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "VAR_DIR": str(var_dir),
            "REDIS_URL": f"unix://{var_dir}/no-redis.sock",
            "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
            "FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
            "BEHIND_TLS": "off",
            "ALLOW_PRIVATE_PANELS": "on",
            "ALLOW_INSECURE_PANELS": "on",
        }

    def manage(self, *words: str, given: str = "", **environ: str) -> Answer:
        """Run `manage.py` with these words, this standard input and these extra variables."""
        env = {**self.environ, **environ}
        return Answer(command_server().run(words, given=given, timeout=240, env=env))

    def add_panels(self, sandbox: Sandbox) -> None:
        """Register the sandbox's BILLmanager and its first ispmanager."""
        for words, secret in (
            (("billing", "--kind", "billmanager", "--url", sandbox.billmanager_url,
              "--username", "admin", "--task-username", "tasks", "--task-password-env", "T"),
             "admin-sandbox"),
            (("isp1", "--kind", "ispmanager", "--url", sandbox.ispmanager_urls[0],
              "--username", "root"), "root-sandbox"),
        ):  # fmt: skip
            added = self.manage(
                "panel", "add", *words, "--password-env", "P", P=secret, T="tasks-sandbox"
            )
            assert added.code == 0, added.err

    def csv(self, accounts: Sequence[dict[str, Any]], *, server: str = "isp1") -> str:
        """A file that binds these accounts of the sandbox's world."""
        lines = ["server,username,domain,client,plan,password"]
        lines += [
            ",".join((server, one["username"], "", one["email"], one["plan"], one["password"]))
            for one in accounts
        ]
        path = self.var_dir / "accounts.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VAR_DIR whose database is ready; copied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    done = Installation(folder).manage("migrate", "--verbosity", "0")
    assert (done.code, done.err) == (0, "")
    return folder


@pytest.fixture
def installation(migrated: Path, tmp_path: Path) -> Installation:
    """An installation with nothing in it."""
    shutil.copytree(migrated, tmp_path / "var")
    return Installation(tmp_path / "var")


@pytest.fixture(scope="session")
def discovered(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sandbox]:
    """A VAR_DIR that has discovered a sandbox, and that sandbox, stopped; copied for each test."""
    folder = tmp_path_factory.mktemp("discovered")
    shutil.copytree(migrated, folder / "var")
    (folder / "sandbox").mkdir()
    sandbox = Sandbox(folder / "sandbox", "--accounts", "12", "--clients", "6", "--plans", "3")
    installation = Installation(folder / "var")
    sandbox.start()
    installation.add_panels(sandbox)
    found = installation.manage("discover")
    sandbox.stop()
    assert found.code == 0, found.err
    return folder / "var", sandbox


@pytest.fixture
def sandbox(discovered: tuple[Path, Sandbox], tmp_path: Path) -> Iterator[Sandbox]:
    """A BILLmanager and one ispmanager with twelve accounts, at the addresses of `discovered`."""
    template = discovered[1]
    sandbox = Sandbox(tmp_path / "sandbox", *template.options)
    shutil.copytree(template.folder, sandbox.folder)
    sandbox.billmanager_port = template.billmanager_port
    sandbox.ispmanager_ports = template.ispmanager_ports
    yield sandbox.start()
    sandbox.stop()


@pytest.fixture
def ready(discovered: tuple[Path, Sandbox], sandbox: Sandbox, tmp_path: Path) -> Installation:
    """An installation that has discovered the sandbox's twelve accounts."""
    shutil.copytree(discovered[0], tmp_path / "ready")
    return Installation(tmp_path / "ready")
