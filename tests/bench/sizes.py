"""Of how much each part measures: as much as the targets ask for, or less in less time."""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    """Accounts, unless said otherwise.

    ``runs``: of a run against the rivals. ``busy``: of each run on two plans. ``memory``: bindings
    of the two runs that are compared. ``listed``: on the Accounts page; ``bindings``: of the run on
    the Run page. ``field``: as found in the field. ``matched``: with services beside them.
    ``discovered``: on all servers; ``previewed``: of these.
    """

    runs: int
    busy: tuple[int, ...]
    memory: tuple[int, int]
    listed: int
    bindings: int
    field: int
    matched: int
    discovered: int
    previewed: int

    def capped(self, most: int) -> Sizes:
        """The same with nothing above ``most``; runs that have become equal are one."""
        busy = tuple(dict.fromkeys(min(one, most) for one in self.busy))
        small, large = self.memory
        rest = {
            name: min(value, most)
            for name, value in self._asdict().items()
            if isinstance(value, int)
        }
        memory = (max(1, min(small, most // 2)), min(large, most))
        return Sizes(**rest, busy=busy, memory=memory)


FULL = Sizes(
    runs=1000, busy=(340, 1000), memory=(1000, 10_000), listed=100_000, bindings=10_000,
    field=5000, matched=100_000, discovered=100_000, previewed=10_000,
)  # fmt: skip
"""As the targets say."""
QUICK = Sizes(
    runs=300, busy=(340,), memory=(100, 300), listed=100_000, bindings=10_000,
    field=5000, matched=100_000, discovered=10_000, previewed=1000,
)  # fmt: skip
"""Some minutes in all."""


def sizes(*, full: bool, most: int | None) -> Sizes:
    """The sizes that were asked for; ``most``: what nothing shall be larger than."""
    wanted = FULL if full else QUICK
    return wanted if most is None else wanted.capped(most)
