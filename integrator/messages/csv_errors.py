"""Messages about errors in a CSV file of accounts, and what to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS: Mapping[str, Any] = {
    # the file as a whole
    "csv.empty": _("The file is empty."),
    "csv.no_accounts": _("The file has a header but no accounts."),
    "csv.utf16": _("The file is in UTF-16; save it as CSV in UTF-8."),
    "csv.not_utf8": _("This is not UTF-8 text; save the file as CSV in UTF-8."),
    "csv.zero_byte": _("The file holds a zero byte; it is not a CSV text file."),
    "csv.quotation": _(
        "Quotation marks do not pair up; nothing from here on can be read: %(why)s."
    ),
    # its header
    "csv.no_header": _(
        "The first line must name the columns: %(columns)s, separated by commas, semicolons or"
        " tabs."
    ),
    "csv.long_header": _(
        "The first line has %(cells)d cells; known are %(columns)d columns: %(names)s."
    ),
    "csv.column_twice": _("The column is there more than once."),
    "csv.column_missing": _("The column is missing."),
    "csv.column_nameless": _("A column has no name."),
    "csv.column_close": _("Unknown column; did you mean “%(close)s”?"),
    "csv.column_unknown": _("Unknown column. Known are: %(columns)s."),
    # a line, and a cell by itself
    "csv.unseen_sign": _(
        "It holds a sign that nobody sees, %(sign)s, behind “%(before)s”: delete it."
    ),
    "csv.cells": ngettext_lazy(
        "The line has %(cells)d cell, but the header names %(columns)d columns.",
        "The line has %(cells)d cells, but the header names %(columns)d columns.",
        "cells",
    ),
    "csv.cell_empty": _("The cell is empty."),
    "csv.on_or_off": _("The cell is empty; write on or off."),
    "csv.no_switch": _("“%(text)s” is neither on nor off."),
    "csv.no_date": _("“%(text)s” is not a date such as 2027-01-31."),
    "csv.no_period": _("“%(text)s” is not a number of months between 1 and %(longest)d."),
    "csv.no_domain": _("“%(text)s” is not a domain name such as example.com."),
    "csv.password_break": _("A password cannot hold a line break."),
    # what a line names
    "csv.no_panel": _("No panel is called “%(word)s”."),
    "csv.no_ispmanager": _("%(name)s is BILLmanager, not an ispmanager."),
    "csv.no_account": _(
        "%(server)s has no account “%(username)s”. If it is new there, run a discovery."
    ),
    "csv.account_twice": _("The account is already named in line %(first)d."),
    "csv.no_client": _("BILLmanager has no client %(id)s."),
    "csv.no_plan": _("BILLmanager has no plan “%(name)s” for hosting."),
    "csv.several_plans": _("Several plans are called “%(name)s”; give the id of one: %(ids)s."),
    "csv.plan_twice": _(
        "“%(word)s” is the id of plan “%(one)s” and the name of another one, whose id is %(ids)s;"
        " write “%(one)s” or %(ids)s."
    ),
    "csv.no_email": _("No client has a user with the e-mail “%(email)s”."),
    "csv.quoted_email": _(
        "“%(email)s” begins with “%(sign)s”, as spreadsheets mark text: delete that sign."
    ),
    "csv.several_clients": _(
        "The e-mail “%(email)s” is of several clients; give the id of one: %(ids)s."
    ),
    # a list of passwords
    "csv.password_line": _("Write the username, a space, the password."),
    "csv.passwords_refused": _("The list of passwords was refused; nothing has been changed:"),
    "csv.not_chosen": _("“%(username)s” is not among the chosen accounts."),
    "csv.several_servers": _("“%(username)s” lives on several servers: write server/%(username)s."),
    "csv.listed_twice": _("“%(username)s” is in the list twice."),
}
