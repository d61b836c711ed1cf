"""Recognises an upgrade of the panel by a refused function, and has its names learnt again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.coremanager.errors import FunctionMissing
from panels.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from panels.billmanager.context import Context
    from panels.coremanager.documents import Document
    from panels.http.row_stream import RowStream


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

    def perform(
        self,
        form: dict[str, str],
        send_by: float | None,
        secret: Collection[str] = (),
        begin: Callable[[], RowStream] | None = None,
    ) -> Document:
        """Make a call, see `Transport.perform`."""
        try:
            return self._inner.perform(form, send_by, secret, begin)
        except FunctionMissing as missing:
            context = self._context()
            if form["func"] in context.dialect.functions:
                missing.found_again = context.learn_again()
            raise
