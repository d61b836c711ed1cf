"""Sentences that are stored in English, in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.functional import Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Told = tuple[re.Pattern[str], str | Promise]
"""A sentence that names something, and how it is told with the pattern's groups."""


def told(
    text: str,
    whole: Mapping[str, str | Promise],
    naming: Iterable[Told],
    part: Callable[[str, str], str],
) -> str | None:
    """The sentence in the reader's language; None: it is not known here.

    ``whole``: sentences that name nothing. ``part``: tells what a sentence names, by the name of
    its group.
    """
    if text in whole:
        return str(whole[text])
    for pattern, sentence in naming:
        found = pattern.fullmatch(text)
        if found:
            named = {name: part(name, one) for name, one in found.groupdict().items()}
            return str(sentence) % named
    return None
