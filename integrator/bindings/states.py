"""Which state of a binding may follow which. Pure; every change of one asks it first.

queued → running ⇄ waiting → done
queued, running, waiting → failed | cancelled; running, waiting → undecided.
failed, undecided, cancelled → queued on a person's word; undecided → waiting: it was adopted;
failed → cancelled with its run.
done → cancelled: a person has undone it, and its service is proven gone.
"""

from __future__ import annotations

from integrator.models.states import BindingState

_S = BindingState

ALLOWED: dict[BindingState, frozenset[BindingState]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.WAITING, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.WAITING, _S.QUEUED, _S.FAILED, _S.UNDECIDED, _S.CANCELLED}),
    _S.WAITING: frozenset(
        {_S.RUNNING, _S.WAITING, _S.QUEUED, _S.DONE, _S.FAILED, _S.UNDECIDED, _S.CANCELLED}
    ),
    _S.FAILED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.UNDECIDED: frozenset({_S.QUEUED, _S.WAITING}),
    _S.CANCELLED: frozenset({_S.QUEUED}),
    _S.DONE: frozenset({_S.CANCELLED}),
}


class ImpossibleChangeError(Exception):
    """The code asked for a change of state that is not in ``ALLOWED``: a programming error."""


def check(present: str, following: str) -> None:
    """Raise ImpossibleChangeError when ``following`` may not come after ``present``."""
    if BindingState(following) not in ALLOWED[BindingState(present)]:
        message = f"a binding cannot go from {present} to {following}"
        raise ImpossibleChangeError(message)
