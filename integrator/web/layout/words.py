"""What people call the columns that are watched and the things that events are about."""

from __future__ import annotations

import re

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from integrator.messages.sentences import told
from integrator.web.layout.findings import FINDINGS, FOUND

FIELDS = {
    "count": pgettext_lazy("field", "rows"),
    "username": pgettext_lazy("field", "username"),
    "fullname": pgettext_lazy("field", "full name"),
    "preset": pgettext_lazy("field", "preset"),
    "owner": pgettext_lazy("field", "owner"),
    "active": pgettext_lazy("field", "active"),
    "system": pgettext_lazy("field", "administrator or reseller's"),
    "domain": pgettext_lazy("field", "domain"),
    "domains": pgettext_lazy("field", "domains"),
    "email": pgettext_lazy("field", "e-mail"),
    "name": pgettext_lazy("field", "name"),
    "status": pgettext_lazy("field", "status"),
    "enabled": pgettext_lazy("field", "switched on"),
    "disk_limit": pgettext_lazy("field", "disk limit"),
    "limits": pgettext_lazy("field", "limits"),
    "periods": pgettext_lazy("field", "prices"),
    "modules": pgettext_lazy("field", "modules"),
    "url": pgettext_lazy("field", "URL"),
    "datacenter_id": pgettext_lazy("field", "data centre"),
    "password": pgettext_lazy("field", "password"),
    "client_id_remote": pgettext_lazy("field", "client"),
    "plan_id_remote": pgettext_lazy("field", "plan"),
    "module_id_remote": pgettext_lazy("field", "module"),
}
"""What people call the columns that discovery and canaries watch."""

SUBJECTS = {
    "run": _("Runs"),
    "binding": _("Bindings"),
    "window": _("Windows"),
    "panel": _("Panels"),
    "plan map": _("Plan map"),
    "client": _("Clients"),
    "preview": _("Previews"),
    "drift": _("Drift"),
    "person": _("People"),
}
"""What an event can be about."""

PARTS = {
    "module": pgettext_lazy("part", "module"),
    "name": pgettext_lazy("part", "name"),
    "datacenter": pgettext_lazy("part", "data centre"),
}
"""What a step's evidence calls the parts of what it found."""

VERDICTS = {
    "right": pgettext_lazy("password", "right"),
    "wrong": pgettext_lazy("password", "wrong"),
}
"""What trying a canary's password told; anything else is the reason why it could not be told."""

VALUES = {"True": _("yes"), "False": _("no"), "None": "–"}
"""How a sentence of the code writes these values."""

SAID = {
    "looked at": _("looked at"),
    "keep waiting": _("wait on"),
    "restore": _("restore the plan"),
    "restore anyway": _("restore the plan anyway"),
    "nobody is left to open the window for": _("nobody is left to open the window for"),
    "started": _("started"),
    "run started": _("run started"),
    "retry": _("retried"),
    "a decision was taken": _("a decision was taken"),
    "decided: it does not exist": _("decided: it does not exist"),
    "begun by a newer version": _("begun by a newer version of Integrator"),
    "no close of a task is proven yet: one goes first, alone": _(
        "no close of a task is proven yet: one goes first, alone"
    ),
    "a panel cannot be read: nothing was touched": _("a panel cannot be read: nothing was touched"),
    "one of its bindings moves": _("one of its bindings moves"),
    "the run was cancelled": _("the run was cancelled"),
    "the run is cancelled": _("the run is cancelled"),
    "the run is stopped": _("the run is paused or cancelled"),
    "the window closes": _("the window closes"),
    "its window has closed": _("its window has closed"),
    "the window was closed before its tasks": _("the window was closed before its tasks"),
    "the plan sells manually": _("the plan sells manually"),
    "only tasks are left": _("only tasks are left"),
    "every order is seen with the manual module": _("every order is seen with the manual module"),
    "both modules are on": _("both modules are on"),
    "no task is left to close": _("no task is left to close"),
    "every task of ours is closed": _("every task of ours is closed"),
    "a refused order may have left something": _("a refused order may have left something"),
    "stopped in a guided binding": _("stopped in a guided binding"),
    "what was sent is known": _("what was sent is known"),
    "nothing was switched": _("nothing was switched"),
    "the plan is as it was": _("the plan is as it was"),
    "the plan has its modules again, in another order": _(
        "the plan has its modules again, but in another order than before"
    ),
    "an error in Integrator; see the log of the worker": _(
        "an error in Integrator; see the log of the worker"
    ),
}
"""Sentences that workers write as the reason of a change; they speak English when they do."""

SAID_OF = (
    (
        re.compile(r"its expiry (?P<day>\S+) is not set: still to do in BILLmanager"),
        _("its expiry %(day)s is not set: still to do in BILLmanager"),
    ),
    (
        re.compile(
            r"the account of canary b(?P<binding>\d+) is not as it was: (?P<why>.+)", re.DOTALL
        ),
        _("the account of canary b%(binding)s is not as it was: %(why)s"),
    ),
    (
        re.compile(
            r"the account of canary b(?P<binding>\d+) could not be compared: (?P<why>.+)", re.DOTALL
        ),
        _("the account of canary b%(binding)s could not be compared: %(why)s"),
    ),
    (
        re.compile(
            r"new user “(?P<user>[^”]{1,200})” on (?P<server>.{1,80}?) belongs to"
            r" b(?P<binding>\d+): (?P<why>.+)",
            re.DOTALL,
        ),
        _("new user “%(user)s” on %(server)s belongs to b%(binding)s: %(why)s"),
    ),
    (
        re.compile(
            r"what came of window (?P<window>w\d+) could not be compared: (?P<why>.+)", re.DOTALL
        ),
        _("what came of window %(window)s could not be compared: %(why)s"),
    ),
    (
        re.compile(r"(?P<field>\w+) was (?P<before>[^;]*) and is (?P<after>[^;]*)"),
        _("%(field)s was %(before)s and is %(after)s"),
    ),
    (
        re.compile(r"its password could not be tried again: (?P<why>[^;]+)"),
        _("its password could not be tried again: %(why)s"),
    ),
    (
        re.compile(r"service (?P<name>\d+) bears this username"),
        _("service %(name)s bears this username"),
    ),
    (
        re.compile(r"it is named after “(?P<name>[^;]+)”, with digits behind it"),
        _("it is named after “%(name)s”, with digits behind it"),
    ),
    (
        re.compile(r"canary (?P<name>b\d+) stopped at step (?P<step>\d): (?P<stop>.+)", re.DOTALL),
        _("canary %(name)s stopped at step %(step)s: %(stop)s"),
    ),
    (
        re.compile(
            r"(?P<n>\d+) canaries in a row stopped before anything was ordered, the last one "
            r"(?P<name>b\d+): (?P<stop>.+)",
            re.DOTALL,
        ),
        _(
            "canaries in a row that stopped before anything was ordered: %(n)s, the last one "
            "%(name)s: %(stop)s"
        ),
    ),
    (
        re.compile(
            r"for the second time a binding stopped for what no retry cures, (?P<name>b\d+) at "
            r"step (?P<step>\d): (?P<stop>.+)",
            re.DOTALL,
        ),
        _(
            "for the second time a binding stopped for what no retry cures, %(name)s at step "
            "%(step)s: %(stop)s"
        ),
    ),
    (
        re.compile(
            r"(?P<n>\d+) bindings in a row stopped at step (?P<step>\d) on (?P<server>.+?), the "
            r"last one (?P<name>b\d+): (?P<stop>.+)",
            re.DOTALL,
        ),
        _(
            "bindings in a row that stopped at step %(step)s on %(server)s: %(n)s, the last one "
            "%(name)s: %(stop)s"
        ),
    ),
    (
        re.compile(r"step (?P<step>\d) waits for a person's word"),
        _("step %(step)s waits for a person's word"),
    ),
    (re.compile(r"step (?P<step>\d)"), _("step %(step)s")),
    (
        re.compile(
            r"the guided binding was not brought to its end in (?P<n>\d+) s \(step (?P<step>\d)\): "
            r"its plan is put back; resume the run to go on"
        ),
        _(
            "the guided binding was not brought to its end in %(n)s s (step %(step)s): its plan is "
            "put back; resume the run to go on"
        ),
    ),
    (re.compile(r"it has a site for (?P<name>[^;]+)"), _("it has a site for %(name)s")),
    (
        re.compile(r"the window of plan (?P<name>.+) closes"),
        _("the window of plan %(name)s closes"),
    ),
    (re.compile(r"(?P<name>.+) said: restore anyway"), _("%(name)s said: restore anyway")),
    (re.compile(r"(?P<name>b\d+) orders for this client"), _("%(name)s orders for this client")),
    (re.compile(r"adopted service (?P<name>\d+)"), _("adopted service %(name)s")),
    (re.compile(r"adopted payment (?P<name>\d+)"), _("adopted payment %(name)s")),
)
"""The same, for sentences that name something."""

_STOP = re.compile(r"(?P<title>[^.]+)\. (?:(?P<why>.+)\. )?What to do: (?P<advice>.+)", re.DOTALL)
"""A cause, what the panel said of it, and what to do: how `workflow.breaker` tells why it stops."""

_WHOLE = {**SAID, **FOUND}
_NAMING = (*SAID_OF, *FINDINGS)


def said(text: str) -> str:
    """A worker's sentence in the reader's language; what a panel or person said stays as it is."""
    known = told(text, _WHOLE, _NAMING, _part)
    if known is not None:
        return known
    several = text.split("; ")
    return "; ".join(map(said, several)) if len(several) > 1 else text


def _part(name: str, value: str) -> str:
    """What a sentence names, which may be a sentence itself, a field or its value."""
    if name == "why":
        return said(value)
    if name == "stop":
        return _stop(value)
    if name == "field":
        return str(FIELDS.get(value, value))
    return str(VALUES.get(value, value)) if name in {"before", "after"} else value


def _stop(text: str) -> str:
    """A cause with its advice, which are texts of ours, and what the panel said between them."""
    found = _STOP.fullmatch(text)
    if found is None:
        return text
    title, why, advice = found["title"], found["why"], found["advice"]
    parts = [gettext(title), *([said(why)] if why else [])]
    return gettext("%(stop)s. What to do: %(advice)s") % {
        "stop": ". ".join(parts), "advice": gettext(advice)}  # fmt: skip
