"""The check of an ispmanager: its accounts, and the forms of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from integrator.panel_setup.checks.rows import Asker


def ask(asker: Asker) -> None:
    """Ask for every list and form (ispmanager.md 2)."""
    asker.list(0, _("list the accounts"), "user")
    asker.list(0, _("list their domains"), "webdomain")
    asker.list(0, _("list the presets"), "preset")
    asker.list(
        0,
        _("tell administrators from accounts"),
        "admin",
        only_for=_("Without it administrators are told by their level alone."),
    )
    row = asker.first("user")
    if row is None:
        asker.note(
            7,
            _("open an account's form"),
            "user.edit",
            "warning",
            _("This server has no account yet whose form could be opened."),
        )
        return
    username = row.text("name")
    asker.form(7, _("open an account's form"), "user.edit", {"elid": username})
    asker.ask(
        0,
        _("read an account's e-mail address"),
        "usrparam",
        lambda: asker.transport.read("usrparam", {"elid": username}, su=username).form(),
        only_for=_("Needed only to match accounts with clients by e-mail."),
    )
