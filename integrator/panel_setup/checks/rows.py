"""Rows of a panel check: each says whether our login has one thing that a step needs.

Lists and forms are opened; what acts when it is called (design.md, section 9) is judged by the
toolbar that names it, and never called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from integrator.messages import panel_errors
from integrator.models import Panel
from integrator.panel_setup.advice import certificate_text, login_text, updating_text
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
    """One thing that a step needs. ``step`` 0: before all steps; ``text``: why not, or "".

    ``entry``: what *needs choice* asks for, an entry of the dialect; ``candidates``: what it could
    be, each as it would be set, as far as the panel shows any.
    """

    step: int
    what: str
    func: str
    state: State
    text: str = ""
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
        self, step: int, what: str, func: str, how: Callable[[], object], only_for: str = ""
    ) -> bool:
        """Ask, and add the row for the answer; whether it is *allowed*.

        ``only_for``: what alone needs this, so that lacking it is a warning; "": every run does.
        An error of a kind that we do not know goes through.
        """
        state, text = outcome(how, func, self.panel, self.transport.username)
        if only_for and state in {"denied", "not found"}:
            state, text = "warning", f"{text} {only_for}"
        self.rows.append(CheckRow(step, what, func, state, text))
        return state == "allowed"

    def list(
        self, step: int, what: str, func: str, *, su: int | None = None, only_for: str = ""
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
        what: str,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: int | None = None,
        only_for: str = "",
    ) -> bool:
        """Open a form; without ``sok`` it only shows its values (billmanager.md 1.5)."""
        return self.ask(
            step,
            what,
            func,
            lambda: self.transport.read(func, params or {}, su=su, devel=True).form(),
            only_for,
        )

    def row_form(self, step: int, what: str, func: str, of: str, only_for: str = "") -> None:
        """Open the form of the first line of list ``of``; without lines its toolbar must do."""
        row = self.first(of)
        key = self.lists[of].key or "id" if of in self.lists else ""
        if row is not None:
            self.form(step, what, func, {"elid": row.text(key)}, only_for=only_for)
        else:
            self.button(step, what, func, of, only_for)

    def button(self, step: int, what: str, func: str, of: str, only_for: str = "") -> None:
        """Judge a function by the toolbar of list ``of`` alone: it would act when called."""
        listing = self.lists.get(of)
        if listing is None:
            return  # the list's own row says why
        if listing.toolbar.calls(func):
            self.rows.append(CheckRow(step, what, func, "allowed"))
            return
        text = _("“%(func)s” is not among the buttons above “%(list)s”: %(buttons)s. %(right)s") % {
            "func": func,
            "list": of,
            "buttons": ", ".join(b.func for b in listing.toolbar.buttons) or _("there are none"),
            "right": right_text(func, self.panel, self.transport.username),
        }
        state: State = "warning" if only_for else "denied"
        self.rows.append(CheckRow(step, what, func, state, f"{text} {only_for}".strip()))

    def note(self, step: int, what: str, func: str, state: State, text: str = "") -> None:
        """Add a row without asking the panel."""
        self.rows.append(CheckRow(step, what, func, state, text))

    def _warn_of_filter(self, step: int, func: str, total: int | None) -> None:
        """Warn of a filter that somebody saved for this login; our own calls switch it off."""
        try:
            shown = self.transport.read(func, {"p_cnt": 1}).listing().total
        except (errors.Refused, errors.UnexpectedAnswer):
            return  # the list itself was read a moment ago; this was only a second look
        if total is not None and shown is not None and shown < total:
            text = _(
                "A saved filter of the login “%(login)s” hides %(hidden)d of %(total)d lines."
                " Integrator switches it off in each of its calls; give Integrator a login of its"
                " own, so that nobody's filter can come between."
            ) % {"login": self.transport.username, "hidden": total - shown, "total": total}
            self.note(step, _("a saved filter"), func, "warning", text)


def outcome(how: Callable[[], object], func: str, panel: Panel, login: str) -> tuple[State, str]:
    """The state that asking leads to, and why."""
    state: State = "denied"
    try:
        how()
    except errors.CertificateRefused as error:
        state, text = (
            "unreachable",
            " ".join([str(panel_errors.of_error(error)), *certificate_text(error)]),
        )
    except (errors.NotSent, errors.Busy) as error:
        state, text = "unreachable", str(panel_errors.of_error(error))
    except errors.LoginRefused as error:
        text = login_text(error.reason, panel, error.fault)
    except errors.AccessDenied as error:
        said = _("The panel says: %(message)s") % {"message": error.message}
        text = f"{right_text(func, panel, login)} {said}"
    except errors.FunctionMissing as error:
        state, text = (
            "not found",
            _("The function “%(func)s” was looked for, and this panel has none. It says: %(why)s")
            % {"func": func, "why": error.message},
        )
    except errors.Refused as error:
        text = _refused_text(error)
    except forms.FormLacks as error:
        state, text = (
            "not found",
            _("Looked for and not found in “%(func)s”: %(missing)s.")
            % {
                "func": func,
                "missing": ", ".join(error.missing),
            },
        )
    except errors.UnexpectedAnswer as error:
        state = "unreachable" if error.transient else "not found"
        updating = isinstance(error, errors.PanelUpdating)
        text = updating_text(panel) if updating else str(panel_errors.of_error(error))
    else:
        state, text = "allowed", ""
    return state, text


def _refused_text(error: errors.Refused) -> str:
    """The panel's words, and for a captcha where it is switched off (billmanager.md 1.7)."""
    if error.block != "captcha":
        return str(error)
    advice = _(
        "It asks for a captcha, which no program can answer. Switch it off under Provider →"
        " Settings, or exempt the address of Integrator there."
    )
    return f"{error} {advice}"


def right_text(func: str, panel: Panel, login: str) -> str:
    """The right to grant, and where it is granted (billmanager.md 9, ispmanager.md 1.2)."""
    if panel.kind == Panel.Kind.BILLMANAGER:
        text = _(
            "Grant the login “%(login)s” the function “%(func)s” in BILLmanager: Provider → Staff →"
            " Permissions → Functions."
        )
    else:
        text = _(
            "The login “%(login)s” may not use “%(func)s”; give it an administrator's rights in"
            " ispmanager."
        )
    return text % {"login": login, "func": func}
