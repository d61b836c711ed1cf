"""CSV downloads."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse

from integrator.previews.csv.writer import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

MARK = "\ufeff"
"""Without a byte order mark Excel takes UTF-8 for the machine's old code page."""


def csv_download(
    request: HttpRequest, rows: Iterable[Iterable[object]], name: str
) -> StreamingHttpResponse:
    """The rows as a CSV file of this name, written as they are read.

    With ``?excel=1`` as Excel opens it by a double click: semicolons and a byte order mark.
    """
    lines = written(rows)
    if request.GET.get("excel") == "1":
        lines = chain([MARK], written(rows, delimiter=";"))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
