"""Creates clients in BILLmanager on a person's word: looked up first, never twice, told nothing.

The intent is the lock: one unsettled intent per e-mail. What is unknown is looked up again, and
counts as not having happened only when the e-mail is in no list after the settle time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string

from integrator.bindings import causes, intents, transitions
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Client, ClientUser, Event, Intent, NewClient
from integrator.models.states import Outcome
from integrator.panel_access import call_log, panel_connections
from integrator.runs import pauses
from panels.coremanager.errors import PanelError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.billmanager import BillManager
    from panels.billmanager import ClientUser as FoundUser

log = structlog.get_logger(__name__)

KIND = intents.CREATE_CLIENT
STEP = 0
"""Before the eight."""
PASSWORD_LENGTH = 24
SHOWS_AFTER = dt.timedelta(seconds=2)
MAX_WAKES = 50


def ask(people: Iterable[tuple[str, str]], country: str, project: str, actor: str) -> list[int]:
    """Have a client created for each (e-mail, name); ids of the rows.

    One that was asked for before is tried again only when it failed.
    """
    now = clock.now()
    asked = []
    with transaction.atomic():
        for email, name in people:
            row, is_new = NewClient.objects.get_or_create(
                email=email.strip().lower(),
                defaults={
                    "name": name, "country": country, "project": project, "asked_by": actor,
                    "asked_at": now, "due_at": now,
                },
            )  # fmt: skip
            if not is_new and row.state == NewClient.State.FAILED:
                NewClient.objects.filter(pk=row.pk, state=NewClient.State.FAILED).update(
                    state=NewClient.State.QUEUED, cause=NOTHING, attempts=0, due_at=now,
                    country=country, project=project, asked_by=actor, asked_at=now,
                )  # fmt: skip
            elif not is_new:
                continue
            asked.append(row.pk)
            _event(row, actor, NewClient.State.QUEUED, say("client.asked"))
            wake_ups.wake("new_client", row.pk)
    return asked


def wake_due() -> int:
    """Wake workers for those that are due; how many."""
    due = NewClient.objects.filter(state=NewClient.State.QUEUED, due_at__lte=clock.now())
    waiting = due.order_by("due_at").values_list("pk", flat=True)
    for row in waiting[:MAX_WAKES]:
        wake_ups.wake("new_client", row)
    return len(waiting)


def work(row_id: int) -> bool:
    """Go on with one; True: nothing is left to do for it."""
    now = clock.now()
    lease = now + dt.timedelta(seconds=settings.LEASE_SECONDS)
    claimed = NewClient.objects.filter(
        pk=row_id, state=NewClient.State.QUEUED, due_at__lte=now
    ).update(due_at=lease)
    row = NewClient.objects.filter(pk=row_id).first()
    if not claimed or row is None:
        return row is not None and row.state != NewClient.State.QUEUED
    try:
        with call_log.about(step=STEP, attempt=row.attempts + 1):
            return _work(row, panel_connections.billmanager())
    except PanelError as error:
        return _after_error(row, error)


def _work(row: NewClient, bm: BillManager) -> bool:
    made = intents.last(
        list(Intent.objects.filter(kind=KIND, marker=row.email).order_by("id")), KIND
    )
    if _is_there(row, bm, made):
        return True
    if made is not None and intents.unsettled(made):
        if clock.now() < intents.may_show_until(made):
            return _later(row, intents.next_look(made))
        intents.settle(made, Outcome.NOTHING, why=intents.NOT_SEEN)
    return _create(row, bm)


@dataclass(frozen=True, slots=True)
class CreateClient:
    """Makes a client with one user, whom nobody tells the password."""

    kind: ClassVar = KIND
    number: ClassVar = STEP

    bm: BillManager
    row: NewClient
    password: str = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Whom, without the password."""
        row = self.row
        return {"email": row.email, "country": row.country, "project": row.project}

    def before(self) -> dict[str, Any]:
        """Nothing: the e-mail tells."""
        return {}

    def apply(self, send_by: float) -> int | None:
        """Make it; its id, None where the panel does not tell. Raises what ``panels`` raises."""
        row = self.row
        return self.bm.clients.create(
            row.email, row.name, self.password, row.country, row.project, send_by=send_by
        )


def _create(row: NewClient, bm: BillManager) -> bool:
    effect = CreateClient(bm, row, get_random_string(PASSWORD_LENGTH))
    intent = intents.new(effect, row.attempts + 1, marker=row.email)
    try:
        with transaction.atomic():
            intent.save(force_insert=True)
    except IntegrityError:
        return _later(row, clock.now() + SHOWS_AFTER)  # somebody else is making it
    if _is_there(row, bm, None):
        intents.settle(intent, Outcome.NOTHING, why=say("effect.made_before"))
        return True
    sent = intents.carry_out(intent, effect)
    intents.settle_sent(sent)
    if sent.outcome == Outcome.UNKNOWN:
        return _later(row, intents.next_look(intent))
    if sent.error is not None:
        raise sent.error
    return _is_there(row, bm, intent) or _later(row, clock.now() + SHOWS_AFTER)


def _is_there(row: NewClient, bm: BillManager, made: Intent | None) -> bool:
    """Whether a client has the e-mail; it then stands in our mirrors, and the row is done."""
    users = bm.clients.with_email(row.email)
    owners = {user.client_id or 0 for user in users}
    if len(owners) > 1:
        ids = ", ".join(map(str, sorted(owners)))
        _end(row, NewClient.State.FAILED, say("client.several", clients=ids))
        return True
    if not users:
        return False
    if made is not None and intents.unsettled(made):
        intents.settle(made, Outcome.DONE, why=say("effect.read_back"))
    client = _mirror(bm, users)
    ours = Intent.objects.filter(kind=KIND, marker=row.email, outcome=Outcome.DONE).exists()
    why = say("client.created") if ours else say("client.was_there")
    _end(row, NewClient.State.DONE, why, client=client, made=ours)
    return True


def _mirror(bm: BillManager, users: list[FoundUser]) -> Client:
    number, now = users[0].client_id or 0, clock.now()
    found = bm.clients.one(number)
    with transaction.atomic():
        client, _new = Client.objects.update_or_create(
            remote_id=number,
            defaults={
                "name": (found.name if found else users[0].name)[:255],
                "balance": found.balance if found else None,
                "currency": (found.currency or "") if found else "",
                "status": (found.status if found else "")[:32],
                "project": (found.project if found else "")[:128],
                "seen_at": now, "gone_at": None,
            },
        )  # fmt: skip
        for user in users:
            ClientUser.objects.update_or_create(
                remote_id=user.id,
                defaults={
                    "client": client, "email": user.email.strip().lower()[:254],
                    "name": user.name[:255], "active": user.active, "seen_at": now,
                    "gone_at": None,
                },
            )  # fmt: skip
    return client


def _after_error(row: NewClient, error: PanelError) -> bool:
    pauses.stop_panel(error)
    attempts = row.attempts + 1
    passing = causes.of_error(error).passing and not isinstance(error, Refused)
    if not passing or attempts >= settings.MAX_ATTEMPTS:
        _end(row, NewClient.State.FAILED, panel_errors.of_error(error), attempts=attempts)
        return True
    row.attempts = attempts
    row.cause = panel_errors.of_error(error)
    row.save(update_fields=["attempts", "cause"])
    return _later(row, clock.now() + transitions.backoff(attempts - 1))


def _later(row: NewClient, at: dt.datetime) -> bool:
    NewClient.objects.filter(pk=row.pk, state=NewClient.State.QUEUED).update(due_at=at)
    wake_ups.wake_in("new_client", row.pk, (at - clock.now()).total_seconds())
    return False


def _end(row: NewClient, state: NewClient.State, why: Message, **fields: object) -> None:
    cause = NOTHING if state == NewClient.State.DONE else why
    with transaction.atomic():
        changed = NewClient.objects.filter(pk=row.pk, state=NewClient.State.QUEUED).update(
            state=state, cause=cause, due_at=None, **fields
        )
        if changed:
            _event(row, transitions.PRODUCT, state, why)
        call_log.flush()
    if state == NewClient.State.FAILED:
        log.warning("new_client.failed", row=row.pk, why=why.english)


def _event(row: NewClient, actor: str, state: str, why: Message) -> None:
    text = say("client.state", email=row.email, what=why)
    Event.objects.create(at=clock.now(), actor=actor, subject="client", to_state=state, why=text)
