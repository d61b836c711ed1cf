"""Orders of the table of accounts, and the pages of each.

A list is put together of *groups* that follow each other: a sort by server is one group a server.
Each group is in an order that an index has, and groups before a page are counted, not read: to
sort a hundred thousand rows for one page takes longer than a person waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from integrator.models import Panel, Plan
from integrator.models.states import RowState
from integrator.web.accounts.filters import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from integrator.models import Account

BY_LOGIN = ("username", "id")


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that stand together.

    ``last``: they have no value, and stay last either way. ``value``: what they have in the
    column that COUNTED_BY names, so that all groups are counted by one question.
    """

    condition: Q
    order: tuple[str, ...] = BY_LOGIN
    last: bool = False
    value: object = None


@dataclass(frozen=True, slots=True)
class Sort:
    """What a list is sorted by, a key of SORTS, and which way."""

    key: str
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> Sort:
        """The sort that an address names (``client``, ``-client``); by login for anything else."""
        key = text.removeprefix("-")
        return cls(key, text.startswith("-")) if key in SORTS else cls("account")

    def __str__(self) -> str:
        return f"-{self.key}" if self.descending else self.key

    def turned(self) -> Sort:
        """The same the other way round."""
        return Sort(self.key, not self.descending)

    def groups(self) -> list[Group]:
        """The groups in the order in which they follow each other."""
        found = SORTS[self.key]()
        if not self.descending:
            return found
        kept = [group for group in found if not group.last]
        backwards = [
            replace(group, order=tuple(f"-{name}" for name in group.order))
            for group in reversed(kept)
        ]
        return backwards + [group for group in found if group.last]


def take(matching: QuerySet[Account], sort: Sort, start: int, most: int) -> list[int]:
    """The ids of at most so many of the accounts in this order, from this place on."""
    taken: list[int] = []
    groups = sort.groups()
    counts = _counts(matching, sort)
    if sort.key in COUNTED_BY:
        groups = [group for group in groups if group.value in counts]
    for group in groups:
        rows = matching.filter(group.condition)
        if start and group is not groups[-1]:
            count = counts.get(group.value) or rows.order_by().count()
            if start >= count:
                start -= count
                continue
        ids = rows.order_by(*group.order).values_list("pk", flat=True)
        taken += ids[start : start + most - len(taken)]
        start = 0
        if len(taken) >= most:
            break
    return taken


def _counts(matching: QuerySet[Account], sort: Sort) -> dict[object, int]:
    """How many each group has, by its value; {}: each is counted by itself."""
    if sort.key not in COUNTED_BY:
        return {}
    values = matching.order_by().values_list(COUNTED_BY[sort.key])
    return dict(values.annotate(number=Count("pk")))


def _by_login() -> list[Group]:
    return [Group(Q())]


def _by_domain() -> list[Group]:
    with_one = Group(~Q(domain=""), ("domain", *BY_LOGIN))
    return [with_one, Group(Q(domain=""), last=True)]


def _by_server() -> list[Group]:
    servers = _ids(Panel.objects.filter(kind="ispmanager"))
    return [Group(Q(panel=one), value=one) for one in servers]


def _by_plan() -> list[Group]:
    groups = [Group(Q(plan=one), value=one) for one in _ids(Plan.objects.all())]
    return [*groups, Group(Q(plan__isnull=True), last=True)]


def _by_client() -> list[Group]:
    """By the name of the client who is proposed or chosen; those found bound have none of ours."""
    with_one = Group(Q(client__isnull=False), ("client__name", "client_id", *BY_LOGIN))
    return [with_one, Group(Q(client__isnull=True), last=True)]


def _by_match() -> list[Group]:
    return [Group(Q(match_state=one), value=one) for one in RowState.values]


def _by_state() -> list[Group]:
    """What needs a person first, what is bound last."""
    return [Group(condition) for condition in _states()]


def _states() -> Iterator[Q]:
    yield STATES["attention"]
    yield STATES["moving"]
    for state in RowState.values:
        yield STATES["unbound"] & Q(match_state=state)
    yield STATES["cancelled"] & ~STATES["unbound"]
    yield STATES["bound"]


def _ids(rows: QuerySet[Panel] | QuerySet[Plan]) -> list[int]:
    return list(rows.order_by("name", "pk").values_list("pk", flat=True))


COUNTED_BY = {"server": "panel", "plan": "plan", "match": "match_state"}
SORTS: dict[str, Callable[[], list[Group]]] = {
    "account": _by_login,
    "server": _by_server,
    "domain": _by_domain,
    "client": _by_client,
    "plan": _by_plan,
    "match": _by_match,
    "state": _by_state,
}
