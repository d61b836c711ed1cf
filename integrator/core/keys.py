"""The two kinds of key, stored in VAR_DIR when the environment does not give them.

On a single machine `up` makes them once, in `VAR_DIR/keys` (folder 700, files 600), and every
other command reads them from there. With a database server they come from the environment alone.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from integrator.core.env import SECRET_KEY_LENGTH, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _new_secret_key() -> str:
    return secrets.token_urlsafe(SECRET_KEY_LENGTH)


def _new_field_key() -> str:
    return Fernet.generate_key().decode()


MAKERS: dict[str, Callable[[], str]] = {
    "secret_key": _new_secret_key,
    "field_keys": _new_field_key,
}


def secret_key(var_dir: Path) -> str:
    """The kept key that signs sessions; empty when `up` has not made one yet."""
    return _kept(var_dir, "secret_key")


def field_keys(var_dir: Path) -> tuple[str, ...]:
    """The kept keys that encrypt secrets in rows, the writing one first; empty when none yet."""
    return words(_kept(var_dir, "field_keys"))


def create_missing(var_dir: Path) -> bool:
    """Make the keys that are not there yet; never touches one that is. True if any was made."""
    made = [create_once(var_dir / "keys" / name, make) for name, make in MAKERS.items()]
    return any(made)


def create_once(path: Path, make: Callable[[], str]) -> bool:
    """Write `make()` to `path` (600, in a folder of 700) unless it exists. True if written.

    The file appears whole or not at all, also when two processes try at once.
    """
    private_folder(path.parent)
    if path.exists():
        return False
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(draft)  # noqa: PTH108 - mkstemp gives a string
    return True


def private_folder(folder: Path) -> None:
    """Make `folder` and its parents, readable by the owner alone; tighten it when it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _kept(var_dir: Path, name: str) -> str:
    try:
        return (var_dir / "keys" / name).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
