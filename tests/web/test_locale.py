"""The Russian texts: complete, in step with the source, and compiled. English is the source."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
# The command line speaks English: it is for scripts and logs.
WITHOUT = ("integrator/management", "integrator/supervisor", "integrator/migrations")
CACHES = shutil.ignore_patterns("__pycache__")
EXTRACT = ("makemessages", "--locale", "ru", "--no-location", "--no-wrap", "--no-obsolete")
Catalogue = dict[str, tuple[str, ...]]


def catalogue(path: Path) -> Catalogue:
    """Every text of a catalogue with its translations; a fuzzy one has none."""
    told = subprocess.run(
        ["msgattrib", "--no-obsolete", "--no-wrap", "--clear-fuzzy", str(path)],
        check=True, capture_output=True, text=True, encoding="utf-8",
    ).stdout  # fmt: skip
    found: Catalogue = {}
    for block in told.split("\n\n")[1:]:
        joined = re.sub(r'"\n"', "", block)
        fields = re.findall(r'^(msg\w+(?:\[\d\])?) "(.*)"$', joined, re.MULTILINE)
        key = " | ".join(text for name, text in fields if not name.startswith("msgstr"))
        found[key] = tuple(text for name, text in fields if name.startswith("msgstr"))
    return found


@pytest.fixture
def extracted(tmp_path: Path) -> Catalogue:
    """What `makemessages` finds in the source as it stands, put into a copy of the catalogue."""
    for folder in ("integrator", "panels", "templates", "locale"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=CACHES)
    for folder in WITHOUT:
        shutil.rmtree(tmp_path / folder)
    environ = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "django", *EXTRACT]
    subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)
    return catalogue(tmp_path / COMMITTED.relative_to(ROOT))


def test_the_catalogue_is_in_step_with_the_source(extracted: Catalogue) -> None:
    assert set(catalogue(COMMITTED)) == set(extracted)


def test_every_text_is_translated() -> None:
    missing = [key for key, texts in catalogue(COMMITTED).items() if not all(texts)]
    assert missing == []


def test_nothing_is_fuzzy_and_every_placeholder_is_kept(tmp_path: Path) -> None:
    assert "fuzzy" not in COMMITTED.read_text(encoding="utf-8")
    command = ["msgfmt", "--check-format", "-o", str(tmp_path / "out.mo"), str(COMMITTED)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    with (tmp_path / "out.mo").open("rb") as fresh, COMMITTED.with_suffix(".mo").open("rb") as old:
        new, kept = gettext.GNUTranslations(fresh), gettext.GNUTranslations(old)
    assert vars(new)["_catalog"] == vars(kept)["_catalog"]
