from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from integrator.core import keys

if TYPE_CHECKING:
    from pathlib import Path


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    assert keys.secret_key(tmp_path) == ""
    assert keys.field_keys(tmp_path) == ()
    assert keys.create_missing(tmp_path)
    first = keys.secret_key(tmp_path), keys.field_keys(tmp_path)
    assert len(first[0]) >= 50
    Fernet(first[1][0])
    assert not keys.create_missing(tmp_path)
    assert (keys.secret_key(tmp_path), keys.field_keys(tmp_path)) == first


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    keys.create_missing(tmp_path)
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert {file.name for file in folder.iterdir()} == {"secret_key", "field_keys"}


def test_of_many_makers_one_wins_and_all_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one"

    def make(number: int) -> tuple[bool, str]:
        return keys.create_once(path, lambda: str(number)), path.read_text().strip()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(32)))
    assert sum(won for won, _ in made) == 1
    assert len({read for _, read in made}) == 1
