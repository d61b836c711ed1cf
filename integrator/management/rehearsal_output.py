"""The rehearsal of ``bind --dry-run`` at the terminal: its progress and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.management.output import OK, UNREACHABLE
from integrator.messages.message import of_json
from integrator.previews.rehearsal import rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Preview


def rehearse(preview: Preview, note: Callable[[str], None]) -> int:
    """Rehearse, printing the progress of many order forms; the command's exit code."""

    def progress(done: int, total: int) -> None:
        if total > rehearsal.MIN_FORMS_FOR_PROGRESS:
            note(_("%(done)d of %(total)d order forms read") % {"done": done, "total": total})

    result = rehearsal.rehearse(preview, progress)
    if result["state"] == rehearsal.FAILED:
        note(_("It could not be rehearsed: %(why)s") % {"why": of_json(result["error"])})
        return UNREACHABLE
    return OK


def lines(preview: Preview) -> list[str]:
    """The result as lines, step by step; what is not known yet or wrong is marked."""
    result = rehearsal.in_words(preview)
    if result is None or "steps" not in result:
        return []
    marks = {"found": " ", "unknown": "?", "wrong": "!"}
    found = [
        f"  {step['step']} {mark} {text}"
        for step in result["steps"]
        for part, mark in marks.items()
        for text in step[part]
    ]
    head = _("Rehearsed by reads alone (? is found at the canary, ! must be mended first):")
    return ["", head, *found]
