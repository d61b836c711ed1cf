"""What the pages write down is shown in words, not by its name in the code."""

from __future__ import annotations

import re
from pathlib import Path

from django.utils import translation

from integrator import web
from integrator.templatetags.look import field, shown, subject
from integrator.web.marks import WORDS
from integrator.web.words import SUBJECTS

NOTED = re.compile(r'notes\.note\([^"]*"([a-z ]+)", "([a-z ]+)"')


def test_every_event_that_a_page_writes_has_a_word() -> None:
    pages = Path(web.__file__).parent.glob("*.py")
    noted = [pair for page in pages for pair in NOTED.findall(page.read_text(encoding="utf-8"))]
    assert ("panel", "added") in noted
    assert {about for about, _what in noted} <= SUBJECTS.keys()
    assert {what for _about, what in noted} <= WORDS.keys()


def test_names_of_the_code_are_put_into_the_readers_words() -> None:
    with translation.override("ru"):
        assert (field("active"), field("limit_quota")) == ("активен", "limit_quota")
        assert (subject("panel"), subject("of old")) == ("Панели", "of old")
        assert shown({"active": True, "rest": None}) == "active да, rest –"
