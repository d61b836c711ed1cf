"""Fills the queue of `chain_app`: `python -m tests.bench.rivals.chain_fill ACCOUNTS`.

Prints the number of seconds since the epoch at which the first chain was sent.
"""

from __future__ import annotations

import sys
import time

from celery import chain

from tests.bench.rivals.chain import STEPS
from tests.bench.rivals.chain_app import step


def main(accounts: int) -> None:
    """Send a chain for each account."""
    began = time.time()
    for account in range(accounts):
        chain(*(step.si(account, number) for number in range(1, STEPS + 1))).apply_async()
    sys.stdout.write(f"{began}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
