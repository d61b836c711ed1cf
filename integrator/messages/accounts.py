"""Messages about hosting accounts: passwords, canaries, and new users on a server."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

TEXTS = {
    "account.missing": _("%(server)s has no user %(username)s"),
    "account.gone": _("the account is gone"),
    "account.changed": _("%(field)s was %(before)s and is %(after)s"),
    "password.refused": _("%(server)s does not accept the password of %(username)s"),
    "password.another": _("its password is another one"),
    "password.untried": _("its password could not be tried again: %(why)s"),
    "password.no_turn": _(
        "its password could not be tried in time, since others were being tried there"
    ),
    "password.works": _("the new password works"),
    "password.does_not_work": _("the new password does not work"),
    "password.locked_out": _(
        "%(server)s seems to lock this address out (%(reason)s): no more passwords are tried there"
    ),
    "password.wrong_in_row": ngettext_lazy(
        "%(count)d password was wrong on %(server)s: no more are tried there, before it locks this"
        " address out",
        "%(count)d passwords in a row were wrong on %(server)s: no more are tried there, before it"
        " locks this address out",
        "count",
    ),
    "canary.changed": _("the account of canary %(binding)s is not as it was: %(why)s"),
    "canary.not_compared": _("the account of canary %(binding)s could not be compared: %(why)s"),
    "user.ours": _("new user “%(user)s” on %(server)s belongs to %(binding)s: %(why)s"),
    "user.of_service": _("service %(service)d has this username"),
    "user.of_nobody": _("no service in BILLmanager has this username"),
    "user.like": _("it is named after “%(name)s”, with digits behind it"),
    "user.site": _("it has a site for %(domain)s"),
}
