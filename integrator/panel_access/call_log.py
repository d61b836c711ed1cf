"""The journal of calls to panels: each is stored, redacted, with what it was made for.

Calls are collected in memory and written together with the next change of the binding or window
they belong to. A crash may lose the last of them; what must not be lost are intents, and those
are committed before anything is sent.
"""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from integrator.core import clock
from integrator.messages import panel_errors
from integrator.models import Call
from integrator.panel_access.parallel import adaptive_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.http.endpoint import Call as SentCall


@dataclass(frozen=True, slots=True)
class About:
    """The purpose of calls; None where it does not apply."""

    run_id: int | None = None
    binding_id: int | None = None
    window_id: int | None = None
    step: int | None = None
    attempt: int | None = None
    pending: list[Call] = field(default_factory=list)


_about: ContextVar[About | None] = ContextVar("calls_are_about", default=None)


class DatabaseJournal:
    """A ``panels`` Journal that writes ``Call`` rows."""

    def record(self, call: SentCall) -> None:
        """Store one call; at once when it is made for nothing in particular, else see `flush`.

        What it shows of the panel's load sets the panel's pace.
        """
        adaptive_limit.observe(call)
        about = _about.get()
        row = _row(call, about or About())
        if about is None:
            row.save(force_insert=True)
        else:
            about.pending.append(row)


def _row(call: SentCall, about: About) -> Call:
    return Call(
        at=clock.now() - dt.timedelta(seconds=call.seconds),
        panel=call.panel,
        func=call.func,
        params=dict(call.params),
        effect=call.effect,
        outcome=call.outcome,
        seconds=round(call.seconds, 4),
        answer=call.answer,
        error=panel_errors.of_words(call.error),
        run_id=about.run_id,
        binding_id=about.binding_id,
        window_id=about.window_id,
        step=about.step,
        attempt=about.attempt,
    )


@contextmanager
def about(
    *,
    run_id: int | None = None,
    binding_id: int | None = None,
    window_id: int | None = None,
    step: int | None = None,
    attempt: int | None = None,
) -> Iterator[None]:
    """Store calls made inside as made for this; what is still unwritten is written at the end.

    Inside of another one they are written with that one's.
    """
    outer = _about.get()
    pending = outer.pending if outer is not None else []
    token = _about.set(About(run_id, binding_id, window_id, step, attempt, pending))
    try:
        yield
    finally:
        try:
            if outer is None:
                flush()
        finally:
            _about.reset(token)


def at_step(step: int, attempt: int) -> None:
    """Count calls from here on, inside the same ``about``, to this step and attempt."""
    present = _about.get()
    if present is not None:
        _about.set(replace(present, step=step, attempt=attempt))


def flush() -> None:
    """Write the calls collected so far; called inside the transaction that settles them."""
    present = _about.get()
    if present is not None and present.pending:
        written = list(present.pending)
        Call.objects.bulk_create(written)
        del present.pending[: len(written)]  # other threads may have added to it meanwhile
