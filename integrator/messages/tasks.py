"""Messages about tasks and the service that a task leads to: steps 6 and 7, and the expiry."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

TEXTS = {
    "task.not_yet": _("BILLmanager has not made the task for service %(service)d yet"),
    "task.none": _("no activation task for service %(service)d was made"),
    "task.unread": _(
        "no task is seen for service %(service)d; of tasks %(tasks)s the list does not say which"
        " service they are for"
    ),
    "task.several": ngettext_lazy(
        "%(count)d open task is for service %(service)d",
        "%(count)d open tasks are for service %(service)d",
        "count",
    ),
    "task.taken": _("%(performer)s has taken task %(task)d"),
    "task.free": _("nobody has taken the task"),
    "task.waits": _("the service waits for its task"),
    "task.closed": _("task %(task)d is closed"),
    "task.still_open": _("the task is still open after all the time in which it could be closed"),
    "task.still_free": _("nobody has the task after all the time in which it could be taken"),
    "service.gone": _("the service is not listed"),
    "service.active": _("service %(service)d is already active, with username “%(username)s”"),
    "service.other_username": _(
        "service %(service)d is active with username “%(username)s”, not “%(wanted)s”"
    ),
    "expiry.to_do": _("its expiry %(day)s is not set: still to do in BILLmanager"),
    "expiry.not_shown": _("BILLmanager confirmed it, but the service does not show it"),
    "expiry.shut": _("its form does not let the date be set"),
    "expiry.not_ours": _("the service was not bound by us"),
}
