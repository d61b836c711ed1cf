"""The forms that close a task, one or several in sequence: what is sent back for each.

Nothing is sent on a guess: what was not recognised raises `FormLacks` with the form as evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from panels.billmanager.dialect.names import Close
from panels.billmanager.tasks import completeness, recognition
from panels.coremanager.forms import FormLacks, only_choices
from panels.coremanager.redaction import is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.forms import Form

_WORD = re.compile(r"\{(module|username|password|domain)\}")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a form: its function and the id that it takes."""

    func: str
    elid: str


@dataclass(slots=True)
class CloseForms:
    """The values that close a task, form by form. `nth`: how many forms were sent before.

    `typed`: what goes into the fields for it; without a password none is sent, and one that a form
    requires is missing.
    """

    dialect: Dialect
    address: Address
    typed: Mapping[str, str]
    nth: int = 0

    def params(self, form: Form) -> tuple[dict[str, str], bool]:
        """Return what to send back for this form, and whether that closes the task.

        Raises `FormLacks`.
        """
        dialect = self.dialect
        if dialect.task_close is None or dialect.task_module is None:
            raise FormLacks(_unknown(dialect), form=form, func=self._func)
        step = self._step(dialect.task_close, form)
        last = step.kind != "next"
        values = {**only_choices(form), **filled_in(dialect, form, self.typed)}
        missing = self._fill(values, form, last=last)
        if step.kind == "field":
            values[step.name] = step.value
        missing += _close_missing(form, step)
        missing += [name for name in form.unfilled(values) if name not in missing]
        if missing:
            raise FormLacks(tuple(missing), form=form, func=self._func)
        params = {**values_to_send(form), **values, "elid": self.address.elid, "sok": "ok"}
        if step.kind != "field":
            params["clicked_button"] = step.name
        if not last:
            # A step of a wizard that is not the last is sent with both (billmanager.md 1.5).
            params["snext"] = "ok"
            self.nth += 1
        return params, last

    def _fill(self, values: dict[str, str], form: Form, *, last: bool) -> list[str]:
        """Put module, username and password in their fields; name what this form lacks of them.

        The module is in the first of several forms, the others by the last at the latest.
        """
        missing = []
        for name in ("module", "username", "password"):
            entry = getattr(self.dialect, f"task_{name}")
            field = None if entry is None else form.fields.get(entry.value)
            if name not in self.typed:
                continue
            due = not self.nth if name == "module" else last
            if field is not None:
                values[field.name] = self.typed[name]
                if name == "module" and field.options and not field.offers(self.typed[name]):
                    missing.append(f"{field.name}={self.typed[name]}")
            elif due:
                missing.append(f"dialect entry task_{name}" if entry is None else entry.value)
        return missing

    def secrets(self) -> set[str]:
        """Name the fields whose values no record keeps."""
        password = self.dialect.task_password
        own = {password.value} if password else set()
        return own | _with_password(self.dialect)

    def _step(self, close: Close, form: Form) -> Close:
        """The button or field to use on this form: to the next form, or to close."""
        if self.nth < len(close.before):
            return Close("next", close.before[self.nth])
        if close.kind != "next" or not self.nth:
            return close
        again = recognition.recognise(form, take=self.dialect.task_take)
        seen = again.found.get("task_close")
        if not isinstance(seen, Close) or self.nth >= MAX_FORMS:
            raise FormLacks(("dialect entry task_close",), form=form, func=self._func)
        return seen

    @property
    def _func(self) -> str:
        return self.address.func + (SECOND if self.nth else "")


MAX_FORMS = 5
"""So many forms at most come one after another until a task is closed."""
SECOND = " second"
"""Behind the name of a function: the form that comes after its first one."""


def filled_in(dialect: Dialect, form: Form, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what an administrator has set to fill in besides, for fields that the form has.

    What stands for a value that is not known yet is left out.
    """
    found = {}
    for entry in dialect.task_fields:
        name, _, value = entry.partition("=")
        word = _WORD.fullmatch(value)
        if name in form.fields and (word is None or word[1] in typed):
            found[name] = value if word is None else typed[word[1]]
    return found


def _with_password(dialect: Dialect) -> set[str]:
    return {e.partition("=")[0] for e in dialect.task_fields if e.endswith("={password}")}


def values_to_send(form: Form) -> dict[str, str]:
    """Return what the panel's own page would send: hidden and required fields unchanged.

    A secret that is typed never: its value is not kept.
    """
    required = {
        name: item.value
        for name, item in form.fields.items()
        if item.required
        and item.value
        and not (item.hidden or item.readonly or item.secret)
        and not is_secret(name)
    }
    hidden = {n: f.sent_back for n, f in form.fields.items() if f.hidden and f.sent_back}
    return {**required, **hidden}


def _close_missing(form: Form, close: Close) -> list[str]:
    if close.kind != "field":
        return [] if form.button(close.name) is not None else [f"button {close.name}"]
    field = form.fields.get(close.name)
    offered = field is not None and (field.options is None or field.offers(close.value))
    return [] if offered else [f"{close.name}={close.value}"]


def _unknown(dialect: Dialect) -> tuple[str, ...]:
    return tuple(
        f"dialect entry {name}" for name in completeness.CLOSES if getattr(dialect, name) is None
    )


def address_in(text: str, here: Address) -> Address | None:
    """Read the address of a next form out of an `ok`; None when it is empty or the form we have.

    A bare query ("func=x&elid=7"), a path with one, or only `elid=7` (the same function then).
    """
    query = text.strip().rpartition("?")[2]
    values = parse_qs(query)
    elid = values.get("elid", [""])[0]
    if not elid:
        return None
    found = Address(values.get("func", values.get("startform", [here.func]))[0], elid)
    return None if found == here else found
