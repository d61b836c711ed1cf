"""Tells what a refused function means: that the panel was upgraded and calls things otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from panels.errors import FunctionMissing
from panels.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from panels.billmanager.context import Context
    from panels.documents import Document
    from panels.listing import Listing, Row

T = TypeVar("T")


class Watched(Transport):
    """A transport's calls, for one client of the panel whose names may turn out to be old.

    A function that is missing has done nothing. Where it has its name from the dialect, the names
    are found again at once, and the error says whether they are others.
    """

    def __init__(self, inner: Transport, context: Callable[[], Context]) -> None:
        self._inner = inner
        self._context = context
        self._login = inner._login  # noqa: SLF001 - it is the same login on the same line
        self.endpoint = inner.endpoint
        self.monotonic = inner.monotonic

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        **how: Any,
    ) -> Document:
        """Call a list or a form, see `Transport.read`."""
        try:
            return self._inner.read(func, params, **how)
        except FunctionMissing as missing:
            self._find_again(func, missing)
            raise

    def read_rows(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        make: Callable[[Row], T],
        su: str | int | None = None,
    ) -> tuple[Listing, list[T]]:
        """Call a list and make something of each row, see `Transport.read_rows`."""
        try:
            return self._inner.read_rows(func, params, make=make, su=su)
        except FunctionMissing as missing:
            self._find_again(func, missing)
            raise

    def act(self, func: str, params: Mapping[str, str | int], **how: Any) -> Document:
        """Call something that changes the panel, see `Transport.act`."""
        try:
            return self._inner.act(func, params, **how)
        except FunctionMissing as missing:
            self._find_again(func, missing)
            raise

    def _find_again(self, func: str, missing: FunctionMissing) -> None:
        context = self._context()
        if func in context.dialect.functions:
            missing.found_again = context.learn_again()
