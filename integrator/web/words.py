"""What people call the columns that are watched and the things that events are about."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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

SAID = {
    "started": _("started"),
    "run started": _("run started"),
    "retry": _("retried"),
    "a decision was taken": _("a decision was taken"),
    "decided: it does not exist": _("decided: it does not exist"),
    "begun by a newer version": _("begun by a newer version of Integrator"),
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
        re.compile(r"the window of plan (?P<name>.+) closes"),
        _("the window of plan %(name)s closes"),
    ),
    (re.compile(r"(?P<name>.+) said: restore anyway"), _("%(name)s said: restore anyway")),
    (re.compile(r"(?P<name>b\d+) orders for this client"), _("%(name)s orders for this client")),
    (re.compile(r"adopted service (?P<name>\d+)"), _("adopted service %(name)s")),
    (re.compile(r"adopted payment (?P<name>\d+)"), _("adopted payment %(name)s")),
)
"""The same, for sentences that name something."""


def said(text: str) -> str:
    """A worker's sentence in the reader's language; what a panel or person said stays as it is."""
    if text in SAID:
        return str(SAID[text])
    for pattern, told in SAID_OF:
        found = pattern.fullmatch(text)
        if found:
            return str(told) % found.groupdict()
    return text
