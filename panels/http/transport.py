"""Calls of one login to one panel: reads, effects, and the sessions that they need.

Nothing is ever sent twice on a guess. There are two repetitions: after an answer which says that
the session is over, one login and the same request again (the panel did nothing); and a read whose
kept connection turned out to be closed.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from panels.coremanager.errors import (
    LoginRefused,
    PanelError,
    PanelUpdating,
    UnexpectedAnswer,
    Unreachable,
)
from panels.coremanager.redaction import Redactor, secrets_of
from panels.http import sessions
from panels.http.answer_limits import MAX_BYTES
from panels.http.answer_reader import AnswerReader
from panels.http.answers import WebPage
from panels.http.exchange import Exchange, form_of
from panels.http.row_stream import RowStream
from panels.http.sender import Sender
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import requests

    from panels.coremanager.documents import Document
    from panels.coremanager.listing import Listing, Row
    from panels.http.endpoint import Endpoint, Journal, Limiter, Login
    from panels.http.sessions import SessionIds

T = TypeVar("T")

_LONG_UPDATE = 600.0
"""Seconds after which a page that speaks of an update may be an odd login page after all."""


class Measured(NamedTuple):
    """The seconds that one call took, and by how many the panel's clock is ahead of ours.

    `ahead` is None when the answer carries no date; a date has whole seconds only.
    """

    seconds: float
    ahead: float | None


class Transport:
    """Sends calls of one login to one endpoint; to be shared by all threads of a process.

    `limiter` grants the slots of the panel's parallel limit, `journal` records every call.
    `connect_timeout` and `read_timeout` are seconds; `read_timeout` bounds the silence between two
    pieces of an answer, and twice as much the whole answer. `max_answer` is in bytes.
    `slot_timeout` is how long a call waits for a slot (default: `read_timeout`).
    `session_store` shares session ids; by default all transports of the process share one.
    `monotonic` is the clock of `send_by` and `wall` that of the journal; `mount` may mount another
    adapter (a simulation's) on each thread's `requests.Session`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        login: Login,
        *,
        limiter: Limiter,
        journal: Journal,
        connect_timeout: float = 3.05,
        read_timeout: float = 30.0,
        slot_timeout: float | None = None,
        max_answer: int = MAX_BYTES,
        session_store: SessionIds | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        mount: Callable[[requests.Session], None] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.monotonic = monotonic
        self._login = login
        self._max_answer = max_answer
        self._store = sessions.SHARED if session_store is None else session_store
        self._key: sessions.Key = (endpoint.url, login)
        self._sender = Sender(
            endpoint,
            limiter=limiter,
            journal=journal,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            slot_timeout=read_timeout if slot_timeout is None else slot_timeout,
            monotonic=monotonic,
            wall=wall,
            mount=mount,
        )
        self._updating_since: float | None = None
        self._session_redactor: tuple[str, Redactor] = ("", Redactor())

    def __repr__(self) -> str:
        """Name the panel and the login, nothing secret."""
        return f"Transport({self.endpoint.name}, {self.username})"

    @property
    def username(self) -> str:
        """The name that this transport logs in with."""
        return self._login.username

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: str | int | None = None,
        devel: bool = False,
    ) -> Document:
        """Call a list or a form; `devel` asks for metadata and toolbars too.

        `su` runs the call as a client's user (BILLmanager) or as an account (ispmanager).
        Raises `NotSent`, `Refused` or `UnexpectedAnswer`.
        """
        return self.perform(form_of(func, params or {}, su, devel=devel), None)

    def read_rows(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        make: Callable[[Row], T],
        su: str | int | None = None,
    ) -> tuple[Listing, list[T]]:
        """Call a list and make something of each row while the answer arrives.

        Gives the page without rows, and what was made of them. A row is gone once `make` has
        returned. Raises what `read` and what `make` raises.
        """
        streams: list[RowStream] = []
        made: list[T] = []

        def begin() -> RowStream:
            made.clear()  # the answer that the last one gave is answered anew, after a login
            take = lambda row: made.append(make(row))  # noqa: E731 - two words
            streams.append(RowStream(take, panel=self.endpoint.name, func=func))
            return streams[-1]

        answer = self.perform(form_of(func, params or {}, su, devel=False), None, begin=begin)
        failure = streams[-1].failure
        if failure is not None:
            raise failure
        return answer.listing(), made

    def act(
        self,
        func: str,
        params: Mapping[str, str | int],
        *,
        send_by: float,
        su: str | int | None = None,
        secret: Collection[str] = (),
        devel: bool = False,
    ) -> Document:
        """Call something that changes the panel; not sent after `send_by` (this process's clock).

        A form's caller puts `sok=ok` into `params`; a group action has none (ispmanager.md 1.3).
        `devel`: the answer may be another form. `secret` names what must never be seen either.
        Raises `NotSent`, `Refused` (read before trying again) or `OutcomeUnknown`.
        """
        return self.perform(form_of(func, params, su, devel=devel), send_by, secret)

    def measure(self) -> Measured:
        """Ask the panel who we are, for the time that it takes. Raises what a read raises."""
        self.read("whoami")
        exchange = self._sender.last
        ahead = None
        if exchange.dated:
            try:
                shown = parsedate_to_datetime(exchange.dated).timestamp()
            except (ValueError, OverflowError):
                shown = None
            if shown is not None:
                # The date is cut to a whole second, so that half of one is added on average.
                ahead = shown + 0.5 - (exchange.began + exchange.seconds / 2)
        return Measured(exchange.seconds, ahead)

    def try_login(self, login: Login) -> None:
        """Open a session as `login` and end it again; the transport's own session is not touched.

        Raises `LoginRefused` when the panel does not let it in, and what a read raises. That the
        session ends is not insisted on: it dies after an hour by itself.
        """
        session = self._log_in(login)
        form = form_of("session.delete", {"elid": session, "auth": session}, None, devel=False)
        try:
            self._sender.send(Exchange(form, Redactor((session,)), AnswerReader(self._max_answer)))
        except PanelError:
            # The journal has it. The question was whether the login works, and it does.
            return

    def close(self) -> None:
        """Close the kept connections of all threads; a later call connects afresh.

        To be called when no call is under way.
        """
        self._sender.close()

    def perform(
        self,
        form: dict[str, str],
        send_by: float | None,
        secret: Collection[str] = (),
        begin: Callable[[], RowStream] | None = None,
    ) -> Document:
        """Make the call of a `read` (`send_by` is None) or an `act`; others add to it here."""

        def send(session: str) -> Document:
            reader = AnswerReader(self._max_answer, None if begin is None else begin())
            return self._sender.send(self._signed(form, session, reader, send_by, secret))

        session = self._store.get(self._key)
        if session is None:
            session = self._renewed(None, send_by)
        try:
            answer = send(session)
        except (LoginRefused, WebPage):
            # The session is over and nothing was done.
            pass
        except PanelUpdating:
            if not self._updates_for_too_long():
                raise
        else:
            self._updating_since = None
            return answer
        return send(self._renewed(session, send_by))

    def _updates_for_too_long(self) -> bool:
        """Whether only pages about an update came for so long that a login is worth a try."""
        since, now = self._updating_since, self.monotonic()
        if since is None:
            self._updating_since = now
            return False
        return now - since > _LONG_UPDATE

    def _renewed(self, stale: str | None, send_by: float | None) -> str:
        """Give a session id that is not `stale`. Raises what a login raises.

        Before an effect what a login cannot make sense of is `Unreachable`: nothing was sent.
        """
        try:
            return self._store.renew(self._key, stale, self._own_login)
        except UnexpectedAnswer as error:
            if send_by is None:
                raise
            unclear = error
        text = note("login.unclear", why=unclear.message)
        raise Unreachable(text, panel=unclear.panel, func=unclear.func)

    def _signed(
        self,
        form: dict[str, str],
        session: str,
        reader: AnswerReader,
        send_by: float | None,
        secret: Collection[str],
    ) -> Exchange:
        known, redactor = self._session_redactor
        if known != session:
            redactor = Redactor((session,))
            self._session_redactor = (session, redactor)
        secrets = (*secrets_of(form), *(form[name] for name in secret if form.get(name)))
        if secrets:
            redactor = Redactor((session, *secrets))
        return Exchange({**form, "auth": session}, redactor, reader, send_by, frozenset(secret))

    def _own_login(self) -> str:
        return self._log_in(self._login)

    def _log_in(self, login: Login) -> str:
        """Open a session and give its id: `<auth id="SID">SID</auth>` (billmanager.md 1.2)."""
        params = {"username": login.username, "password": login.password}
        form = form_of("auth", params, None, devel=False)
        try:
            reader = AnswerReader(self._max_answer)
            answer = self._sender.send(Exchange(form, Redactor((login.password,)), reader))
        except LoginRefused as refusal:
            refusal.login = login.username
            raise
        session = answer.attributes("auth").get("id") or answer.text("auth")
        if not session:
            raise answer.wrong(note("answer.no_session"))
        return session
