"""A transport that answers from memory, for what is above the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from xml.sax.saxutils import escape

from panels.coremanager.redaction import Redactor
from panels.http.answers import understand
from panels.http.row_stream import RowStream

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from panels.coremanager.documents import Document
    from panels.coremanager.listing import Listing, Row

T = TypeVar("T")


@dataclass
class Sent:
    """One call as it was made."""

    func: str
    params: dict[str, str]
    su: str | int | None
    devel: bool
    send_by: float | None = None
    secret: tuple[str, ...] = ()


@dataclass(eq=False)
class Canned:
    """Answers by function: text, or a function of the call. `sent` has every call in order."""

    answers: Mapping[str, str | Callable[[Sent], str]]
    username: str = "staff"
    sent: list[Sent] = field(default_factory=list)

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: str | int | None = None,
        devel: bool = False,
    ) -> Document:
        texts = {name: str(value) for name, value in (params or {}).items()}
        return self._answer(Sent(func, texts, su, devel))

    def read_rows(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        make: Callable[[Row], T],
        su: str | int | None = None,
    ) -> tuple[Listing, list[T]]:
        made: list[T] = []
        stream = RowStream(lambda row: made.append(make(row)), panel="bill", func=func)
        texts = {name: str(value) for name, value in (params or {}).items()}
        document = self._answer(Sent(func, texts, su, devel=False), stream)
        if stream.failure is not None:
            raise stream.failure
        return document.listing(), made

    def act(
        self,
        func: str,
        params: Mapping[str, str | int],
        *,
        send_by: float,
        su: str | int | None = None,
        secret: Collection[str] = (),
        devel: bool = False,
    ) -> Document:
        texts = {name: str(value) for name, value in params.items()}
        sent = Sent(func, texts, su, devel=devel, send_by=send_by, secret=tuple(sorted(secret)))
        return self._answer(sent)

    def _answer(self, call: Sent, stream: RowStream | None = None) -> Document:
        self.sent.append(call)
        missing = f'<doc><error type="missed" object="{call.func}"/></doc>'
        canned = self.answers.get(call.func, missing)
        body = canned if isinstance(canned, str) else canned(call)
        if not body.startswith("<doc"):
            body = f'<doc func="{call.func}">{body}</doc>'
        if stream is not None:
            stream.feed(body.encode())
        return understand(
            stream or body.encode(),
            200,
            panel="bill",
            func=call.func,
            effect=call.send_by is not None,
            leads_on=call.devel,
            redactor=Redactor(),
        )

    @property
    def effects(self) -> list[Sent]:
        """The calls that change the panel."""
        return [call for call in self.sent if call.send_by is not None]


def elem(**cells: object) -> str:
    """One row; a pair is a raw code with its label. `__` in a name stands for a dot."""
    text = ""
    for name, value in cells.items():
        tag = name.replace("__", ".")
        if isinstance(value, tuple):
            text += f'<{tag} orig="{value[0]}">{escape(str(value[1]))}</{tag}>'
        else:
            text += f"<{tag}>{escape(str(value))}</{tag}>"
    return f"<elem>{text}</elem>"


@dataclass
class Pages:
    """A list of numbered rows that knows pages and sorting, or pretends not to."""

    ids: list[int]
    most: int | None = None
    tells_total: bool = True
    knows_pages: bool = True
    sorts: bool = True
    tells_order: bool = True
    before_page: Callable[[int], None] = lambda _: None
    asked: list[dict[str, str]] = field(default_factory=list)
    repeat: int = 0

    def __call__(self, call: Sent) -> str:
        self.asked.append(call.params)
        number = int(call.params.get("p_num", "1"))
        self.before_page(number)
        falling = call.params.get("p_col", "").startswith("-") and self.sorts
        ids: Sequence[int] = sorted(self.ids, reverse=True) if falling else self.ids
        size = int(call.params.get("p_cnt", "10"))
        size = min(size, self.most) if self.most else size
        start = (number - 1) * size if self.knows_pages else 0
        shown = ids[max(0, start - self.repeat) : start + size] if self.knows_pages else ids
        rows = "".join(elem(id=key, name=f"n{key}") for key in shown)
        order = f"<p_sort>id</p_sort><p_order>{'desc' if falling else 'asc'}</p_order>"
        total = f"<p_elems>{len(self.ids)}</p_elems>" if self.tells_total else ""
        return f"{order if self.tells_order else ''}{rows}<p_cnt>{size}</p_cnt>{total}"
