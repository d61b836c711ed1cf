"""Dialects: files of panels that were made up or reported, and a generator of any number more."""

from __future__ import annotations

from panels.sandbox.dialect import Dialect, DialectError, load
from panels.sandbox.dialects.drawn_dialect import draw

DRAWN = "drawn:"


def named(name: str) -> Dialect:
    """Give a dialect by the name or path of its file, or by ``drawn:SEED``."""
    if not name.startswith(DRAWN):
        return load(name)
    seed = name.removeprefix(DRAWN)
    if not seed.isascii() or not seed.isdigit():
        msg = f"dialect {name}: a seed is a whole number"
        raise DialectError(msg)
    return draw(int(seed)).dialect
