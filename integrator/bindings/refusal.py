"""What a person is told when what was asked for cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ActionRefused(Exception):  # noqa: N818 - named after what happened, as panels.coremanager.errors
    """What was asked for cannot be done; nothing was changed. ``lines``: one for each row."""

    def __init__(self, text: str, lines: Sequence[str] = ()) -> None:
        self.text = text
        self.lines = list(lines)
        super().__init__("\n".join([text, *self.lines]))
