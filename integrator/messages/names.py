"""Names of the code for people: watched columns, what is waited for, parts of facts.

Where one of them stands in a message it is named by its table, see ``message.named``.
"""

from __future__ import annotations

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
"""Columns that discovery and canaries watch."""
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
"""Subjects of events."""

PARTS = {
    "module": pgettext_lazy("part", "module"),
    "name": pgettext_lazy("part", "name"),
    "datacenter": pgettext_lazy("part", "data centre"),
}
"""Parts of a step's evidence."""

VERDICTS = {
    "right": pgettext_lazy("password", "right"),
    "wrong": pgettext_lazy("password", "wrong"),
}
"""Results of trying a canary's password; anything else is the reason why it was not tried."""


PHASES = {
    "administrators": pgettext_lazy("phase", "administrators"),
    "accounts": pgettext_lazy("phase", "accounts"),
    "domains": pgettext_lazy("phase", "domains"),
    "presets": pgettext_lazy("phase", "presets"),
    "emails": pgettext_lazy("phase", "e-mails"),
    "storing": pgettext_lazy("phase", "storing"),
    "dialect": pgettext_lazy("phase", "dialect"),
    "modules": pgettext_lazy("phase", "modules"),
    "plans": pgettext_lazy("phase", "plans"),
    "clients": pgettext_lazy("phase", "clients"),
    "users": pgettext_lazy("phase", "users"),
    "services": pgettext_lazy("phase", "services"),
    "paymethods": pgettext_lazy("phase", "payment methods"),
    "matching": pgettext_lazy("phase", "matching"),
}
"""Phases of a discovery (``Panel.discovery``)."""

VALUES = {
    "yes": pgettext_lazy("value", "yes"),
    "no": pgettext_lazy("value", "no"),
}
"""Values of columns besides text and numbers."""

WAITING = {
    "window": _("its plan's next window"),
    "later": _("what was sent before to be past taking effect"),
    "turn": _("its turn in the window"),
    "readback": _("the panel to show what was done"),
    "task": _("BILLmanager to make the task"),
    "tasks": _("both modules to be on"),
    "colleague": _("the person who took the task"),
    "restore": _("the plan to be restored"),
    "lane": _("another order of this client"),
    "password": _("its password to be tested"),
}
"""Reasons for which a binding waits."""

SERVICES = {
    "unpaid": pgettext_lazy("service", "ordered, not paid"),
    "active": pgettext_lazy("service", "active"),
    "suspended": pgettext_lazy("service", "suspended"),
    "deleted": pgettext_lazy("service", "deleted"),
    "in_progress": pgettext_lazy("service", "in progress"),
    "unknown": pgettext_lazy("service", "in a state that is not known"),
}
"""The states of a service."""

WAYS = {
    "on": pgettext_lazy("module", "on"),
    "off": pgettext_lazy("module", "off"),
}
"""The two ways of switching a module."""

LOGINS = {
    "password": pgettext_lazy("login", "wrong name or password"),
    "new_password": pgettext_lazy("login", "its password has expired"),
    "expired": pgettext_lazy("login", "the session has expired"),
    "address": pgettext_lazy("login", "not from this address"),
    "authinfo": pgettext_lazy("login", "programs only from listed addresses"),
    "two_factor": pgettext_lazy("login", "it asks for a second factor"),
    "captcha": pgettext_lazy("login", "it asks for a captcha"),
    "suspended": pgettext_lazy("login", "it is suspended"),
    "other": pgettext_lazy("login", "refused for another reason"),
    "blocked": pgettext_lazy("login", "refused for a reason that is not told"),
}
"""Reasons for which a panel refuses a login (``LoginReason``)."""
