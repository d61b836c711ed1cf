"""Resolves the lines of a CSV file to the accounts, clients and plans that they name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integrator.core.errors import LineError
from integrator.core.numbers import row_id
from integrator.inventory.lookup import PanelNames, PlanNames
from integrator.matching.candidates import Candidate, named_accounts, obstacles
from integrator.matching.missing_clients import QUOTES, is_email
from integrator.messages.message import Message, of_json, say
from integrator.models import Client, ClientUser, Panel
from panels.normal_forms import stored_email

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from integrator.matching.candidates import AccountFacts
    from integrator.previews.csv.reader import Line


class _BadLineError(Exception):
    """One cell of a line names nothing, or more than one thing."""

    def __init__(self, column: str, text: Message, unknown_email: str = "") -> None:
        super().__init__(str(text))
        self.column = column
        self.text = text
        self.unknown_email = unknown_email


def resolve(
    lines: Sequence[Line],
    *,
    period: int,
    autoprolong: bool | None,
    today: dt.date,
    holder: int | None = None,
) -> tuple[list[Candidate], list[LineError]]:
    """A candidate for each line that is right, and everything that is wrong with the others.

    ``period`` and ``autoprolong`` hold for lines that do not say. An account that is bound,
    taken, unknown or named twice is an error: a file that was bound once is refused line by
    line when it is given again. ``holder``: a binding whose own account counts as free.
    """
    lookup = _Lookup(lines, today, holder)
    some_say = any(line.autoprolong is not None for line in lines)
    candidates: list[Candidate] = []
    errors: list[LineError] = []
    seen: dict[int, int] = {}
    for line in lines:
        wrong = list(lookup.errors(line, seen))
        if line.autoprolong is None and autoprolong is None and some_say:
            wrong.append(_BadLineError("autoprolong", say("csv.on_or_off")))
        errors += [
            LineError(line.number, bad.column, bad.text, unknown_email=bad.unknown_email)
            for bad in wrong
        ]
        if not wrong:
            candidates.append(lookup.candidate(line, period=period, autoprolong=autoprolong))
    return candidates, errors


class _Lookup:
    """Finds panels, accounts, clients and plans by the words of a file."""

    def __init__(self, lines: Sequence[Line], today: dt.date, holder: int | None = None) -> None:
        self._today = today
        self._holder = holder
        names = PanelNames(Panel.objects.all())
        self._servers = {word: names.find(word) for word in {line.server for line in lines}}
        wanted = {
            (panel.pk, line.username) for line in lines if (panel := self._servers[line.server])
        }
        self._accounts = named_accounts(wanted)
        self._plans = PlanNames.load()
        self._clients = dict(Client.objects.filter(gone_at=None).values_list("remote_id", "id"))
        self._users: dict[str, dict[int, int]] = {}
        users = ClientUser.objects.filter(gone_at=None, client__gone_at=None).exclude(email="")
        for email, client, user in users.order_by("-active", "remote_id").values_list(
            "email", "client_id", "remote_id"
        ):
            self._users.setdefault(stored_email(email), {}).setdefault(client, user)

    def errors(self, line: Line, seen: dict[int, int]) -> Iterator[_BadLineError]:
        """The errors of a line; ``seen``: account → the line that named it first."""
        try:
            account = self._account(line)
        except _BadLineError as bad:
            yield bad
        else:
            first = seen.setdefault(account.id, line.number)
            if first != line.number:
                yield _BadLineError("username", say("csv.account_twice", first=first))
            yield from _taken(account)
        for look in (self._client, self._plan, self._expires):
            try:
                look(line)
            except _BadLineError as bad:
                yield bad

    def candidate(self, line: Line, *, period: int, autoprolong: bool | None) -> Candidate:
        """The candidate that a line without errors means."""
        account = self._account(line)
        client, user = self._client(line)
        return Candidate(
            number=line.number,
            account=account,
            client=client,
            plan=self._plan(line),
            domain=line.domain or account.domain,
            period=line.period or period,
            autoprolong=autoprolong if line.autoprolong is None else line.autoprolong,
            su=user,
            email=stored_email(line.client) if user else "",
            expires=line.expires,
            password=line.password,
        )

    def _account(self, line: Line) -> AccountFacts:
        panel = self._servers[line.server]
        if panel is None:
            raise _BadLineError("server", say("csv.no_panel", word=line.server))
        if panel.kind != Panel.Kind.ISPMANAGER:
            raise _BadLineError("server", say("csv.no_ispmanager", name=panel.name))
        account = self._accounts.get((panel.pk, line.username))
        if account is None:
            text = say("csv.no_account", server=panel.name, username=line.username)
            raise _BadLineError("username", text)
        if account.taken is not None and account.taken[0] == self._holder:
            return replace(account, taken=None)
        return account

    def _client(self, line: Line) -> tuple[int, int | None]:
        """The client, and the user that the e-mail named (None where an id was given)."""
        word = line.client
        if word.isascii() and word.isdecimal():
            client = self._clients.get(row_id(word))
            if client is None:
                raise _BadLineError("client", say("csv.no_client", id=word))
            return client, None
        owners = self._users.get(stored_email(word), {})
        if not owners:
            raise _unknown_client(word)
        if len(owners) > 1:
            remote = Client.objects.filter(pk__in=owners).order_by("remote_id")
            ids = ", ".join(str(one.remote_id) for one in remote)
            raise _BadLineError("client", say("csv.several_clients", email=word, ids=ids))
        return next(iter(owners.items()))

    def _plan(self, line: Line) -> int:
        kept = self._plans.by_id.get(line.plan_id or 0)
        if kept is not None:
            return kept.pk
        found = self._plans.look(line.plan)
        if isinstance(found, Message):
            raise _BadLineError("plan", found)
        return found.pk

    def _expires(self, line: Line) -> None:
        if line.expires is not None and line.expires <= self._today:
            raise _BadLineError("expires", say("expires_past", date=line.expires))


def _unknown_client(word: str) -> _BadLineError:
    """Nobody has this e-mail; only what can be one is offered to be created."""
    if word.startswith(QUOTES):
        return _BadLineError("client", say("csv.quoted_email", email=word, sign=word[0]))
    text = say("csv.no_email", email=word)
    return _BadLineError("client", text, stored_email(word) if is_email(word) else "")


def _taken(account: AccountFacts) -> Iterator[_BadLineError]:
    """Why an account that is known can nevertheless not be bound."""
    for obstacle in obstacles(account):
        yield _BadLineError("username", of_json(obstacle))
