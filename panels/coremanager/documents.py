"""A panel's answer, parsed. Pure: no network, no entities, no DTD.

Tolerant of nodes that it does not know, strict about those that it needs. `out=xml` and
`out=devel` only.
"""

from __future__ import annotations

import threading
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lxml import etree

from panels.coremanager.answer_start import opening
from panels.coremanager.error_nodes import fault_of
from panels.coremanager.errors import AnswerTooLarge, UnexpectedAnswer
from panels.coremanager.fault import Fault
from panels.coremanager.forms import Button, Field, Form, Option, read_form
from panels.coremanager.listing import MAX_ROWS, Listing, Row, number
from panels.coremanager.redaction import Redactor
from panels.coremanager.toolbars import Toolbar, ToolButton, read_toolbar
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Button",
    "Document",
    "Fault",
    "Field",
    "Form",
    "Listing",
    "Option",
    "Row",
    "ToolButton",
    "Toolbar",
    "is_html",
    "parse",
]

PARSING: Mapping[str, Any] = MappingProxyType(
    {
        "encoding": "utf-8",  # panels speak UTF-8 only (ispmanager.md 1.1); no disguise by UTF-16
        "resolve_entities": False,
        "load_dtd": False,
        "dtd_validation": False,
        "no_network": True,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
        "collect_ids": False,
    }
)
"""How answers are parsed: nothing is fetched or expanded, and the parser's own limits hold."""
_OVER_LIMIT = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_NO_SECRETS = Redactor()
_local = threading.local()


class Document:
    """One answer that is well-formed XML with the root `doc`."""

    __slots__ = ("_root", "fault", "panel")

    def __init__(self, root: etree._Element, *, panel: str, redactor: Redactor) -> None:
        self._root = root
        self.panel = panel
        error = root.find("error")
        self.fault: Fault | None = None if error is None else fault_of(error, redactor)

    def __repr__(self) -> str:
        """Say what it is; the content may be secret."""
        state = "ok" if self.ok else "fault" if self.fault else "data"
        return f"Document({self.panel} {self.func} {state})"

    @property
    def func(self) -> str:
        """The function that answered, '' when absent; a form may name its first wizard step."""
        return self._root.get("func", "")

    @property
    def version(self) -> str | None:
        """The panel's version (`mgr@version` of whoami, billmanager.md 1.1); None when absent."""
        manager = self._root.find("mgr")
        version = None if manager is None else manager.get("version")
        if version:
            return version
        return next((t for t in map(self.text, ("version/billmgr", "version/core")) if t), None)

    @property
    def language(self) -> str:
        """The language of the answer's texts (`doc@lang`), '' when absent."""
        return self._root.get("lang", "")

    @property
    def ok(self) -> bool:
        """Whether the answer carries an `ok` node, empty or not."""
        return self._root.find("ok") is not None

    @property
    def ok_text(self) -> str:
        """The text of `ok`: the address of a next form or of a web page; '' when empty."""
        return self.text("ok")

    @property
    def id(self) -> str | None:
        """Id of a created object: `doc/id`, else the attribute `id` of `doc`; None when absent."""
        return self.text("id") or self._root.get("id") or None

    @property
    def texts(self) -> dict[str, str]:
        """Texts of the children of `doc` that have no children themselves; the first wins."""
        found: dict[str, str] = {}
        for child in self._root.iterchildren("*"):
            if not len(child):
                found.setdefault(str(child.tag), (child.text or "").strip())
        return found

    def has(self, path: str) -> bool:
        """Whether a node exists at this path below `doc`, for instance 'lineitem/id'."""
        return self._root.find(path) is not None

    def text(self, path: str) -> str:
        """Text at a path below `doc`; '' when it is empty or not there."""
        return (self._root.findtext(path) or "").strip()

    def attributes(self, path: str) -> Mapping[str, str]:
        """Attributes of the first node at a path below `doc`; empty when it is not there."""
        node = self._root.find(path)
        return {} if node is None else {str(name): str(value) for name, value in node.items()}

    def nodes(self, path: str) -> tuple[Row, ...]:
        """Give the nodes at a path below `doc`, each to be read like a row."""
        return tuple(self._row(node) for node in self._root.iterfind(path))

    def elements(self, path: str) -> Iterator[etree._Element]:
        """Give the raw nodes at a path below `doc`, where a row's view is not enough."""
        return self._root.iterfind(path)

    def listing(self) -> Listing:
        """Read the answer as a list. Raises `UnexpectedAnswer` for a form.

        An empty list has no `elem` at all (ispmanager.md 1.4); `metadata@type`, where there is
        metadata, distinguishes it from a form.
        """
        metadata = self._root.find("metadata")
        if metadata is not None and metadata.get("type") == "form":
            raise self.wrong(note("answer.is_form"))
        column, direction = self.text("p_sort"), self.text("p_order")
        rows = tuple(map(self._row, islice(self._root.iterchildren("elem"), MAX_ROWS + 1)))
        if len(rows) > MAX_ROWS:
            raise AnswerTooLarge(
                note("answer.rows", most=MAX_ROWS), panel=self.panel, func=self.func
            )
        return Listing(
            rows=rows,
            total=self._count("p_elems"),
            page=self._count("p_num") or 1,
            page_size=self._count("p_cnt"),
            key="" if metadata is None else metadata.get("key", ""),
            order=f"{'-' if direction == 'desc' else '+'}{column}" if column else "",
            toolbar=read_toolbar(self._root),
        )

    def form(self) -> Form:
        """Read the answer as a form. Raises `UnexpectedAnswer` for a list."""
        metadata = self._root.find("metadata")
        if metadata is not None and metadata.get("type") == "list":
            raise self.wrong(note("answer.is_list"))
        return read_form(self._root, func=self.func, lists=self._lists())

    def toolbar(self) -> Toolbar:
        """Give the toolbar of a list; empty but for out=devel."""
        return read_toolbar(self._root)

    def wrong(self, what: Note) -> UnexpectedAnswer:
        """Make the error which says that this answer is not what was asked for."""
        return UnexpectedAnswer(what, panel=self.panel, func=self.func)

    def _lists(self) -> dict[str, tuple[Row, ...]]:
        """Lists inside a form: `<list name="x"><elem>` or `<x><elem>` (billmanager.md 4.1, 5)."""
        found: dict[str, tuple[Row, ...]] = {}
        for child in self._root.iterchildren("*"):
            name = child.get("name", "") if child.tag == "list" else str(child.tag)
            if name and (child.tag == "list" or child.find("elem") is not None):
                found[name] = tuple(map(self._row, child.iterchildren("elem")))
        return found

    def _row(self, element: etree._Element) -> Row:
        return Row(element, panel=self.panel, func=self.func)

    def _count(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        count = number(text)
        if count is None:
            raise self.wrong(note("answer.no_number", name=name))
        return count


def parse(
    body: bytes, *, panel: str = "", func: str = "", redactor: Redactor = _NO_SECRETS
) -> Document:
    """Parse an answer; `UnexpectedAnswer` for all but well-formed XML with the root `doc`.

    A fault in the answer is no error here: it is in `Document.fault`, its texts redacted.
    """
    verdict = opening(body)
    if verdict != "doc":
        raise not_a_panel(verdict, empty=not body.strip(), panel=panel, func=func)
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        # The parser's words may quote the answer, and the answer may quote a secret.
        root, deep = None, too_deep(error)
    if root is None:
        raise not_xml(deep=deep, panel=panel, func=func)
    return Document(root, panel=panel, redactor=redactor)


def not_a_panel(verdict: str, *, empty: bool, panel: str, func: str) -> UnexpectedAnswer:
    """Make the error for an answer that does not begin as a panel's does."""
    what = note("answer.empty") if empty else note("answer.no_xml")
    if verdict == "html":
        what = note("answer.html")
    return UnexpectedAnswer(what, panel=panel, func=func, transient=empty)


def not_xml(*, deep: bool, panel: str, func: str) -> UnexpectedAnswer:
    """Make the error for XML that cannot be parsed."""
    if deep:
        return AnswerTooLarge(note("answer.too_deep"), panel=panel, func=func)
    # Most often it was cut off on its way, which another read may not meet.
    return UnexpectedAnswer(note("answer.broken"), panel=panel, func=func, transient=True)


def too_deep(error: Exception) -> bool:
    """Whether the parser gave up at one of its own limits: 256 levels, 10 MB of one text."""
    return bool(getattr(error, "code", None) == _OVER_LIMIT)


def is_html(body: bytes) -> bool:
    """Whether an answer is a web page: the login page or a proxy's error (ispmanager.md 1.4)."""
    return opening(body) == "html"


def _parser() -> etree.XMLParser:
    """Give this thread's parser: lxml locks a parser, so threads must not share one."""
    parser: etree.XMLParser | None = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.XMLParser(**PARSING)
    return parser
