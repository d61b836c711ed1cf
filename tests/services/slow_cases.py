"""Which cases of a test are tried each time, and which by `make test-slow` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


def first_of(cases: Sequence[Any], *, count: int = 1) -> list[Any]:
    """These cases for `parametrize`; all but the first `count` are slow."""
    rest = [pytest.param(case, marks=pytest.mark.slow) for case in cases[count:]]
    return [*cases[:count], *rest]
