"""The files around the code: locks, compose, scripts."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from integrator.core.env import BASE_DIR
from tests.services.variables import NAMES, read_settings

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements-dev.lock")


def locked(name: str) -> dict[str, Version]:
    text = (BASE_DIR / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.!+]+)", text, re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address_and_a_hash_for_each_package(name: str) -> None:
    text = (BASE_DIR / name).read_text(encoding="utf-8")
    assert "/" not in text
    packages = re.split(r"\n(?=\w)", text.strip())
    assert len(packages) == len(locked(name))
    assert all("--hash=sha256:" in package for package in packages)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": project["dependencies"] + project["optional-dependencies"]["dev"],
    }
    for name, requirements in wanted.items():
        versions = locked(name)
        for requirement in map(Requirement, requirements):
            version = versions.get(canonicalize_name(requirement.name))
            assert version, f"{requirement.name} is not in {name}: make lock"
            assert version in requirement.specifier, f"{requirement}: make lock"


def test_development_runs_on_the_versions_of_an_installation() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_every_dependency_of_an_installation_carries_its_reason() -> None:
    text = (BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.partition("dependencies = [\n")[2].partition("]\n\n")[0].splitlines()
    assert [line for line in listed if '"' in line and "#" not in line] == []


def test_the_compose_file_follows_the_specification() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(BASE_DIR / "docker-compose.yml")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_secrets_of_compose_are_what_the_settings_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "scripts" / "compose-secrets.sh"
    script.parent.mkdir()
    shutil.copy(BASE_DIR / "scripts" / script.name, script)
    subprocess.run([script], check=True, timeout=120)
    secrets = tmp_path / "secrets"
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run([script], check=True, timeout=120)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700

    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name in ("secret_key", "field_keys", "database_url"):
        monkeypatch.setenv(f"{name.upper()}_FILE", str(secrets / name))
    database = read_settings()["DATABASES"]["default"]
    assert database["HOST"] == "postgres"
    assert database["PASSWORD"] == before["postgres_password"].strip()


@pytest.mark.parametrize(
    "name",
    [
        ".ci/run",
        "manage.py",
        *(f"scripts/{path.name}" for path in (BASE_DIR / "scripts").iterdir()),
    ],
)
def test_a_script_can_be_run(name: str) -> None:
    path = BASE_DIR / name
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_bytes().startswith(b"#!")
