"""The check of an ispmanager: its accounts, and the forms of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import say

if TYPE_CHECKING:
    from integrator.panel_setup.checks.rows import Asker


def ask(asker: Asker) -> None:
    """Ask for every list and form (ispmanager.md 2)."""
    asker.list(0, say("need.accounts"), "user")
    asker.list(0, say("need.domains"), "webdomain")
    asker.list(0, say("need.presets"), "preset")
    asker.list(
        0,
        say("need.administrators"),
        "admin",
        only_for=say("only_for.administrators"),
    )
    row = asker.first("user")
    if row is None:
        asker.note(
            7,
            say("need.account_form"),
            "user.edit",
            "warning",
            say("check.no_account"),
        )
        return
    username = row.text("name")
    asker.form(7, say("need.account_form"), "user.edit", {"elid": username})
    asker.ask(
        0,
        say("need.account_email"),
        "usrparam",
        lambda: asker.transport.read("usrparam", {"elid": username}, su=username).form(),
        only_for=say("only_for.emails"),
    )
