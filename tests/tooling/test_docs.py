"""What the documents tell people to type is real: targets, commands, options, files, settings."""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from integrator.core.env import BASE_DIR
from tests.services.variables import NAMES

DOCUMENTS = sorted([BASE_DIR / "README.md", *(BASE_DIR / "docs").rglob("*.md")])
MANAGE = re.compile(r"manage\.py ([a-z-]+)((?: [^\n`#]*)?)")
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)\b", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAME = re.compile(r"`([A-Z][A-Z0-9_]{3,})`")
FOLDERS = "docs|integrator|locale|panels|scripts|static|templates|tests"
FILE = re.compile(rf"(?<![\w./(-])((?:{FOLDERS})/[\w./-]*\w/?)(?![\w*])")


def mentions(pattern: re.Pattern[str]) -> list[tuple[str, tuple[str, ...]]]:
    """What the documents say, each with the document's path."""
    return [
        (document.relative_to(BASE_DIR).as_posix(), match.groups())
        for document in DOCUMENTS
        for match in pattern.finditer(document.read_text(encoding="utf-8"))
    ]


def help_of(name: str) -> str:
    """All options of a command, those of its subcommands too."""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    texts = [parser.format_help()]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts += [each.format_help() for each in action.choices.values()]
    return "\n".join(texts)


@pytest.mark.parametrize(("document", "call"), mentions(MANAGE))
def test_commands_and_their_options_exist(document: str, call: tuple[str, ...]) -> None:
    name, rest = call
    assert name in get_commands(), f"{document} tells of manage.py {name}"
    known = help_of(name)
    missing = [option for option in re.findall(r"(--[a-z][a-z-]*)", rest) if option not in known]
    assert not missing, f"{document}: manage.py {name} has no {missing}"


@pytest.mark.parametrize(("document", "target"), sorted(set(mentions(MAKE))))
def test_make_targets_exist(document: str, target: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--question", target[0]],
        cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "No rule to make target" not in done.stderr, f"{document} tells of make {target[0]}"


@pytest.mark.parametrize(("document", "link"), mentions(LINK))
def test_links_lead_somewhere(document: str, link: tuple[str, ...]) -> None:
    assert (BASE_DIR / document).parent.joinpath(link[0]).exists(), f"{document} links to {link[0]}"


def test_files_exist() -> None:
    facts = {"docs/panels/billmanager.md", "docs/panels/ispmanager.md"}  # of others' files
    named = {(document, path[0]) for document, path in mentions(FILE) if document not in facts}
    assert len(named) > 20
    assert [(document, path) for document, path in named if not (BASE_DIR / path).exists()] == []


def test_every_setting_that_is_mentioned_exists() -> None:
    named = {name[0] for document, name in mentions(NAME) if document != "docs/settings.md"}
    other = {"CHANGELOG", "COLUMN", "COUNT"}
    unknown = {n for n in named - other if n not in NAMES and n.removesuffix("_FILE") not in NAMES}
    assert not unknown


def test_the_readme_is_short() -> None:
    lines = Path(BASE_DIR / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 110
