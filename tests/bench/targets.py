"""The targets of design.md, section 10, and of how much each is to be measured."""

from __future__ import annotations

from typing import NamedTuple


class Target(NamedTuple):
    """What is measured and what it should be: at least or at most ``bound``.

    It is judged when it was measured of ``size`` (``of`` says of what) or more.
    """

    key: str
    text: str
    bound: float
    least: bool
    unit: str
    size: int
    of: str = "accounts"

    @property
    def said(self) -> str:
        """The bound, for people."""
        return f"{'≥' if self.least else '≤'} {self.bound:g} {self.unit}".strip()


SLOW = "100 ms, limit 8"
FAST = "20 ms, limit 32"

_LISTED = [
    Target("slow-script", f"accounts/s against the plain script, 3 plans, {SLOW}",
           2.0, True, "×", 1000),
    Target("busy-340", f"share of the limit kept busy after the canary, 340 on 2 plans, {SLOW}",
           0.90, True, "", 340),
    Target("busy-1000", f"share of the limit kept busy after the canary, 1,000 on 2 plans, {SLOW}",
           0.95, True, "", 1000),
    Target("fast-script", f"accounts/s against the plain script, 3 plans, {FAST}",
           1.0, True, "×", 1000),
    Target("fast-chain", f"accounts/s against a task per step, 3 plans, {FAST}",
           4.0, True, "×", 1000),
    Target("calls-balance", "panel calls a binding, paid from the balance", 4.8, False, "", 1000),
    Target("calls-credit", "panel calls a binding, credited first", 7, False, "", 1000),
    Target("cpu", "worker CPU a binding against the plain script's an account",
           1.0, False, "×", 1000),
    Target("manual-only", f"manual only, the longest of any cohort, {SLOW}",
           10, False, "s", 1000),
    Target("memory", "memory of two workers, beat and web at its highest",
           350, False, "MB", 10_000, "bindings"),
    Target("growth", "growth of that memory from 1,000 to 10,000 bindings",
           10, False, "%", 10_000, "bindings"),
    Target("accounts-filters", "Accounts page, filters and sorts, p95 of the slowest",
           50, False, "ms", 100_000),
    Target("accounts-late", "Accounts page, late pages, p95 of the slowest",
           50, False, "ms", 100_000),
    Target("accounts-searches", "Accounts page, searches, p95 of the slowest",
           50, False, "ms", 100_000),
    Target("run-page", "Run page, p95 of the slowest", 60, False, "ms", 10_000, "bindings"),
    Target("quiet-poll", "a poll that finds nothing new, p95 of the slowest",
           8, False, "ms", 10_000, "bindings"),
    Target("polling", "100 people who poll every 2 s: of a core",
           50, False, "%", 10_000, "bindings"),
    Target("discovery", "discovery of 20 servers, 20 ms", 60, False, "s", 100_000),
    Target("matching", "matching all that were discovered", 10, False, "s", 100_000),
    Target("preview", "a worker's preview of 10,000 of them", 60, False, "s", 10_000),
]  # fmt: skip
"""In the order of the table of design.md, section 10."""
_BESIDES = [
    Target("wrong", "ready for the wrong client, accounts as found in the field",
           0, False, "", 5000),
    Target("offered", "offered though a service already, the same accounts", 0, False, "", 5000),
    Target("ready", "ready of what can be decided, the same accounts", 90, True, "%", 5000),
    Target("matching-services", "matching all, half of them services once, half as many clients",
           20, False, "s", 100_000),
    Target("drift", "finding what is bound and has drifted, the same accounts",
           20, False, "s", 100_000),
]  # fmt: skip
"""What is measured as well."""

LISTED = tuple(target.key for target in _LISTED)
TARGETS = {target.key: target for target in [*_LISTED, *_BESIDES]}
