"""What the processes hold in a small and in a large run, while somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import product
from tests.bench.measures import Measure
from tests.bench.parts.given import PLANS
from tests.bench.targets import TARGETS
from tests.bench.worlds.installation import FAST

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken


def measure(given: Given) -> Taken:
    """The most that was held in each run, and what the large one has more."""
    small, large = (
        product.measure(size, pace=FAST, plans=PLANS, database=given.database, watched=True)
        for size in given.sizes.memory
    )
    before, after = small.most_memory, large.most_memory
    sizes = f"{small.done:,} to {large.done:,} bindings"
    measures = [
        Measure(TARGETS["memory"], after, large.done, "somebody watches the Run page"),
        Measure(TARGETS["growth"], 100 * (after / before - 1), large.done,
                f"{before:.0f} to {after:.0f} MB, {sizes}"),
    ]  # fmt: skip
    return measures, {"runs": [small.as_json(), large.as_json()]}
