"""Accounts that have a word in login, domain, e-mail or their client's name."""

from __future__ import annotations

from django.db.models import Q

from integrator.models import Account, Client, search_index

MAX_BY_ID = 2000
"""Accounts that could have the word and are looked at one by one; beyond that all are read."""
MAX_CLIENTS_BY_ID = 500
"""Clients found by a word that are named one by one; beyond that in a subquery."""


def having(word: str) -> Q:
    """What narrows accounts down to those that have the word."""
    own = Q(username__icontains=word) | Q(domain__icontains=word) | Q(email__icontains=word)
    likely = search_index.candidates(Account, word, most=MAX_BY_ID)
    if likely is not None:
        own = Q(
            pk__in=list(Account.objects.filter(own, pk__in=likely).values_list("pk", flat=True))
        )
    return own | _of_clients(word)


def clients_named(word: str) -> Q:
    """What narrows clients down to those with the word in their name.

    SQLite folds only Latin letters, hence the capitalised spelling beside any other one.
    """
    spellings = {word} if word.isascii() else {word, word.capitalize()}
    named = Q(*(Q(name__icontains=one) for one in spellings), _connector=Q.OR)
    likely = [search_index.candidates(Client, one, most=MAX_BY_ID) for one in spellings]
    if None not in likely:
        named &= Q(pk__in={pk for found in likely for pk in found or ()})
    return named


def _of_clients(word: str) -> Q:
    """What narrows accounts down to those of clients with the word in their name."""
    named = clients_named(word)
    clients = Client.objects.filter(named).values_list("pk", flat=True)
    # Looked up once where they are few: the list and its count would each do it again.
    few = list(clients[: MAX_CLIENTS_BY_ID + 1])
    return Q(client__in=few if len(few) <= MAX_CLIENTS_BY_ID else clients)
