"""Why a binding cannot go on, in plain words, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from integrator.bindings import sale_causes
from integrator.panel_access.panel_stop import PanelStoppedError
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    CertificateRefused,
    FunctionMissing,
    LoginRefused,
    NotSent,
    OutcomeUnknown,
    PanelError,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of failure.

    ``passing``: it may go away by itself, so the engine tries again a few times.
    """

    key: str
    title: str | Promise
    advice: str | Promise
    passing: bool = False


_ALL = [
    Cause(
        "wrong_password",
        _("Wrong password on ispmanager"),
        _(
            "The panel does not accept this password for the account. Retry with the right one, "
            "or choose a reset for the account."
        ),
    ),
    Cause(
        "password_blocked",
        _("Password cannot be tested"),
        _(
            "ispmanager refused the test for another reason (suspended, two-factor, address, "
            "lock-out). Look at the account on ispmanager, then retry."
        ),
    ),
    Cause(
        "no_password", _("No password"), _("Step 7 needs the account's password. Retry with it.")
    ),
    Cause(
        "account_gone",
        _("Account not found on ispmanager"),
        _("The account was deleted or renamed since discovery. Discover again."),
    ),
    Cause(
        "balance",
        _("Balance does not cover the price"),
        _("Top up the client's balance in BILLmanager, then retry; nothing was charged."),
    ),
    Cause(
        "debt",
        _("Client is in debt"),
        _(
            "What is credited pays the debt first. Settle it in BILLmanager, or confirm the debt "
            "with Correct and retry; then more is credited."
        ),
    ),
    Cause(
        "no_profile",
        _("Client has no payer profile"),
        _("BILLmanager needs a payer for the credit. Add one to the client, then retry."),
    ),
    Cause(
        "order_refused",
        _("The panel refused the order"),
        _("Nothing was ordered. Read the panel's answer, change what it asks for, then retry."),
    ),
    Cause(
        "payment_refused",
        _("The panel refused the payment"),
        _(
            "Read the panel's answer, change what it asks for, then retry; the order is not "
            "placed again."
        ),
    ),
    Cause(
        "unpaid_order",
        _("The order is there but unpaid"),
        _("Look at the client's cart in BILLmanager; pay or delete the order there, then retry."),
    ),
    *(Cause(*one) for one in sale_causes.TEXTS),
    Cause(
        "no_module",
        _("The plan has no ispmanager module for this server"),
        _("Add the server's ispmanager module to the plan in BILLmanager, then retry."),
    ),
    Cause(
        "no_modules",
        _("The plan has no processing module at all"),
        _("Enable the plan's modules in BILLmanager, then retry."),
    ),
    Cause(
        "manual_module",
        _("Our manual module cannot be used"),
        _("Correct the module in BILLmanager as described, then retry."),
    ),
    Cause(
        "no_task",
        _("No activation task appeared"),
        _(
            "BILLmanager made no task within ten minutes. Look at the service there, and whether "
            "our staff login sees the tasks of the manual module's department; then retry."
        ),
    ),
    Cause(
        "task_refused",
        _("The panel refused to close the task"),
        _("Read the panel's answer. Retry with another password if it is about the password."),
    ),
    Cause(
        "form_unknown",
        _("A form of the panel lacks what this step needs"),
        _("The form is kept as evidence. Correct the panel's dialect on its page, then retry."),
    ),
    Cause(
        "service_closed",
        _("The service is closed or suspended"),
        _(
            "Somebody closed or suspended the ordered service. Decide in BILLmanager what it "
            "shall be, then retry."
        ),
    ),
    Cause(
        "service_active",
        _("The service became active without us"),
        _("It was opened by hand or by another module. Compare it with the account."),
    ),
    Cause(
        "wrong_username",
        _("The service is active with another username"),
        _("Correct the username of the service in BILLmanager, then retry."),
    ),
    Cause(
        "wrong_module",
        _("The service went to an ispmanager module"),
        _(
            "A second hosting account may have been created. Compare the server's users before "
            "anything else. A service that is this order's is adopted first, then undone, as the "
            "binding's page tells step by step."
        ),
    ),
    Cause(
        "several_services",
        _("Several services could be this order"),
        _("Choose the one that is ours, or say that none is."),
    ),
    Cause(
        "unreadable_service",
        _("BILLmanager does not tell the state of this service in a way that is understood"),
        _(
            "Nothing was paid or closed on a guess. Look at the service there; what its row says "
            "stands beside. Once its state is told, adopt it."
        ),
    ),
    Cause(
        "unmarked_service",
        _("A service like this order does not carry our mark"),
        _(
            "The client may have ordered the same. Adopt that service for this account, or say "
            "that ours does not exist: then ours is ordered besides it."
        ),
    ),
    Cause(
        "several_payments",
        _("Several payments could be ours"),
        _("Look at the client's payments; then choose."),
    ),
    Cause(
        "several_charges",
        _("Several charges could be this order's"),
        _("Look at the client's charges; then choose."),
    ),
    Cause(
        "several_tasks",
        _("Several open tasks are for this service"),
        _("Close or delete the superfluous task in BILLmanager, then retry."),
    ),
    Cause(
        "order_unknown",
        _("It is not known whether the order was placed"),
        _("Look at the client's services. If one is this order, adopt it; if not, try again."),
    ),
    Cause(
        "payment_unknown",
        _("It is not known whether the payment was made"),
        _("Look at the client's payments and balance before you decide."),
    ),
    Cause(
        "close_unknown",
        _("It is not known whether the task was closed"),
        _("Look at the service and its task. If the service is right, adopt it."),
    ),
    Cause(
        "lane",
        _("Another binding of this client needs a decision"),
        _("Decide that one first: until then nothing may be ordered for this client."),
    ),
    Cause(
        "plan_changed",
        _("Somebody changed the plan's modules meanwhile"),
        _("Compare the plan in BILLmanager with the snapshot, then restore or keep it."),
    ),
    Cause(
        "plan_damaged",
        _("Saving the plan for its letter changed other fields too"),
        _("Compare the plan in BILLmanager with what you sell, then bind without holding letters."),
    ),
    Cause(
        "login",
        _("The panel refused our login"),
        _("Correct the panel's login on its page; checking it ends the stop. Then retry."),
    ),
    Cause(
        "access",
        _("Our login lacks a right"),
        _("Grant the function named in the text to our login in BILLmanager, then retry."),
    ),
    Cause(
        "function_missing",
        _("The panel does not know a function"),
        _("Correct the panel's dialect on its page, then retry."),
    ),
    Cause(
        "renamed",
        _("The panel was upgraded and calls things otherwise"),
        _("Nothing was done by that call. The names were found again, and it is tried with them."),
        passing=True,
    ),
    Cause(
        "marker_unknown",
        _("It is not known what tells which modules of a plan are on"),
        _(
            "Nothing was switched. Compare the plan's list of modules with the list of plans in "
            "BILLmanager, set plan_modules_marker on the panel's page, then retry."
        ),
    ),
    Cause(
        "switch_not_shown",
        _("BILLmanager confirms a switch of the plan's modules that never shows"),
        _(
            "It was sent twice and is not repeated. Switch the module by hand in BILLmanager to "
            "see what it says, and compare the plan; then retry."
        ),
    ),
    Cause(
        "certificate",
        _("The panel's certificate is not trusted"),
        _("Compare the certificate on the panel's page, then trust it or stop."),
    ),
    Cause(
        "unreachable",
        _("The panel cannot be reached"),
        _("Nothing was sent. Check the network and the panel, then retry."),
        passing=True,
    ),
    Cause(
        "busy",
        _("The panel is busy"),
        _("It asked to try later. Retry, or lower the panel's parallel limit."),
        passing=True,
    ),
    Cause(
        "unexpected",
        _("The panel's answer cannot be understood"),
        _("The answer is kept with the calls. Retry; if it happens again, check the panel."),
        passing=True,
    ),
    Cause(
        "refused",
        _("The panel refused"),
        _("Read the panel's answer, change what it asks for, then retry."),
    ),
    Cause(
        "attempts",
        _("Gave up after several tries"),
        _("Look at the attempts and calls, remove the cause, then retry."),
    ),
    Cause(
        "worker_died",
        _("Workers died over it"),
        _(
            "Each worker that took it up ended, or could not write what it found. The log tells "
            "how: a lack of memory, or a fault in Integrator. Remove the cause, then retry."
        ),
    ),
    Cause(
        "internal",
        _("An error in Integrator"),
        _("The details are in the log. Nothing goes on until you retry."),
    ),
]

CAUSES: dict[str, Cause] = {cause.key: cause for cause in _ALL}


def of_error(error: PanelError, *, refused: str = "refused") -> Cause:
    """The cause that an error of a panel is; ``refused``: what a plain refusal means here."""
    if isinstance(error, FunctionMissing) and error.found_again:
        return CAUSES["renamed"]
    block = error.block if isinstance(error, Refused) else None
    if block is not None and not isinstance(error, LoginRefused | Busy):
        return CAUSES[sale_causes.OF_BLOCK[block]]
    # From the particular to the general: the first fitting line decides.
    kinds: list[tuple[type[PanelError], str]] = [
        (CertificateRefused, "certificate"),
        (PanelStoppedError, "login"),
        (NotSent, "unreachable"),
        (LoginRefused, "login"),
        (AccessDenied, "access"),
        (FunctionMissing, "function_missing"),
        (Busy, "busy"),
        (Refused, refused),
        (FormLacks, "form_unknown"),
        (UnexpectedAnswer, "unexpected"),
        (OutcomeUnknown, "unexpected"),
    ]
    for kind, key in kinds:
        if isinstance(error, kind):
            return CAUSES[key]
    return CAUSES["internal"]
