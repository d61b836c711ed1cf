"""Previews of many accounts, which a worker makes: what is wanted is stored first.

A page answers at once and shows how far it is. A worker that dies is followed by another one; of
two that are at the same preview, one stores it.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from django.utils.translation import get_language, override

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.inventory.mirror import portions
from integrator.messages.message import of_json, say, verbatim
from integrator.models import Account, Preview
from integrator.previews import preview as previews

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet

    from integrator.core.errors import LineError
    from integrator.matching.candidates import Candidate
    from integrator.messages.message import Message
    from integrator.previews.choices import Choices

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 200
"""Accounts of a preview that is made while its person waits for the page."""
KEY = "making"
"""In the summary: {"done", "total"} while a worker is at it, {"failed"} where it could not be."""
ASKED = 5000
"""Accounts that one statement names."""
WRITE_EVERY = 0.5  # seconds between two writes of the progress


def ask_for(
    choices: Choices,
    accounts: QuerySet[Account],
    actor: str,
    token: str,
    passwords: Mapping[int, str],
) -> Preview:
    """Store that these accounts shall be previewed; the caller wakes a worker for it.

    ``token`` and ``passwords`` as ``preview.make`` takes them. Raises Refused when the choices do
    not fit.
    """
    made = previews.made_before(token, actor)
    if made is not None:
        return made
    choices = choices.checked()
    previews.refuse_unsaid([choices.autoprolong])
    preview = previews.blank(choices, actor, token, previews.SELECTED)
    ids = list(accounts.values_list("pk", flat=True))
    wanted = {"accounts": ids, "passwords": list(passwords.items())}
    return _asked(preview, wanted, len(ids))


def ask_for_csv(
    choices: Choices, data: bytes, actor: str, token: str, *, skip_bad: bool
) -> Preview:
    """Store that the accounts of a CSV file shall be previewed; the caller wakes a worker for it.

    Its lines are looked up at once, so that whoever gave the file sees what is wrong with it.
    Raises CsvRefused and Refused.
    """
    made = previews.made_before(token, actor)
    if made is not None:
        return made
    choices = choices.checked()
    found, _skipped = previews.csv_candidates(choices, data, skip_bad=skip_bad)
    previews.refuse_unsaid([one.autoprolong for one in found])
    preview = previews.blank(choices, actor, token, previews.CSV)
    wanted = {"csv": base64.b64encode(data).decode("ascii"), "skip_bad": skip_bad}
    return _asked(preview, wanted, len(found))


def ask_again(old: Preview, actor: str, choices: Choices | None = None) -> Preview:
    """Store that the accounts of this preview shall be previewed by what is known then.

    ``choices`` None: the same ones. Raises Refused when the choices no longer fit.
    """
    choices = (choices or previews.choices_of(old)).checked()
    preview = previews.blank(choices, actor, "", old.source)
    return _asked(preview, {"again": old.pk}, old.rows.count())


def _asked(preview: Preview, wanted: dict[str, Any], total: int) -> Preview:
    """Store a preview without its rows; its worker speaks the language of whoever asks."""
    preview.wanted = json.dumps({**wanted, "language": get_language()})
    preview.summary[KEY] = {"done": 0, "total": total}
    preview.save(force_insert=True)
    return preview


def work(preview_id: int) -> Preview | None:
    """Make this preview; None where there is nothing to make, or it cannot be.

    A refusal, and an error that nobody foresaw, are kept for the page to show.
    """
    begun = now()
    free = Preview.objects.to_make(begun).filter(pk=preview_id)
    if not free.update(making_at=begun):
        return None
    preview = Preview.objects.get(pk=preview_id)
    wanted = json.loads(preview.wanted)
    try:
        with override(wanted["language"]):
            return _made(preview, wanted)
    except Refused as refused:
        _fail(preview, verbatim("\n".join([refused.text, *refused.lines])))
    except Exception:
        log.exception("preview.internal_error", preview=preview_id)
        _fail(preview, say("preview.not_made"))
    return None


def is_unmade(preview: Preview) -> bool:
    """Whether it has no rows yet: a worker makes them, or could not."""
    return bool(preview.wanted or KEY in preview.summary)


def why_failed(preview: Preview) -> str:
    """Why it could not be made, in words; "" where it could, or may still be."""
    if preview.wanted or KEY not in preview.summary:
        return ""
    failed = preview.summary[KEY].get("failed")
    return str(of_json(failed) if failed else say("preview.not_made"))


def _made(preview: Preview, wanted: Mapping[str, Any]) -> Preview | None:
    choices = previews.choices_of(preview)
    skipped: list[LineError] = []
    if "csv" in wanted:
        data = base64.b64decode(wanted["csv"])
        found, skipped = previews.csv_candidates(choices, data, skip_bad=wanted["skip_bad"])
    else:
        found = _candidates(wanted, choices)
    tell = _report_progress(preview)
    return preview if previews.fill(preview, found, choices, skipped=skipped, tell=tell) else None


def _candidates(wanted: Mapping[str, Any], choices: Choices) -> list[Candidate]:
    """Of which accounts it shall be, numbered from 1."""
    if "again" in wanted:
        return previews.candidates_again(Preview.objects.get(pk=wanted["again"]), choices)
    passwords = dict(wanted["passwords"])
    found: list[Candidate] = []
    for asked in portions(wanted["accounts"], ASKED):
        accounts = Account.objects.filter(pk__in=asked)
        for one in previews.selected_candidates(accounts, choices, passwords):
            found.append(replace(one, number=len(found) + 1))
    return found


def _report_progress(preview: Preview) -> Callable[[int, int], None]:
    """A function that stores the progress, at most twice a second."""
    written = float("-inf")

    def heard(done: int, total: int) -> None:
        nonlocal written
        if time.monotonic() - written >= WRITE_EVERY:
            written = time.monotonic()
            told = {**preview.summary, KEY: {"done": done, "total": total}}
            at = Preview.objects.filter(pk=preview.pk).exclude(wanted="")
            at.update(making_at=now(), summary=told)

    return heard


def _fail(preview: Preview, why: Message) -> None:
    """Keep why it could not be made, and forget what was wanted."""
    told = {**preview.summary, KEY: {"failed": why.to_json()}}
    Preview.objects.filter(pk=preview.pk).exclude(wanted="").update(wanted="", summary=told)
