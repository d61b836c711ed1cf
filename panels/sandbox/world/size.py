"""The size of a world."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """The size of a world.

    ``balance`` is what each client has, in minor units; ``odd`` is the share of accounts, in per
    cent, that are not as they should be (:mod:`.oddities`). ``field``: accounts and
    clients are as one finds them in the field (:mod:`panels.sandbox.world.field`); so many of these
    clients in a hundred have the name of another (``namesakes``).
    """

    accounts: int = 100
    clients: int = 0
    plans: int = 3
    seed: int = 1
    balance: int = 1_000_000
    odd: int = 0
    field: bool = False
    namesakes: int = 5
