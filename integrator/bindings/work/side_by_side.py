"""Works on several claimed bindings side by side.

The work on one binding is a generator. It asks for what is to be written and for a call to be made
after that; what several ask for at one moment is written in one transaction, and their calls are
under way together. So a slow call holds up nobody but its own binding, and a transaction is paid
for once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from integrator.bindings import intents
from integrator.bindings.work import writes
from integrator.bindings.work.writes import Declaration, Settlement, Writes
from integrator.panel_access.parallel import senders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.bindings.claims import HandBack
    from integrator.steps.effect import Effect

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a work waits for: ``writes`` are committed first, then ``call`` is made."""

    writes: Writes | None = None
    call: Callable[[], Any] | None = None


TOGETHER = 0.01
"""Seconds that an answer waits for others, so that what follows from them is written together."""
LOOK = 0.25
"""Seconds without an answer after which it is asked whether there is more to work on."""

Work = Generator[Asked, Any, T]
"""The work on one binding: what it asks for is answered with the call's result, or raises."""


def read(call: Callable[[], T]) -> Work[T]:
    """Make a call that changes nothing; its result. Raises what the call raises."""
    answer: T = yield Asked(call=call)
    return answer


def send(declaration: Declaration, effect: Effect[T]) -> Work[intents.Sent[T]]:
    """Commit the intent, then carry it out; the outcome, not yet written.

    Raises LeaseLostError and NotNowError, then nothing was sent.
    """
    sent: intents.Sent[T] = yield Asked(
        Writes(declared=declaration), lambda: intents.carry_out(declaration.intent, effect)
    )
    return sent


def settle(sent: intents.Sent[Any], handed_back: HandBack | None, **result: Any) -> Work[None]:
    """Commit the outcome of what was sent, and what follows from it: the end of the claim, if any.

    Raises LeaseLostError; then neither is written.
    """
    yield Asked(Writes(settled=(Settlement(sent, result),), handed_back=handed_back))


class _Member:
    """One work, with a context of its own: for what its calls are made."""

    def __init__(self, work: Work[None]) -> None:
        self._work = work
        self._context = copy_context()

    def go_on(self, answer: Any, error: BaseException | None) -> Asked | None:
        """Have it go on with what it asked for; None: it is at its end. Raises what it raises."""
        try:
            if error is not None:
                return self._context.run(self._work.throw, error)
            return self._context.run(self._work.send, answer)
        except StopIteration:
            return None

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Have this call of it made."""
        return self._context.run(senders.submit, call)

    def close(self) -> None:
        """End it where it is; nothing is done where it is at its end."""
        self._context.run(self._work.close)


_Ready = tuple[_Member, Any, BaseException | None]
"""A member that can go on, and the answer to what it asked for, or the error."""


More = Callable[[int], Iterable[Work[None]]]
"""Gives further works, told how many are not at their ends."""


def run(works: Iterable[Work[None]], more: More = lambda _under_way: ()) -> None:
    """Bring all of these to their ends, and what ``more`` adds while they are under way.

    ``more`` is asked again and again, until all are at their ends and it has no more, or one has
    failed. Raises what one of them raised, or ``more`` did, when all are through.
    """
    failures: list[Exception] = []
    under_way: dict[Future[Any], _Member] = {}
    ready: list[_Ready] = []
    with ExitStack() as members:

        def begin(begun: Iterable[Work[None]]) -> None:
            for work in begun:
                member = _Member(work)
                members.callback(member.close)
                ready.append((member, None, None))

        begin(works)
        while True:
            if not failures:
                begin(_more(more, len(ready) + len(under_way), failures))
            if not (ready or under_way):
                break
            ready = _write(_go_on(ready, failures), under_way) or _answers(under_way)
    if failures:
        raise failures[0]


def _more(more: More, under_way: int, failures: list[Exception]) -> Iterable[Work[None]]:
    """Further works; none where that fails, since what is under way is to come to its end."""
    try:
        return more(under_way)
    except Exception as failure:  # noqa: BLE001 - raised when the others are through
        failures.append(failure)
        return ()


def _go_on(ready: Iterable[_Ready], failures: list[Exception]) -> list[tuple[_Member, Asked]]:
    """Have these go on; what they ask for now. Who ends with an error does not end the others."""
    asked = []
    for member, answer, error in ready:
        try:
            more = member.go_on(answer, error)
        except Exception as failure:  # noqa: BLE001 - raised when the others are through
            failures.append(failure)
        else:
            if more is not None:
                asked.append((member, more))
    return asked


def _write(
    asked: Sequence[tuple[_Member, Asked]], under_way: dict[Future[Any], _Member]
) -> list[_Ready]:
    """Commit what these ask for, then have their calls made; who can go on at once."""
    refused = iter(writes.commit([more.writes for _member, more in asked if more.writes]))
    ready: list[_Ready] = []
    for member, more in asked:
        error = next(refused) if more.writes else None
        if error is not None or more.call is None:
            ready.append((member, None, error))
        else:
            under_way[member.submit(more.call)] = member
    return ready


def _answers(under_way: dict[Future[Any], _Member]) -> list[_Ready]:
    """Wait for answers; who can go on with theirs, no longer under way then; none: it took long."""
    ready: list[_Ready] = []
    if not wait(under_way, timeout=LOOK, return_when=FIRST_COMPLETED).done:
        return ready
    answered = wait(under_way, timeout=TOGETHER).done
    for done in [one for one in under_way if one in answered]:  # in the order they were sent
        error = done.exception()
        ready.append((under_way.pop(done), None if error else done.result(), error))
    return ready
