"""Every citation, such as ``billmanager.md 6.1``, names a document in docs/ and a section of it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = BASE_DIR / "docs"
CITING = {".py", ".html", ".md", ".json", ".toml", ".yml", ".sh", ".js", ".css"}
TOP = {"README.md", "CHANGELOG.md"}
"""Documents that are cited by name and lie outside of docs/."""
NUMBERED = {"billmanager.md", "design.md", "ispmanager.md"}
"""Documents that are cited by section."""

NUMBER = r"\d+(?:\.\d+)*"
GAP = r"(?:\s+|\s*\n\s*#\s*)"
CITATION = re.compile(
    rf"(?<![\w./-])(?P<document>(?:[a-z0-9_-]+/)*[a-z0-9-]+\.md)\b"
    rf"(?:(?:,?{GAP}sections?)?{GAP}(?P<sections>{NUMBER}(?:(?:,|{GAP}and|{GAP}to|–){GAP}?{NUMBER})*))?",
    re.IGNORECASE,
)
"""In use: `a.md 1.2`, `a.md 1.2, 8`, `a.md 0 and 1.4`, `a.md 1.3 to 1.6`, `a.md, section 4`."""
HEADING = re.compile(rf"^#+ (?P<number>{NUMBER})\.? ", re.MULTILINE)
ITEM = re.compile(r"^(?P<item>\d+)\. ", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)#(?P<anchor>[^)]+)\)")


def documents() -> dict[str, Path]:
    return {path.name: path for path in DOCS.rglob("*.md")} | {n: BASE_DIR / n for n in TOP}


@cache
def sections(name: str) -> frozenset[str]:
    """The numbers of a document's sections, and of the items of a section that is a list."""
    text = documents()[name].read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    found = {heading["number"] for heading in headings}
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        items = ITEM.finditer(text, heading.end(), end)
        found |= {f"{heading['number']}.{item['item']}" for item in items}
    return frozenset(found)


def wrong_citations(where: str, text: str) -> Iterator[str]:
    """What a text cites and docs/ does not have, a sentence each."""
    for cited in CITATION.finditer(text):
        name = cited["document"].rpartition("/")[2]
        if name not in documents():
            yield f"{where} cites {cited['document']}, which is not in docs/"
            continue
        numbers = re.findall(NUMBER, cited["sections"] or "") if name in NUMBERED else []
        missing = [number for number in numbers if number not in sections(name)]
        if missing:
            yield f"{where} cites {name} {', '.join(missing)}, which it does not have"


def texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=BASE_DIR, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        path = BASE_DIR / name
        if path.suffix in CITING and path.is_file() and path.name != "test_citations.py":
            yield name, path.read_text(encoding="utf-8")


def test_what_is_cited_is_there() -> None:
    assert [wrong for name, text in texts() for wrong in wrong_citations(name, text)] == []


def test_the_documents_of_facts_are_cited() -> None:
    cited = {match["document"] for _, text in texts() for match in CITATION.finditer(text)}
    assert cited >= NUMBERED


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("as told (billmanager.md 1.2, 8), and more", 0),
        ("billmanager.md 1.3 to 1.6; billmanager.md 0 and 1.4; billmanager.md 0.2)", 0),
        ("(design.md,\n# section 4) and (design.md, sections 1 and 5)", 0),
        ("ispmanager.md 7.5 is an item of a list", 0),
        ("billmanager.md 1.99", 1),
        ("billmanager.md 1.2 to 1.98, or design.md, sections 1 and\n99", 2),
        ("facts-of-old.md 2.4", 1),
    ],
)
def test_a_wrong_citation_is_found(text: str, wrong: int) -> None:
    assert len(list(wrong_citations("here", text))) == wrong


def anchors(path: Path) -> set[str]:
    """The addresses of a document's headings, as GitHub makes them."""
    plain = FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each).strip().lower().replace(" ", "-") for each in headings}


def test_links_to_sections_lead_there() -> None:
    for document in documents().values():
        for link in LINK.finditer(document.read_text(encoding="utf-8")):
            there = (document.parent / link["path"]) if link["path"] else document
            assert link["anchor"] in anchors(there), f"{document.name} links to {link[0]}"
