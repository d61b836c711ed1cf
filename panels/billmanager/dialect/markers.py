"""Markers: by what a row in a plan's list of modules shows whether the module is on.

That list was seen nowhere in public (billmanager.md 3.2, 13): it may show the module's own switch,
what is on for the plan, both, or neither. So nothing is concluded from a column's name. The marker
is the column whose values agree with what the list of plans says of the same plans, in
`processingmodules` (3.1: the titles of the attached modules).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from panels.billmanager.dialect.codes import MARKERS, OFF, ON
from panels.coremanager.errors import UnexpectedAnswer
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from panels.coremanager.listing import Row

LISTED = "listed"
ABSENT = "-"
EMPTY = "+"
GRAMMAR = (
    "plan_modules_marker is COLUMN, COLUMN=ON or COLUMN=ON/OFF, with commas between several codes,"
    f" {ABSENT} for no such cell and {EMPTY} for an empty one; or {LISTED}"
)
NOT_YET = note("marker.all_on")
"""Why no marker is known where none could be: the next window finds it out."""

_COLUMN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_SEPARATORS = re.compile(r"[,;\n]")
_MAX_CODES = 6
"""A column with more different values holds names and no state."""
_MIN_SAMPLES = 3
"""Among so many plans one may say otherwise: somebody is just switching it, or it is damaged."""
_OF_THE_MODULE = frozenset(
    {
        *("id", "name", "module", "intname", "itemtype", "orderpriority", "datacenter", "ipmgr"),
        *("datacenter_name", "datacentername", "department", "pusage", "balance_info", "note"),
    }
)
"""Columns that describe a module whatever plan it is on (billmanager.md 2.1, 2.4)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The column and codes by which a row shows that its module is on. As text, see `GRAMMAR`.

    `column` '' means that each row of the list is a module that is on. Without codes in `on` the
    cell is a property or a word: on where it is there, unless it says *off* in one of the panel's
    words. `off` None: every code that is not in `on` means off; else another code is an error.
    """

    column: str
    on: tuple[str, ...] = ()
    off: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """Write it as an administrator would."""
        if not self.column or not self.on:
            return self.column or LISTED
        told = f"{self.column}={','.join(self.on)}"
        return told if self.off is None else f"{told}/{','.join(self.off)}"

    def says(self, code: str) -> bool | None:
        """Whether a module with this code is on; None where the code was never seen."""
        if not self.on:
            return _word(code)
        if code in self.on:
            return True
        return False if self.off is None or code in self.off else None

    def is_on(self, row: Row) -> bool:
        """Whether this row's module is on. Raises `UnexpectedAnswer` for a code never seen."""
        if not self.column:
            return True
        code = code_of(row, self.column)
        found = self.says(code)
        if found is None:
            raise UnexpectedAnswer(note("marker.code", column=self.column, code=code[:40]))
        return found


def parse(text: str) -> Marker:
    """Read a marker as it is written. Raises ValueError, with the grammar, for anything else."""
    column, equals, codes = (part.strip() for part in text.strip().partition("="))
    if column == LISTED and not equals:
        return Marker("")
    on, slash, off = codes.partition("/")
    sides = [tuple(code.strip() for code in side.split(",")) for side in (on, off)]
    bad = not _COLUMN.fullmatch(column) or (equals and not all(sides[0]))
    if bad or (slash and (not all(sides[1]) or set(sides[0]) & set(sides[1]))):
        raise ValueError(GRAMMAR)
    if not equals:
        return Marker(column)
    return Marker(column, sides[0], sides[1] if slash else None)


def code_of(row: Row, column: str) -> str:
    """Give the raw code of a cell: `orig` or its twin; `ABSENT` and `EMPTY` where it has none."""
    if not any(row.has(name) for name in (column, f"{column}_orig", f"real_{column}")):
        return ABSENT
    return row.code(column) or EMPTY


@dataclass(frozen=True, slots=True)
class Sample:
    """One plan: the rows of its list of modules, and of each whether it is attached to the plan.

    `attached` is None for a row of which the list of plans shows nothing, since another one bears
    the same title.
    """

    plan: str
    rows: Sequence[Row]
    attached: Sequence[bool | None]


def attached(titles: Sequence[str], text: str) -> list[bool | None] | None:
    """Whether each of these titles stands in a plan's `processingmodules`.

    A title may hold commas itself, so that the longest are looked for first. None when titles are
    left over that none of these is: then the two lists do not speak of the same modules.
    """
    left, counts = text.replace("\n", ", "), {}
    for title in sorted(set(titles), key=len, reverse=True):
        if not title:
            continue
        whole = re.compile(rf"(^|[,;])\s*{re.escape(title)}\s*(?=[,;]|$)")
        left, counts[title] = whole.subn(r"\1", left)
    if any(part.strip() for part in _SEPARATORS.split(left)):
        return None
    found: list[bool | None] = []
    for title in titles:
        count, bearers = counts.get(title, 0), titles.count(title)
        found.append(None if 0 < count < bearers else count > 0)
    return found


@dataclass(frozen=True, slots=True)
class Inferred:
    """The result of the inference: the marker, or None and `why` not.

    `sure`: rows that are on and rows that are off were both seen to be told by it. `plans`: how
    many plans could be compared. `columns`: the candidates, where none was found.
    """

    marker: Marker | None
    why: str
    sure: bool = False
    plans: int = 0
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class _Column:
    """One column over all samples: the plans where each code was seen, on and off."""

    name: str
    on: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    off: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_module: dict[str, set[bool]] = field(default_factory=lambda: defaultdict(set))

    def see(self, sample: Sample) -> None:
        for row, on in zip(sample.rows, sample.attached, strict=True):
            if on is None:
                continue
            (self.on if on else self.off)[code_of(row, self.name)].add(sample.plan)
            self.of_module[row.get("id")].add(on)

    def odd(self) -> set[str]:
        """Plans in which it contradicts what it says of the others."""
        found: set[str] = set()
        for code in set(self.on) & set(self.off):
            on, off = self.on[code], self.off[code]
            found |= on | off if len(on) == len(off) else min(on, off, key=len)
        return found

    def marker(self) -> Marker | None:
        """The marker of this column; None when it shows no state, or cannot be written down."""
        codes = {*self.on, *self.off}
        if not self.on or len(codes) > _MAX_CODES or any(re.search(r"[,/=]", c) for c in codes):
            return None
        if all(_word(code) is (code in self.on) for code in codes):
            return Marker(self.name)
        return Marker(self.name, tuple(sorted(self.on)), tuple(sorted(self.off))) if (
            self.off
        ) else None  # fmt: skip

    def changes(self) -> bool:
        """Whether one module was seen on in one plan and off in another: that is the plan's."""
        return any(len(states) > 1 for states in self.of_module.values())

    def describe(self) -> Note:
        on, off = (", ".join(sorted(c[:20] for c in codes)) for codes in (self.on, self.off))
        return note("marker.column", column=self.name, on=on or "–", off=off or "–")


def infer(samples: Sequence[Sample], columns: Iterable[str] = ()) -> Inferred:
    """Infer the marker that agrees with the list of plans over all these plans.

    `columns`: what else the lists have, for instance properties that no row has.

    Among three plans or more, one may disagree with all others. Where columns agree equally well
    and do not say the same of every row that was seen, none is taken.
    """
    names = dict.fromkeys([*(n for s in samples for row in s.rows for n in row), *columns])
    telling = [n for n in names if n not in _OF_THE_MODULE and _COLUMN.fullmatch(n)]
    found = _infer(samples, telling)
    return found if found.marker is not None else replace(found, columns=tuple(telling))


def _infer(samples: Sequence[Sample], telling: Sequence[str]) -> Inferred:
    usable = [s for s in samples if any(on is not None for on in s.attached)]
    if not usable:
        return Inferred(None, note("marker.not_compared"))
    columns = [_seen(name, usable) for name in telling]
    odd = _one_odd(columns, usable)
    if odd:
        usable = [sample for sample in usable if sample.plan not in odd]
        columns = [_seen(column.name, usable) for column in columns]
    sound = {c.name: (c, m) for c in columns if not c.odd() and (m := c.marker()) is not None}
    count = len(usable)
    told = note("marker.plans", count=count)
    if odd:
        told = note("marker.plans_but", count=count, plans=", ".join(sorted(odd)))
    if not any(on is False for sample in usable for on in sample.attached):
        return replace(_one_sided(sound, usable, told), plans=count)
    best = sorted(sound.values(), key=_rank)
    seen = tuple(column.describe() for column in columns) or (note("place.nothing"),)
    if not best:
        why = note("marker.disagrees", plans=told, columns=seen)
        return Inferred(None, why, plans=count)
    column, marker = best[0]
    equal = [m for c, m in best if c.changes() == column.changes()]
    if len({tuple(_reading(m, samples)) for m in equal}) > 1:
        names_of = ", ".join(str(m) for m in equal)
        why = note("place.several", place=told, names=names_of)
        return Inferred(None, why, plans=count)
    why = note("marker.agrees", plans=told)
    return Inferred(marker, why, sure=len(best) == 1 or column.changes(), plans=count)


def disagreeing(marker: Marker, samples: Iterable[Sample]) -> list[str]:
    """The plans in which this marker contradicts the list of plans."""
    return [
        sample.plan
        for sample in samples
        if any(
            told is not None and said is not told
            for said, told in zip(_reading(marker, [sample]), sample.attached, strict=True)
        )
    ]


def _one_sided(
    sound: Mapping[str, tuple[_Column, Marker]], samples: Sequence[Sample], told: Note
) -> Inferred:
    """All that was seen is on: a list that shows nothing else, or a word that may say *off* too.

    Neither is sure: the next window's own plan must agree before anything is switched on it.
    """
    listed = [frozenset(row.get("id") for row in sample.rows) for sample in samples]
    if len(set(listed)) > 1:
        return Inferred(Marker(""), note("marker.listed", plans=told))
    words = [sound[name][1] for name in MARKERS if name in sound and not sound[name][1].on]
    return Inferred(words[0], NOT_YET) if words else Inferred(None, NOT_YET)


def _one_odd(columns: Sequence[_Column], samples: Sequence[Sample]) -> set[str]:
    """The one plan that no column agrees with, though some agrees with all other plans."""
    wrong = [column.odd() for column in columns if column.on]
    if len(samples) < _MIN_SAMPLES or not wrong or not all(wrong):
        return set()
    fewest = min(wrong, key=len)
    return fewest if len(fewest) == 1 else set()


def _seen(name: str, samples: Iterable[Sample]) -> _Column:
    column = _Column(name)
    for sample in samples:
        column.see(sample)
    return column


def _rank(found: tuple[_Column, Marker]) -> tuple[bool, int, int]:
    """The rank, best first: changes from plan to plan, then codes that are words, then names."""
    column, marker = found
    codes = len(marker.on) + len(marker.off or ())
    known = MARKERS.index(column.name) if column.name in MARKERS else len(MARKERS)
    return (not column.changes(), codes, known)


def _reading(marker: Marker, samples: Iterable[Sample]) -> Iterable[bool | None]:
    """The state of every row by this marker, also of rows that the list of plans does not show."""
    for sample in samples:
        for row in sample.rows:
            try:
                yield marker.is_on(row)
            except UnexpectedAnswer:
                yield None


def _word(code: str) -> bool | None:
    """The meaning of a code by itself; None when it is no word for on or off."""
    if code == ABSENT:
        return False
    if code == EMPTY or code.lower() in ON:
        return True
    return False if code.lower() in OFF else None
