"""Where a name of the dialect was found, or why it was not, in the reader's language.

The client of the panels tells it in English, and it is stored with the dialect.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from integrator.messages.sentences import told

WHOLE = {
    "set by an administrator": _("set by an administrator"),
    "the task's form": _("the task's form"),
    "there is no active client to ask as": _("there is no active client to ask as"),
    "the login may not act as a client (su)": _("the login may not act as a client (su)"),
    "every module that was seen is on: what is off shows when the manual module is made": _(
        "every module that was seen is on: what is off shows when the manual module is made"
    ),
    "processingmodules and the plans' modules could not be compared": _(
        "processingmodules and the plans' modules could not be compared"
    ),
    "addresses in the modules' settings": _("addresses in the modules' settings"),
    "no module is called after ispmanager, or has the address of one": _(
        "no module is called after ispmanager, or has the address of one"
    ),
    "task.filter form offers no department": _("task.filter form offers no department"),
    "no open activation task to look at; the first one will show it": _(
        "no open activation task to look at; the first one will show it"
    ),
}

OF = (
    (re.compile(r"(?P<func>[\w.]+) list"), _("%(func)s list")),
    (re.compile(r"(?P<func>[\w.]+) form"), _("%(func)s form")),
    (re.compile(r"toolbar of (?P<func>[\w.]+)"), _("toolbar of %(func)s")),
    (re.compile(r"(?P<func>[\w.]+) opens with it"), _("%(func)s opens with it")),
    (re.compile(r"the list (?P<func>[\w.]+) was refused"), _("the list %(func)s was refused")),
    (re.compile(r"(?P<place>.+), (asked )?as a client"), _("%(place)s, as a client")),
    (re.compile(r"(?P<place>.+), as the staff login"), _("%(place)s, as the staff login")),
    (
        re.compile(r"as a client neither is there: (?P<names>.+)"),
        _("as a client neither is there: %(names)s"),
    ),
    (
        re.compile(r"none of these is its form: (?P<names>.+)"),
        _("none of these is its form: %(names)s"),
    ),
    (
        re.compile(r"agrees with processingmodules of (?P<n>\d+) plans(, not of plan \d+)?"),
        _("says the same as processingmodules; plans compared: %(n)s"),
    ),
    (
        re.compile(
            r"none agrees with processingmodules of (?P<n>\d+) plans(, not of plan \d+)?: "
            r"(?P<names>.+)"
        ),
        _(
            "no column says the same as processingmodules; plans compared: %(n)s; columns: "
            "%(names)s"
        ),
    ),
    (
        re.compile(r"(?P<place>.+?): which of these is it\? (?P<names>.*)"),
        _("%(place)s: which of these is it? %(names)s"),
    ),
    (
        re.compile(r"(?P<place>.+?): no function of this login's speaks of modules"),
        _("%(place)s: no function of this login's speaks of modules"),
    ),
    (
        re.compile(r"(?P<place>.+?): could not be opened with a plan: (?P<names>.+)"),
        _("%(place)s: could not be opened with a plan: %(names)s"),
    ),
    (
        re.compile(r"(?P<place>.+?) shows this login: (?P<names>.+)"),
        _("%(place)s shows this login: %(names)s"),
    ),
)
"""The same, where something is named; a ``place`` is told like a whole one."""


def place(text: str) -> str:
    """Where something was found; what is not known here stays as it is."""
    known = told(text, WHOLE, OF, _part)
    return text if known is None else known


def _part(name: str, value: str) -> str:
    if name == "place":
        return place(value)
    return str(_("nothing")) if name == "names" and value == "nothing" else value
