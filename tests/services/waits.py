"""Waits for a condition, as long as the slowest machine needs."""

from __future__ import annotations

from functools import partial

from integrator.supervisor import folder

eventually = partial(folder.eventually, patience=60.0)
