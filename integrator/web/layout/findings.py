"""What steps and windows find at the panels, as workers write it, in the reader's language.

Only the sentences of the product's own: what a panel answered stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from integrator.messages.sentences import Told

_SERVICE = r"service (?P<service>\d+)"


def _of(pattern: str, told: str | Promise) -> Told:
    return re.compile(pattern, re.DOTALL), told


FOUND = {
    "its form does not let the date be set": _("its form does not let the date be set"),
    "the panel confirmed it, but the service does not show it": _(
        "BILLmanager confirmed it, but the service does not show it"
    ),
    "the service was not bound by us": _("the service was not bound by us"),
    "the account is gone": _("the account is gone"),
    "its password is another one": _("its password is another one"),
    "its password could not be tried in time, since others were being tried there": _(
        "its password could not be tried in time, since others were being tried there"
    ),
    "no service in BILLmanager bears this username": _(
        "no service in BILLmanager bears this username"
    ),
    "the panel confirmed the order, but lists no service": _(
        "the panel confirmed the order, but lists no service"
    ),
    "the service is paid, but no charge is listed": _(
        "the service is paid, but no charge is listed"
    ),
    "a switch of ours was found to have come after the window had closed": _(
        "a switch of ours was found to have come after the window had closed"
    ),
}
"""Findings that name nothing."""

ACCOUNTS: tuple[Told, ...] = (
    _of(
        r"(?P<server>\S+) does not accept the password of (?P<username>\S+)",
        _("%(server)s does not accept the password of %(username)s"),
    ),
    _of(
        r"(?P<server>\S+) has no user (?P<username>\S+)",
        _("%(server)s has no user %(username)s"),
    ),
    _of(
        r"plan (?P<plan>.{1,255}) has no module (?P<module>\d+), which serves (?P<server>.+)",
        _("plan %(plan)s has no module %(module)s, which serves %(server)s"),
    ),
)

ORDERS: tuple[Told, ...] = (
    _of(
        r"(?P<binding>b\d+): its order was not answered and may take effect until (?P<time>\S+)"
        " UTC",
        _("%(binding)s: its order was not answered and may take effect until %(time)s UTC"),
    ),
    _of(
        r"(?P<binding>b\d+): its payment was not answered and may take effect until (?P<time>\S+)"
        " UTC",
        _("%(binding)s: its payment was not answered and may take effect until %(time)s UTC"),
    ),
    _of(
        r"(?P<binding>b\d+): its order is not seen in BILLmanager",
        _("%(binding)s: its order is not seen in BILLmanager"),
    ),
    _of(
        rf"{_SERVICE} was seen right before a second order",
        _("service %(service)s was seen right before a second order"),
    ),
    _of(
        r"(?P<count>\d+) new services could be an earlier order of this account",
        _("new services could be an earlier order of this account: %(count)s"),
    ),
    _of(
        r"(?P<binding>b\d+) of client (?P<client>.{1,255}) has several services: (?P<services>.+)",
        _("%(binding)s of client %(client)s has several services: %(services)s"),
    ),
    _of(
        r"client (?P<client>.{1,255}) was charged (?P<amount>.{1,99}) that no binding accounts for",
        _("client %(client)s was charged %(amount)s that no binding accounts for"),
    ),
    _of(
        rf"{_SERVICE} is new and like this order of (?P<client>.+), but does not carry our mark: "
        "somebody may have ordered the same",
        _(
            "service %(service)s is new and like this order of %(client)s, but does not carry our "
            "mark: somebody may have ordered the same"
        ),
    ),
    _of(
        r"(?P<n>\d+) new services could be this order",
        _("new services that could be this order: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) new payments of (?P<amount>\S+) could be ours",
        _("new payments of %(amount)s that could be ours: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) new charges of this client could be this order's",
        _("new charges of this client that could be this order's: %(n)s"),
    ),
    _of(
        rf"{_SERVICE} went to module (?P<module>\d+), not to the manual one: "
        "a new hosting account may have been created",
        _(
            "service %(service)s went to module %(module)s, not to the manual one: a new hosting "
            "account may have been created"
        ),
    ),
    _of(
        rf"no task is seen for {_SERVICE}; of tasks (?P<tasks>[\d, ]+) the list does not say which "
        "service they are for",
        _(
            "no task is seen for service %(service)s; of tasks %(tasks)s the list does not say "
            "which service they are for"
        ),
    ),
    _of(rf"{_SERVICE} stays unpaid", _("service %(service)s stays unpaid")),
    _of(
        rf"the panel confirmed the payment, but {_SERVICE} stays unpaid",
        _("the panel confirmed the payment, but service %(service)s stays unpaid"),
    ),
)

TASKS: tuple[Told, ...] = (
    _of(
        r"(?P<performer>.+) has taken task (?P<task>\d+)",
        _("%(performer)s has taken task %(task)s"),
    ),
    _of(
        rf"(?P<n>\d+) open tasks are for {_SERVICE}",
        _("open tasks for service %(service)s: %(n)s"),
    ),
    _of(
        rf"no activation task for {_SERVICE} was made",
        _("no activation task for service %(service)s was made"),
    ),
)

WINDOWS: tuple[Told, ...] = (
    _of(r"open for longer than (?P<n>\d+) s", _("open for longer than %(n)s s")),
    _of(
        r"somebody else changed the plan's modules: on: (?P<on>.{1,255}); after our last switch: "
        "(?P<expected>.+)",
        _(
            "somebody else changed the plan's modules: on: %(on)s; after our last switch: "
            "%(expected)s"
        ),
    ),
    _of(
        r"b(?P<binding>\d+): its order is not seen in BILLmanager",
        _("b%(binding)s: its order is not seen in BILLmanager"),
    ),
    _of(
        rf"b(?P<binding>\d+): {_SERVICE} is (?P<state>[^;]+) "
        "and is not seen with the manual module",
        _("b%(binding)s: service %(service)s is %(state)s and is not seen with the manual module"),
    ),
    _of(
        r"(?P<n>\d+) openings of customers have just begun and are let finish",
        _("openings of customers that have just begun and are let finish: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) workers died while they were at it",
        _("workers that died while they were at it: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) workers died while they drove this window",
        _("workers that died while they drove this window: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) workers died while they looked at it",
        _("workers that died while they looked at it: %(n)s"),
    ),
    _of(
        r"(?P<n>\d+) tries ended in an error of the database \((?P<name>\w+)\)",
        _("tries that ended in an error of the database (%(name)s): %(n)s"),
    ),
    _of(
        r"module (?P<module>\d+) was switched on (?P<n>\d+) times, each time answered ok, "
        r"and does not show; the plan's list of modules has on: (?P<on>\[[\d, ]*\])"
        r"(?:, the list of plans: (?P<told>\[[\d, ]*\]))?",
        _(
            "module %(module)s was switched on %(n)s times, each time answered ok, and does not "
            "show; the plan's list of modules has on: %(on)s"
        ),
    ),
    _of(
        r"module (?P<module>\d+) was switched off (?P<n>\d+) times, each time answered ok, "
        r"and does not show; the plan's list of modules has on: (?P<on>\[[\d, ]*\])"
        r"(?:, the list of plans: (?P<told>\[[\d, ]*\]))?",
        _(
            "module %(module)s was switched off %(n)s times, each time answered ok, and does not "
            "show; the plan's list of modules has on: %(on)s"
        ),
    ),
    _of(
        r"module (?P<module>\d+) was switched (?:on|off) (?P<n>\d+) times without an answer, and "
        "does not show",
        _("module %(module)s was switched %(n)s times without an answer, and does not show"),
    ),
    _of(
        r"the two lists disagree on what is on for plan (?P<plan>.{1,255}): its modules say "
        r"(?P<on>.{1,255}), the list of plans says (?P<told>.+)",
        _(
            "the two lists disagree on what is on for plan %(plan)s: its modules say %(on)s, the "
            "list of plans says %(told)s"
        ),
    ),
    _of(
        "the list of plans does not tell which modules of plan (?P<plan>.+) are on",
        _("the list of plans does not tell which modules of plan %(plan)s are on"),
    ),
    _of(
        "what tells which modules of plan (?P<plan>.{1,255}) are on is not known: (?P<told>.+)",
        _("what tells which modules of plan %(plan)s are on is not known: %(told)s"),
    ),
    _of(
        r"(?P<panel>\S+) calls things otherwise now: (?P<new>.{1,255}) instead of (?P<gone>.+)",
        _("%(panel)s calls things otherwise now: %(new)s instead of %(gone)s"),
    ),
    _of(r"plan (?P<plan>.+) has no enabled module", _("plan %(plan)s has no enabled module")),
)

FINDINGS = (*ACCOUNTS, *ORDERS, *TASKS, *WINDOWS)
