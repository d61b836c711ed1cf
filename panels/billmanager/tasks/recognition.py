"""Recognition of a task's form: which field or button is which entry.

Its names were found nowhere in public (billmanager.md 6.2). What is known: it has a selector of
processing modules, a username and a password, a way to assign the task to oneself and a way to
close it. So the selector is known by the modules that it offers, a choice of performers by our own
name in it, a status by its codes, a password by its input; and only then by what is in names and
labels. Where two would do, none is chosen: a person decides among the candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from panels.billmanager.dialect import vocabulary
from panels.billmanager.dialect.names import Close, Found, Take, written
from panels.notes import note

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Mapping

    from panels.coremanager.forms import Button, Field, Form
    from panels.coremanager.toolbars import ToolButton

IN_WORK, CLOSED = "1", "2"
"""Statuses of a task: 0 opened, 1 in work, 2 closed (billmanager.md 6.1)."""
_STATES = frozenset({"0", IN_WORK, CLOSED})

KNOWN_TASK_FUNCTIONS = frozenset(
    {"task.edit", "task.delete", "task.start", "task.filter", "task.setfilter", "task.su"}
)
"""Functions of the task list that are documented and do something else than taking (6.1)."""

_NEVER = frozenset({"ok", "cancel", "back", "prev", "reset"})
_NO_SUBMIT = frozenset({"cancel", "back", "reset", "blank"})
_WHERE = note("place.task_form")


@dataclass(slots=True)
class Recognised:
    """The recognised form: entries that are clear, and candidates for those that are not.

    `choices`: entry → candidates, as an administrator would set them. An entry that this form
    does not show, since another form follows, is in neither.
    """

    found: dict[str, Found | Take | Close] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def see(
        self,
        entry: str,
        likely: Iterable[list[Found | Take | Close]],
        candidates: Iterable[str] = (),
    ) -> None:
        """Take the first of these that are just one; none where the first that are any are more."""
        clear = next((some for some in likely if some), [])
        if len(clear) == 1:
            self.found[entry] = clear[0]
        else:
            named = [written(one) for one in clear] or list(candidates)
            self.choices[entry] = tuple(dict.fromkeys(named))


def recognise(
    form: Form,
    *,
    take: Take | None = None,
    modules: Mapping[str, str] | None = None,
    staff: Collection[str] = (),
) -> Recognised:
    """Name what this form shows, by the entries of the dialect.

    `take` is what is known of taking already: a form that is led to by another one has no take
    button, which is no news. `modules`: id and name of the processing modules; `staff`: what the
    panel may call our login.
    """
    seen = Recognised()
    _see_module(seen, form, modules or {})
    if take is None:
        _see_take(seen, form, staff)
    typed = bool(account_fields(form))
    takes = bool(_buttons(form, vocabulary.TAKE, vocabulary.CLOSE))
    if "task_module" not in seen.found and (takes or not (typed or seen.choices["task_module"])):
        seen.choices = {name: some for name, some in seen.choices.items() if name == "task_take"}
        if not typed:
            return seen  # taking leads to another form
    _see_account(seen, form)
    _see_close(seen, form)
    if not seen.choices.get("task_close", "-"):
        del seen.choices["task_close"]  # nothing here could close it: seen once the task is taken
    close = seen.found.get("task_close")
    if isinstance(close, Close) and close.kind == "next":
        for entry in ("task_username", "task_password"):
            seen.choices.pop(entry, None)
    return seen


def take_functions(buttons: Iterable[ToolButton]) -> list[str]:
    """Give the functions above the task list that may take a task."""
    return list(
        dict.fromkeys(
            b.func
            for b in buttons
            if b.func.startswith("task.")
            and b.func not in KNOWN_TASK_FUNCTIONS
            and any(vocabulary.TAKE.search(text) for text in (b.func, b.name, b.label))
        )
    )


def _see_module(seen: Recognised, form: Form, modules: Mapping[str, str]) -> None:
    selects = _selects(form)
    offering = [f for f in selects if _offers_modules(f, modules)]
    exact = [f for f in selects if f.name == "processingmodule"]
    named = [f for f in selects if _says(f, vocabulary.MODULE)]
    both = [f for f in offering if f in exact] or [f for f in offering if f in named]
    likely = (both, offering, exact, named) if offering else (exact, named)
    seen.see(
        "task_module",
        ([_found(f, sure=f in offering or f in exact) for f in some] for some in likely),
        [f.name for f in selects],
    )


def _offers_modules(one: Field, modules: Mapping[str, str]) -> bool:
    """Whether a select offers processing modules: by their ids and names, none of them wrong."""
    known = [o for o in one.options or () if o.key in modules]
    return bool(known) and all(not o.label or o.label == modules[o.key] for o in known)


def _see_account(seen: Recognised, form: Form) -> None:
    typed = account_fields(form)
    plain = [f for f in typed if not f.secret]
    secret = [f for f in typed if f.secret and not _says(f, vocabulary.AGAIN)]
    for entry, some, exact, pattern, evident in (
        ("task_username", plain, vocabulary.USERNAMES, vocabulary.USERNAME, []),
        ("task_password", typed, vocabulary.PASSWORDS, vocabulary.PASSWORD, secret),
    ):
        own = [f for f in some if not vocabulary.OF_ANOTHER.match(f.name)]
        likely = (
            [f for f in own if f.name == entry.removeprefix("task_")],
            evident,
            [f for f in own if f.name.lower() in exact],
            [f for f in own if pattern.search(f.name) and not _says(f, vocabulary.AGAIN)],
            [f for f in own if pattern.search(f.label) and not _says(f, vocabulary.AGAIN)],
        )
        sure = {id(f) for f in (*likely[0], *evident)}
        seen.see(
            entry,
            ([_found(f, sure=id(f) in sure) for f in fields] for fields in likely),
            [f.name for f in some],
        )


def account_fields(form: Form) -> list[Field]:
    """Fields in which something can be typed."""
    return [
        f
        for f in form.fields.values()
        if f.kind in {"input", "value", "textarea"}
        and not (f.hidden or f.readonly or f.toggle)
        and f.options is None
    ]


def _see_take(seen: Recognised, form: Form, staff: Collection[str]) -> None:
    pressed = _buttons(form, vocabulary.TAKE, vocabulary.CLOSE)
    own = {name.lower() for name in staff if not name.isdigit()}  # a number is a status as well
    people = [
        f
        for f in _selects(form)
        if own & {text.lower() for o in f.options or () for text in (o.key, o.label)}
    ]
    performers = [f for f in _selects(form) if _says(f, vocabulary.PERFORMER)]
    named = [f for f in people if f in performers] or performers
    seen.see(
        "task_take",
        (
            [Take("button", b.name, where=_WHERE, sure=False) for b in pressed],
            [Take("field", f.name, where=_WHERE, sure=False) for f in named],
            [Take("field", f.name, where=_WHERE, sure=False) for f in people],
            [Take("field", f.name, IN_WORK, where=_WHERE, sure=False)
             for f in _status_fields(form, IN_WORK) if not _unexplained(form)],
        ),
        [
            *(f"button:{b.name}" for b in form.buttons if _may_act(b)),
            *(f"field:{f.name}={IN_WORK}" for f in _status_fields(form, IN_WORK)),
            "save",
            "none",
        ],
    )  # fmt: skip


def _see_close(seen: Recognised, form: Form) -> None:
    pressed = _buttons(form, vocabulary.CLOSE, vocabulary.TAKE)
    ticked = [f for f in form.fields.values() if f.toggle and _says(f, vocabulary.CLOSE)]
    on = [b for b in form.buttons if _submits(b) and _leads_on(b)]
    taking = _buttons(form, vocabulary.TAKE, vocabulary.CLOSE)
    seen.see(
        "task_close",
        (
            [Close("button", b.name, where=_WHERE, sure=False) for b in pressed],
            [Close("field", f.name, "on", where=_WHERE, sure=False) for f in ticked],
            [Close("field", f.name, CLOSED, where=_WHERE, sure=False)
             for f in _status_fields(form, CLOSED)
             if not (on or _unexplained(form) or _unexplained_boxes(form))],
            [Close("next", b.name, where=_WHERE, sure=False) for b in on],
        ),
        [
            *(f"button:{b.name}" for b in form.buttons if _may_act(b) and b not in taking),
            *(f"field:{f.name}=on" for f in form.fields.values() if f.toggle),
            *(f"field:{f.name}={CLOSED}" for f in _selects(form) if f.offers(CLOSED)),
        ],
    )  # fmt: skip


def _unexplained(form: Form) -> list[Button]:
    """Buttons that may do anything: beside one a status may be there to be looked at."""
    words = (vocabulary.TAKE, vocabulary.CLOSE)
    return [
        b
        for b in form.buttons
        if _may_act(b)
        and not _leads_on(b)
        and not any(w.search(text) for w in words for text in (b.name, b.label))
    ]


def _unexplained_boxes(form: Form) -> list[Field]:
    """Boxes to be ticked that may close the task: a status beside one may only tell."""
    return [
        f
        for f in form.fields.values()
        if f.toggle and not (f.hidden or f.readonly) and not _says(f, vocabulary.NOTIFY)
    ]


def _status_fields(form: Form, code: str) -> list[Field]:
    """Selects that set the task's status: by name or label, else by having just its codes."""
    offering = [f for f in _selects(form) if f.offers(code)]
    named = [f for f in offering if _says(f, vocabulary.STATUS)]
    coded = [f for f in offering if {o.key for o in f.options or ()} == _STATES]
    return [f for f in named if f in coded] or named or coded


def _leads_on(button: Button) -> bool:
    texts = (button.name, button.label)
    return button.kind == "next" or any(vocabulary.NEXT.search(text) for text in texts)


def _selects(form: Form) -> list[Field]:
    return [f for f in form.fields.values() if f.options is not None and not f.readonly]


def _submits(button: Button) -> bool:
    return button.name.lower() not in _NEVER and button.kind not in _NO_SUBMIT


def _may_act(button: Button) -> bool:
    texts = (button.name, button.label)
    return _submits(button) and not any(vocabulary.HARMLESS.search(text) for text in texts)


def _buttons(form: Form, wanted: re.Pattern[str], other: re.Pattern[str]) -> list[Button]:
    def says(button: Button, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(text) for text in (button.name, button.label))

    found = [b for b in form.buttons if _submits(b)]
    return [b for b in found if says(b, wanted) and not says(b, other)]


def _says(one: Field, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(text) for text in (one.name, one.label))


def _found(one: Field, *, sure: bool) -> Found | Take | Close:
    return Found(one.name, _WHERE, sure=sure)
