"""The selection of a bulk action: the ticked accounts, or all that match a filter.

"All that match" is never a list from the browser: the same FilterSet runs again here, and its
count is compared with the one that the person saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict

from integrator.core.numbers import number, numbers
from integrator.models import Binding
from integrator.web.accounts.filters import STATES, AccountFilter, listed

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.models import Account


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen accounts and what can be done with them.

    ``expected``: how many the person was shown; None for ticked boxes. ``query``: the filter
    as a query string, for all that match. ``free`` can be bound; the other counts say why not.
    """

    accounts: QuerySet[Account]
    free: QuerySet[Account]
    query: str
    everything: bool
    total: int
    ready: int
    choose: int
    blocked: int
    taken: int
    bound: int
    expected: int | None

    @property
    def drifted(self) -> bool:
        """Whether other accounts match now than when the person decided."""
        return self.expected is not None and self.expected != self.total


def read(data: QueryDict) -> Selection:
    """The selection that a form describes; the database is asked only for counts."""
    everything = data.get("_all") == "1"
    query = data.get("query", "")
    if everything:
        chosen = AccountFilter(QueryDict(query), listed())
        # A filter that cannot be understood must not mean "all accounts".
        accounts = chosen.qs if chosen.is_valid() else listed().none()
    else:
        accounts = listed().filter(pk__in=numbers(data.getlist("account")))
    expected = number(data.get("expected_count", ""))
    return _split(
        accounts, query=query, everything=everything, expected=expected if everything else None
    )


def _split(
    accounts: QuerySet[Account], *, query: str, everything: bool, expected: int | None
) -> Selection:
    reserved = Binding.objects.filter(reserved=True).values("account_id")
    free = accounts.filter(STATES["unbound"]).exclude(pk__in=reserved)
    total, bound = accounts.count(), accounts.filter(STATES["bound"]).count()
    by_match = {
        state: free.filter(match_state=state).count() for state in ("ready", "choose", "blocked")
    }
    return Selection(
        accounts=accounts,
        free=free,
        query=query,
        everything=everything,
        total=total,
        **by_match,
        taken=total - bound - sum(by_match.values()),
        bound=bound,
        expected=expected,
    )
