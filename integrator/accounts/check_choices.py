"""What a person has to say of a BILLmanager: each in one sentence, with what it could be.

What the panel shows does not tell it, but a person who looks at BILLmanager's own pages can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrator.accounts.check_rows import CheckRow

if TYPE_CHECKING:
    from panels.billmanager import Dialect

LOOK = {
    "plan_modules_list": gettext_lazy(
        "the function of the page that “Processing modules” above the tariff plans opens (Products"
        " → Tariff plans): its address names it"
    ),
    "plan_modules_parent": gettext_lazy(
        "“elid” or “plid”: by which of them the address of a plan's processing modules names the"
        " plan"
    ),
    "plan_modules_enable": gettext_lazy(
        "the function of the button that switches a module on above a plan's processing modules"
        " (Products → Tariff plans → Processing modules)"
    ),
    "plan_modules_disable": gettext_lazy(
        "the function of the button that switches a module off above a plan's processing modules"
        " (Products → Tariff plans → Processing modules)"
    ),
    "plan_modules_marker": gettext_lazy(
        "the column by which a plan's processing modules show which of them are on (Products →"
        " Tariff plans → Processing modules)"
    ),
    "manual_module": gettext_lazy(
        "the internal name of the module that makes tasks for people (Integration → Processing"
        " modules → Add)"
    ),
    "ispmanager_modules": gettext_lazy(
        "what the column “module” shows of those that drive an ispmanager (Integration → Processing"
        " modules)"
    ),
    "module_create": gettext_lazy(
        "the function of the last page that adds a processing module (Integration → Processing"
        " modules → Add)"
    ),
    "module_button": gettext_lazy(
        "the button that finishes the last page which adds a processing module (Integration →"
        " Processing modules → Add)"
    ),
    "order": gettext_lazy(
        "“v2” where a client's order form is v2.vhost.order.param, “old” where it is"
        " vhost.order.param"
    ),
    "cart": gettext_lazy("“cart” or “basket”: where a client finds what he has not paid yet"),
    "task_open_types": gettext_lazy(
        "the type of the tasks that open a service, in the filter of Tools → Tasks"
    ),
    "task_take": gettext_lazy(
        "how staff take a task (Tools → Tasks): by a button or a field of its form, a button above"
        " the list, the first save, or not at all"
    ),
    "task_close": gettext_lazy(
        "what closes a task in its form (Tools → Tasks): a button, a checkbox or a status, and"
        " before it each button that leads to a next page"
    ),
    "task_module": gettext_lazy(
        "the field for the processing module in the form of a task (Tools → Tasks)"
    ),
    "task_username": gettext_lazy("the field for the username in the form of a task"),
    "task_password": gettext_lazy("the field for the password in the form of a task"),
    "task_fields": gettext_lazy(
        "what to fill in where the form of a task requires more: NAME=VALUE, NAME=VALUE"
    ),
}
"""What to look for, by entry of the dialect."""

MOST = 12
"""So many candidates are told."""


def needs_choice(
    step: int, what: str, name: str, dialect: Dialect, *, func: str = "", seen: str = ""
) -> CheckRow:
    """The row that asks for one entry. ``seen``: what was looked at, for who wants to know."""
    candidates = dialect.choices.get(name, ())
    text = _("Set “%(name)s” below: %(look)s. It may be: %(candidates)s. %(seen)s") if candidates \
        else _("Set “%(name)s” below: %(look)s. %(seen)s")  # fmt: skip
    told = ", ".join(candidates[:MOST]) + (", …" if len(candidates) > MOST else "")
    words = {"name": name, "look": LOOK[name], "candidates": told, "seen": seen}
    return CheckRow(
        step, what, func or name, "needs choice", (text % words).strip(), name, candidates
    )
