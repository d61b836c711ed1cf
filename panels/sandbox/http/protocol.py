"""A request to a panel and its answer, apart from any network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

XML_TYPE = "text/xml; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the panel's name, the parameters as sent (last one wins) and the caller."""

    panel: str
    params: Mapping[str, str] = field(repr=False)
    address: str = "127.0.0.1"

    @property
    def func(self) -> str:
        """The function that is called."""
        return self.params.get("func", "")


@dataclass(slots=True)
class Response:
    """The answer; ``reset`` means that the connection is reset instead, ``cut`` that it ends early.

    ``seconds`` is how long the answer is held back after the work was done.
    """

    body: bytes
    status: int = 200
    content_type: str = XML_TYPE
    reset: bool = False
    cut: bool = False
    seconds: float = 0.0


def parameters(*encoded: str) -> dict[str, str]:
    """Read form-encoded parameters from the query and the body; the last one of a name wins."""
    found: dict[str, str] = {}
    for text in encoded:
        if text:
            found.update(parse_qsl(text, keep_blank_values=True, max_num_fields=500))
    return found
