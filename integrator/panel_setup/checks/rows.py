"""Rows of a panel check: each says whether our login has one thing that a step needs.

Lists and forms are opened; what acts when it is called (design.md, section 9) is judged by the
toolbar that names it, and never called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, Message, say, sentences, several
from integrator.models import Panel
from integrator.panel_setup import advice
from panels.coremanager import errors, forms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from panels.coremanager.listing import Listing, Row
    from panels.http.transport import Transport

State = Literal["allowed", "denied", "not found", "needs choice", "unreachable", "warning"]
"""``warning``: to be known, but nothing that a step needs is missing."""
PASSES = frozenset({"allowed", "warning"})


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One thing that a step needs. ``step`` 0: before all steps; ``text``: why not, or empty.

    ``entry``: what *needs choice* asks for, an entry of the dialect; ``candidates``: what it could
    be, each as it would be set, as far as the panel shows any.
    """

    step: int
    what: Message
    func: str
    state: State
    text: Message = NOTHING
    entry: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(slots=True)
class Asker:
    """Asks one panel as one login, and collects the rows that the answers lead to.

    ``lists`` are the first lines of the lists that were read, with their toolbars, by function.
    """

    panel: Panel
    transport: Transport
    rows: list[CheckRow] = field(default_factory=list)
    lists: dict[str, Listing] = field(default_factory=dict)

    def ask(
        self,
        step: int,
        what: Message,
        func: str,
        how: Callable[[], object],
        only_for: Message = NOTHING,
    ) -> bool:
        """Ask, and add the row for the answer; whether it is *allowed*.

        ``only_for``: what alone needs this, so that lacking it is a warning; empty: every run does.
        An error of a kind that we do not know goes through.
        """
        state, text = outcome(how, func, self.panel, self.transport.username)
        if only_for and state in {"denied", "not found"}:
            state, text = "warning", sentences(text, only_for)
        self.rows.append(CheckRow(step, what, func, state, text))
        return state == "allowed"

    def list(
        self,
        step: int,
        what: Message,
        func: str,
        *,
        su: int | None = None,
        only_for: Message = NOTHING,
    ) -> bool:
        """Read a list's first line and toolbar; warn where a saved filter would hide rows."""

        def read() -> None:
            asking: Mapping[str, str | int] = {"filter": "off", "p_cnt": 1}
            listing = self.transport.read(func, asking, su=su, devel=True).listing()
            self.lists[func] = listing

        allowed = self.ask(step, what, func, read, only_for)
        if allowed and su is None:
            self._warn_of_filter(step, func, self.lists[func].total)
        return allowed

    def first(self, func: str) -> Row | None:
        """The first line of a list that was read; None when it was not, or is empty."""
        listing = self.lists.get(func)
        return listing.rows[0] if listing is not None and listing.rows else None

    def form(
        self,
        step: int,
        what: Message,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: int | None = None,
        only_for: Message = NOTHING,
    ) -> bool:
        """Open a form; without ``sok`` it only shows its values (billmanager.md 1.5)."""
        return self.ask(
            step,
            what,
            func,
            lambda: self.transport.read(func, params or {}, su=su, devel=True).form(),
            only_for,
        )

    def row_form(
        self, step: int, what: Message, func: str, of: str, only_for: Message = NOTHING
    ) -> None:
        """Open the form of the first line of list ``of``; without lines its toolbar must do."""
        row = self.first(of)
        key = self.lists[of].key or "id" if of in self.lists else ""
        if row is not None:
            self.form(step, what, func, {"elid": row.text(key)}, only_for=only_for)
        else:
            self.button(step, what, func, of, only_for)

    def button(
        self, step: int, what: Message, func: str, of: str, only_for: Message = NOTHING
    ) -> None:
        """Judge a function by the toolbar of list ``of`` alone: it would act when called."""
        listing = self.lists.get(of)
        if listing is None:
            return  # the list's own row says why
        if listing.toolbar.calls(func):
            self.rows.append(CheckRow(step, what, func, "allowed"))
            return
        text = say(
            "check.no_button",
            func=func,
            list=of,
            buttons=buttons(listing),
            right=right(func, self.panel, self.transport.username),
        )
        state: State = "warning" if only_for else "denied"
        self.rows.append(CheckRow(step, what, func, state, sentences(text, only_for)))

    def note(
        self, step: int, what: Message, func: str, state: State, text: Message = NOTHING
    ) -> None:
        """Add a row without asking the panel."""
        self.rows.append(CheckRow(step, what, func, state, text))

    def _warn_of_filter(self, step: int, func: str, total: int | None) -> None:
        """Warn of a filter that somebody saved for this login; our own calls switch it off."""
        try:
            shown = self.transport.read(func, {"p_cnt": 1}).listing().total
        except (errors.Refused, errors.UnexpectedAnswer):
            return  # the list itself was read a moment ago; this was only a second look
        if total is not None and shown is not None and shown < total:
            text = say(
                "check.filter",
                login=self.transport.username,
                hidden=total - shown,
                total=total,
            )
            self.note(step, say("need.no_filter"), func, "warning", text)


def outcome(
    how: Callable[[], object], func: str, panel: Panel, login: str
) -> tuple[State, Message]:
    """The state that asking leads to, and why."""
    state: State = "denied"
    try:
        how()
    except errors.CertificateRefused as error:
        state = "unreachable"
        text = several([panel_errors.of_error(error), *advice.certificate(error)])
    except (errors.NotSent, errors.Busy) as error:
        state, text = "unreachable", panel_errors.of_error(error)
    except errors.LoginRefused as error:
        text = advice.refused_login(error.reason, panel, error.fault)
    except errors.AccessDenied as error:
        said = say("check.said", message=panel_errors.of_words(error.message))
        text = sentences(right(func, panel, login), said)
    except errors.FunctionMissing as error:
        why = panel_errors.of_words(error.message)
        state, text = "not found", say("check.no_function", func=func, why=why)
    except errors.Refused as error:
        # For a captcha, where it is switched off (billmanager.md 1.7).
        captcha = say("check.captcha") if error.block == "captcha" else NOTHING
        text = sentences(panel_errors.of_error(error), captcha)
    except forms.FormLacks as error:
        missing = ", ".join(error.missing)
        state, text = "not found", say("check.form_lacks", func=func, missing=missing)
    except errors.UnexpectedAnswer as error:
        state = "unreachable" if error.transient else "not found"
        is_updating = isinstance(error, errors.PanelUpdating)
        text = advice.updating(panel) if is_updating else panel_errors.of_error(error)
    else:
        state, text = "allowed", NOTHING
    return state, text


def buttons(listing: Listing) -> str | Message:
    """The functions of a list's toolbar, or that it has none."""
    return ", ".join(one.func for one in listing.toolbar.buttons) or say("check.no_buttons")


def right(func: str, panel: Panel, login: str) -> Message:
    """The right to grant, and where it is granted (billmanager.md 9, ispmanager.md 1.2)."""
    if panel.kind == Panel.Kind.BILLMANAGER:
        return say("check.right", login=login, func=func)
    return say("check.ispmanager_right", login=login, func=func)
