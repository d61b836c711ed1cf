"""What people call the columns that are watched and the things that events are about."""

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
