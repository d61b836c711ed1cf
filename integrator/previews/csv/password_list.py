"""A pasted list of passwords for chosen accounts: one ``username password`` a line."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from integrator.core.errors import LineError, Refused
from integrator.messages.message import NOTHING, say
from panels.normal_forms import login_key, name_key

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.messages.message import Message
    from integrator.models import Account

_LINE = re.compile(
    r"\s*(?:(?P<server>[^\s/;,:]+)/)?(?P<username>[^\s/;,:]+)[\t ;,:](?P<password>.+)"
)
"""The first separator ends the username; whatever follows it is the password, as it stands."""


def read(text: str, accounts: QuerySet[Account]) -> dict[int, str]:
    """Account id → password, for those of ``accounts`` that the list names.

    An account whose username lives on several of the chosen servers is named ``server/username``.
    Empty lines are passed over. Raises Refused with every line that cannot be taken; no
    message repeats what stands after the username.
    """
    known: dict[str, list[tuple[int, str]]] = defaultdict(list)
    folded: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for pk, username, server in accounts.values_list("id", "username", "panel__name"):
        known[username].append((pk, server))
        folded[login_key(username)].append((pk, server))
    found: dict[int, str] = {}
    errors = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            errors.append(LineError(number, "", say("csv.password_line")))
            continue
        wanted, server = name_key(match["username"]), match["server"]
        found_as = known.get(wanted) or folded.get(login_key(wanted), [])
        ids = [pk for pk, name in found_as if server in {None, name}]
        problem = _problem(ids, wanted, found)
        if problem:
            errors.append(LineError(number, "username", problem))
        else:
            found[ids[0]] = match["password"]
    if errors:
        raise Refused(str(say("csv.passwords_refused")), [str(error) for error in errors])
    return found


def _problem(ids: list[int], username: str, found: dict[int, str]) -> Message:
    """Why a line cannot be taken; empty when it can."""
    if not ids:
        return say("csv.not_chosen", username=username)
    if len(ids) > 1:
        return say("csv.several_servers", username=username)
    if ids[0] in found:
        return say("csv.listed_twice", username=username)
    return NOTHING
