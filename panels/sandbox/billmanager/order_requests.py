"""Requests for an order."""

from __future__ import annotations

from typing import NamedTuple


class OrderRequest(NamedTuple):
    """A wanted order. ``origin``: *order* for the API, *stranger* for people of the sandbox."""

    client: int
    plan: int
    datacenter: int
    period: int
    domain: str
    remoteid: str = ""
    autoprolong: str = "null"
    origin: str = "order"
