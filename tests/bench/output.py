"""What is told while it measures."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
