"""The choices of a person for a run, checked before anything else."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.models.states import Payment
from integrator.previews import expiry_rules
from panels.normal_forms import clean, name_key

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COHORT = 1000
"""Accounts in one window."""
MAX_PERIOD = 120
"""Months that one order is paid for."""
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class PayMethod:
    """A way to pay that BILLmanager offers, as last seen by discovery."""

    id: int
    name: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """One set of choices for one run.

    ``paymethod``: id or unique name of the method that credits a balance, "" where none is
    needed. ``without_passwords``: accounts of which none is known are bound without one.
    ``autoprolong`` None: not chosen here, so each CSV line must say it. ``period``:
    months, for rows that name none; None: what the plan map says, else 1. ``hours``: "" or
    "HH:MM-HH:MM", in which the run may work. ``hold_letters``: plans send no opening letter
    while a window of this run is open. ``expires``: the rule for rows that name no expiry date
    (see ``expiry_rules``); "": BILLmanager's own, the end of the period that is paid for.
    """

    payment: str = Payment.BALANCE
    paymethod: str = ""
    autoprolong: bool | None = None
    period: int | None = None
    check_passwords: bool = False
    reset_passwords: bool = False
    without_passwords: bool = False
    cohort: int = 100
    hours: str = ""
    hold_letters: bool = False
    expires: str = ""

    def checked(self) -> Choices:
        """These choices, cleaned.

        Raises Refused with one line for each thing that is wrong.
        """
        tidy = replace(
            self,
            paymethod=clean(self.paymethod),
            hours=clean(self.hours),
            expires=clean(self.expires).lower(),
        )
        problems = tidy.problems()
        if problems:
            raise Refused(_("These choices do not fit together:"), problems)
        return tidy

    def problems(self) -> list[str]:
        """The contradictions, one sentence each; empty when there are none."""
        problems = []
        if self.payment not in Payment.values:
            problems.append(
                _("The payment must be balance, credit or free, not “%(given)s”.")
                % {"given": self.payment}
            )
        if self.payment == Payment.CREDIT and not self.paymethod:
            problems.append(
                _("To credit balances, say with which payment method: its id or its name.")
            )
        if self.payment != Payment.CREDIT and self.paymethod:
            problems.append(_("A payment method is only used when balances are credited."))
        if self.check_passwords and self.reset_passwords:
            problems.append(
                _("Passwords are either checked or reset: a password that was just set fits.")
            )
        if self.without_passwords and self.reset_passwords:
            problems.append(_("Where every password is reset, no account is bound without one."))
        if not 1 <= self.cohort <= MAX_COHORT:
            problems.append(
                _("A cohort has between 1 and %(largest)d accounts.") % {"largest": MAX_COHORT}
            )
        if self.period is not None and not 1 <= self.period <= MAX_PERIOD:
            problems.append(
                _("A period is a whole number of months between 1 and %(longest)d.")
                % {"longest": MAX_PERIOD}
            )
        if self.hours and not _are_hours(self.hours):
            problems.append(_("The hours must read like 02:00-06:00, and may run past midnight."))
        if not expiry_rules.is_rule(self.expires):
            problems.append(
                _("The expiry dates must be a date such as 2027-01-31, month-end or month-start.")
            )
        return problems


def _are_hours(text: str) -> bool:
    if not _HOURS.fullmatch(text):
        return False
    begin, end = text.split("-")
    return begin != end


def find_paymethod(wanted: str, methods: Sequence[PayMethod]) -> PayMethod:
    """The method with this id, else with exactly this name.

    The page sends ids, so that an id always means its method. Raises Refused when there is none,
    or when several have the name.
    """
    wanted = name_key(wanted)
    for method in methods:
        if str(method.id) == wanted:
            return method
    named = [method for method in methods if name_key(method.name) == wanted]
    if len(named) == 1:
        return named[0]
    offered = [
        _("%(id)d  %(name)s  %(currency)s")
        % {"id": method.id, "name": method.name, "currency": method.currency}
        for method in methods
    ]
    if named:
        raise Refused(
            _("Several payment methods are called “%(name)s”; give the id of one:")
            % {"name": wanted},
            offered,
        )
    if not offered:
        raise Refused(_("No payment method is known yet; run a discovery first."))
    raise Refused(
        _("BILLmanager has no payment method “%(name)s”. It has:") % {"name": wanted}, offered
    )
