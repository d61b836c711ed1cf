"""What a client can pay from: its balance, what it may owe, and a debt that a person accepted.

Fresh money pays a debt first, whatever it was meant for; a post-paid client, or one with a credit
limit, orders on a balance below zero, which is no debt then (billmanager.md 5.2).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.models import Binding, Client

_DEBT = "debt"
ZERO = Decimal(0)


def debt(client: Client, balance: Decimal) -> Decimal:
    """What of this balance the client owes beyond what it may; zero when it owes nothing so."""
    may_owe = client.may_owe
    return ZERO if may_owe is None else max(-(balance + may_owe), ZERO)


def free(client: Client, balance: Decimal, promised: Decimal) -> Decimal | None:
    """What an order of this client can be paid from; None: whatever it costs (post-paid).

    ``promised``: what of the balance others count on. Below zero it is the client's debt, which
    whatever is credited has to cover too; what is promised makes no debt.
    """
    may_owe = client.may_owe
    if may_owe is None:
        return None
    return max(balance + may_owe - promised, -debt(client, balance))


def debt_word(client: int, amount: Decimal) -> str:
    """A person's word that this client (remote id) owes so much and is credited all the same."""
    return f"{_DEBT}:{client}:{amount:.2f}"


def accepted(words: Iterable[str], client: int) -> Decimal:
    """The largest debt of this client (remote id) that somebody accepted; zero: none."""
    return max((amount for word in words if (amount := _amount(word, client)) > 0), default=ZERO)


def accepted_debt(binding: Binding) -> Decimal:
    """The debt of the binding's client that was accepted in its preview; zero: none.

    A larger one needs a person again.
    """
    rows = binding.run.preview.rows.filter(number=binding.number).values_list("words", flat=True)
    return accepted((word for words in rows for word in words), binding.client.remote_id)


def _amount(word: str, client: int) -> Decimal:
    kind, _, about = word.partition(":")
    number, _, amount = about.partition(":")
    if kind != _DEBT or number != str(client):
        return ZERO
    try:
        return Decimal(amount)
    except InvalidOperation:
        return ZERO
