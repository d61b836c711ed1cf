"""Mutations: corrections of the product that are taken out, each to be noticed by some seed.

``python -m tests.simulation 1 --without horizon`` plays a seed under that mutation. A mutation
that no seed fails under shows that the simulation does not watch the correction.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.conf import settings

from integrator.bindings import intents
from integrator.bindings.work import (
    added_credit,
    order_and_payment,
    repeated_orders,
    side_by_side,
    worker_deaths,
)
from integrator.bindings.work.side_by_side import Asked
from integrator.core import clock
from integrator.panel_access import reachability
from integrator.previews.checks import sites
from integrator.runs import circuit_breaker
from integrator.steps import payment_means
from integrator.windows.recognition import form_marks, order_recognition
from integrator.windows.switching import sent_switches
from panels.billmanager.context import Context
from panels.billmanager.dialect import markers
from panels.billmanager.dialect.codes import MARKERS
from panels.billmanager.discovery import plan_modules
from panels.coremanager.error_nodes import refusal
from panels.coremanager.errors import Busy, OutcomeUnknown, Refused
from panels.http import answer_reader, answers, sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from integrator.bindings.work.side_by_side import Work
    from panels.http.row_stream import RowStream

Patches = list[AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One correction and how it is taken out. ``seeds``: one of these at least fails then.

    Several, since any change of the product makes each seed another story.
    """

    about: str
    seeds: tuple[int, ...]
    out: Callable[[], Patches]


def _soon(_kind: str, *, answered: bool) -> dt.timedelta:
    del answered
    return dt.timedelta(seconds=settings.SETTLE_SECONDS)


def _no_look(*_: object, **__: object) -> Work[bool]:
    yield from ()
    return True


def _no_end(*_: object, **__: object) -> dt.datetime:
    return clock.now() + dt.timedelta(hours=1)


def _refused_when_locked(*args: Any, **kwargs: Any) -> Any:
    try:
        return answers.understand(*args, **kwargs)
    except OutcomeUnknown as unknown:
        fault = unknown.fault
        refused = fault and refusal(fault, panel=kwargs["panel"], func=kwargs["func"])
        if fault is not None and isinstance(refused, Busy):
            raise Refused(fault, panel=kwargs["panel"], func=kwargs["func"]) from unknown
        raise


def _sent_first(
    write: Callable[..., list[Any]],
    asked: Sequence[tuple[Any, Asked]],
    under_way: dict[Future[Any], Any],
) -> list[Any]:
    made = {member: member.submit(more.call) for member, more in asked if more.call is not None}
    ready = []
    for member, answer, error in write([(m, Asked(more.writes)) for m, more in asked], under_way):
        if error is None and member in made:
            under_way[made[member]] = member
        else:
            ready.append((member, answer, error))
    return ready


_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_QUADRATIC = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>)?(?:\s|<!--.*?-->)*+<doc", re.DOTALL)


_ENOUGH = 30_000
"""So many bytes of white space take it ten seconds; a whole answer would take minutes."""


def _slow_to_understand(body: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(body, bytes):
        _QUADRATIC.match(body[:_ENOUGH])
    return answers.understand(body, *args, **kwargs)


def _by_name(samples: Any, _columns: Any) -> markers.Inferred:
    names = {name for sample in samples for row in sample.rows for name in row}
    known = [name for name in MARKERS if name in names]
    return markers.Inferred(markers.Marker(known[0] if known else ""), "by its name", sure=True)


def _without_caps() -> Patches:
    reader = answer_reader.AnswerReader
    real = reader.__init__

    def without_any(
        self: answer_reader.AnswerReader, _most: int = 0, stream: RowStream | None = None
    ) -> None:
        real(self, 10**12, stream)

    names = ("MAX_TAGS", "MAX_ATTRIBUTES")
    counted = [mock.patch.object(answer_reader, name, 10**12) for name in names]
    return [*counted, mock.patch.object(reader, "__init__", without_any)]


MUTATIONS = {
    "horizon": Mutation(
        "a money call that was not answered counts as absent after the settle time",
        (1, 21, 61, 101, 121, 141, 161),
        lambda: [
            mock.patch.object(intents, "_absent_after", _soon),
            mock.patch.object(repeated_orders, "may_order", _no_look),
        ],
    ),
    "locked": Mutation(
        "“locked, try later” in answer to an effect is a refusal",
        (121, 21, 1, 61, 101, 141, 161),
        lambda: [
            mock.patch.object(sender, "understand", _refused_when_locked),
            mock.patch.object(repeated_orders, "may_order", _no_look),
        ],
    ),
    "sent first": Mutation(
        "what several works declare is committed after it was sent",
        (63,),
        lambda: [
            mock.patch.object(side_by_side, "_write", partial(_sent_first, side_by_side._write))
        ],
    ),
    "last look": Mutation(
        "the plan is not looked at again before an order",
        (10, 50, 70),
        lambda: [mock.patch.object(order_and_payment, "_manual_only_until", _no_end)],
    ),
    "unmarked": Mutation(
        "what nothing tells to be ours counts before ours must be listed beside it",
        (142, 222, 342),
        lambda: [
            mock.patch.object(order_recognition, "_longest", return_value=0.0),
            mock.patch.object(form_marks, "_may_tell", return_value=False),
        ],
    ),
    "promised": Mutation(
        "what was credited for one may pay for another",
        (94, 194),
        lambda: [mock.patch.object(added_credit, "_promised", return_value=payment_means.ZERO)],
    ),
    "sites": Mutation(
        "a domain is compared with nothing",
        (11, 13),
        lambda: [
            mock.patch.object(sites.Sites, "blocks", return_value=()),
            mock.patch.object(sites.Sites, "question", return_value=None),
        ],
    ),
    "debt": Mutation(
        "a debt is nobody's question",
        (28, 32),
        lambda: [mock.patch.object(payment_means, "debt", return_value=payment_means.ZERO)],
    ),
    "marker": Mutation(
        "what is on for a plan is read from the column with a known name",
        (11,),
        lambda: [mock.patch.object(plan_modules, "infer", _by_name)],
    ),
    "twice": Mutation(
        "a switch that never shows is sent without end",
        (11,),
        lambda: [mock.patch.object(sent_switches, "MAX_TRIES", 10**6)],
    ),
    "upgrade": Mutation(
        "names that do not hold any more are not found again",
        (155, 175, 475),
        lambda: [mock.patch.object(Context, "learn_again", return_value=False)],
    ),
    "canary": Mutation(
        "a canary that stops goes unheeded, and so does what no retry cures",
        (560, 346, 236, 268, 718),
        lambda: [
            mock.patch.object(circuit_breaker, "_stop_at_canary"),
            mock.patch.object(circuit_breaker, "INCURABLE", frozenset()),
        ],
    ),
    "deaths": Mutation(
        "who takes up what killed others dies as well",
        (4, 24, 44, 64),
        lambda: [mock.patch.object(worker_deaths, "most", return_value=10**6)],
    ),
    "frees": Mutation(
        "an order that is never seen keeps its plan for ever",
        (19, 39, 59, 79),
        lambda: [
            mock.patch.object(intents, "takes_effect_until", return_value=_NEVER),
        ],
    ),
    "waits": Mutation(
        "what waits for a panel that is away fails",
        (6, 46),
        lambda: [mock.patch.object(reachability, "is_transient", return_value=False)],
    ),
    "linear": Mutation(
        "an answer of white space takes quadratic time",
        (51, 56, 124, 135),
        lambda: [mock.patch.object(sender, "understand", _slow_to_understand)],
    ),
    "caps": Mutation(
        "an answer may have as much of everything as it likes", (51, 57, 78), _without_caps
    ),
}


@contextmanager
def without(name: str) -> Iterator[None]:
    """Apply this mutation while inside; "": none."""
    with ExitStack() as stack:
        for patch in MUTATIONS[name].out() if name else []:
            stack.enter_context(patch)
        yield
