"""Causes of failures: what each is called, and the advice on what to do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_ALL = {
    "wrong_password": (
        _("Wrong password on ispmanager"),
        _(
            "The panel does not accept this password for the account. Correct it and retry; where"
            " nobody knows it, set a new one on the server and give that."
        ),
    ),
    "password_blocked": (
        _("Password cannot be tested"),
        _(
            "ispmanager refused the test for another reason (suspended, two-factor, address, "
            "lock-out). Look at the account on ispmanager, then retry."
        ),
    ),
    "no_password": (
        _("No password"),
        _("Step 7 needs the account's password. Retry with it."),
    ),
    "account_gone": (
        _("Account not found on ispmanager"),
        _("The account was deleted or renamed since discovery. Discover again."),
    ),
    "balance": (
        _("Balance does not cover the price"),
        _("Top up the client's balance in BILLmanager, then retry; nothing was charged."),
    ),
    "debt": (
        _("Client is in debt"),
        _(
            "What is credited pays the debt first. Settle it in BILLmanager, or confirm the debt "
            "with Correct and retry; then more is credited."
        ),
    ),
    "no_profile": (
        _("Client has no payer profile"),
        _("BILLmanager needs a payer for the credit. Add one to the client, then retry."),
    ),
    "order_refused": (
        _("The panel refused the order"),
        _("Nothing was ordered. Read the panel's answer, change what it asks for, then retry."),
    ),
    "payment_refused": (
        _("The panel refused the payment"),
        _(
            "Read the panel's answer, change what it asks for, then retry; the order is not "
            "placed again."
        ),
    ),
    "unpaid_order": (
        _("The order is there but unpaid"),
        _("Look at the client's cart in BILLmanager; pay or delete the order there, then retry."),
    ),
    "captcha": (
        _("BILLmanager asks for a captcha"),
        _(
            "No program can answer it. Switch it off under Provider → Settings in BILLmanager, or "
            "exempt the address of Integrator there, then retry."
        ),
    ),
    "phone_unverified": (
        _("The client's phone is not verified"),
        _(
            "BILLmanager wants that for this order. Verify the phone there, or exempt the plan or "
            "period under phone verification, then retry."
        ),
    ),
    "client_group": (
        _("The client's group may not order this plan"),
        _("Put the client into a group that may, or open the plan to all, then retry."),
    ),
    "service_limit": (
        _("The client has as many services as it may"),
        _("Raise the limit of the plan, or of its group, in BILLmanager, then retry."),
    ),
    "order_rule": (
        _("The plan is sold together with another service only"),
        _("Change the order rules of the plan in BILLmanager, then retry."),
    ),
    "price_on_request": (
        _("The plan has no price that could be charged"),
        _("Give the plan a price in BILLmanager, or bind on another plan."),
    ),
    "period_refused": (
        _("The plan is not sold for this period"),
        _("Retry with another period, or offer this one in BILLmanager."),
    ),
    "plan_not_sold": (
        _("BILLmanager does not sell this plan"),
        _(
            "It may be archived, switched off, or not sold in this data centre. Change that under "
            "Tariff plans, then retry; or retry with another plan."
        ),
    ),
    "receipt_refused": (
        _("The cash register did not take it"),
        _("Mend the cash register in BILLmanager, then retry; the order is not placed again."),
    ),
    "no_module": (
        _("The plan has no ispmanager module for this server"),
        _("Add the server's ispmanager module to the plan in BILLmanager, then retry."),
    ),
    "no_modules": (
        _("The plan has no processing module at all"),
        _("Enable the plan's modules in BILLmanager, then retry."),
    ),
    "manual_module": (
        _("Our manual module cannot be used"),
        _("Correct the module in BILLmanager as described, then retry."),
    ),
    "no_task": (
        _("No activation task appeared"),
        _(
            "BILLmanager made no task within ten minutes. Look at the service there, and whether "
            "our staff login sees the tasks of the manual module's department; then retry."
        ),
    ),
    "task_refused": (
        _("The panel refused to close the task"),
        _("Read the panel's answer. Retry with another password if it is about the password."),
    ),
    "form_unknown": (
        _("A form of the panel lacks what this step needs"),
        _("The form is kept as evidence. Correct the panel's dialect on its page, then retry."),
    ),
    "service_closed": (
        _("The service is closed or suspended"),
        _(
            "Somebody closed or suspended the ordered service. Decide in BILLmanager what it "
            "shall be, then retry."
        ),
    ),
    "service_active": (
        _("The service became active without us"),
        _("It was opened by hand or by another module. Compare it with the account."),
    ),
    "wrong_username": (
        _("The service is active with another username"),
        _("Correct the username of the service in BILLmanager, then retry."),
    ),
    "wrong_module": (
        _("The service went to an ispmanager module"),
        _(
            "A second hosting account may have been created. Compare the server's users before "
            "anything else. A service that is this order's is adopted first, then undone, as the "
            "binding's page tells step by step."
        ),
    ),
    "several_services": (
        _("Several services could be this order"),
        _("Choose the one that is ours, or say that none is."),
    ),
    "unreadable_service": (
        _("BILLmanager does not tell the state of this service in a way that is understood"),
        _(
            "Nothing was paid or closed on a guess. Look at the service there; what its row says "
            "stands beside. Once its state is told, adopt it."
        ),
    ),
    "unmarked_service": (
        _("A service like this order does not carry our mark"),
        _(
            "The client may have ordered the same. Adopt that service for this account, or say "
            "that ours does not exist: then ours is ordered besides it."
        ),
    ),
    "several_payments": (
        _("Several payments could be ours"),
        _("Look at the client's payments; then choose."),
    ),
    "several_charges": (
        _("Several charges could be this order's"),
        _("Look at the client's charges; then choose."),
    ),
    "several_tasks": (
        _("Several open tasks are for this service"),
        _("Close or delete the superfluous task in BILLmanager, then retry."),
    ),
    "order_unknown": (
        _("It is not known whether the order was placed"),
        _("Look at the client's services. If one is this order, adopt it; if not, try again."),
    ),
    "payment_unknown": (
        _("It is not known whether the payment was made"),
        _("Look at the client's payments and balance before you decide."),
    ),
    "close_unknown": (
        _("It is not known whether the task was closed"),
        _("Look at the service and its task. If the service is right, adopt it."),
    ),
    "lane": (
        _("Another binding of this client needs a decision"),
        _("Decide that one first: until then nothing may be ordered for this client."),
    ),
    "plan_changed": (
        _("Somebody changed the plan's modules meanwhile"),
        _("Compare the plan in BILLmanager with the snapshot, then restore or keep it."),
    ),
    "plan_damaged": (
        _("Saving the plan for its letter changed other fields too"),
        _("Compare the plan in BILLmanager with what you sell, then bind without holding letters."),
    ),
    "login": (
        _("The panel refused our login"),
        _("Correct the panel's login on its page; checking it ends the stop. Then retry."),
    ),
    "access": (
        _("Our login lacks a right"),
        _("Grant the function named in the text to our login in BILLmanager, then retry."),
    ),
    "function_missing": (
        _("The panel does not know a function"),
        _("Correct the panel's dialect on its page, then retry."),
    ),
    "renamed": (
        _("The panel was upgraded and calls things otherwise"),
        _("Nothing was done by that call. The names were found again, and it is tried with them."),
    ),
    "marker_unknown": (
        _("It is not known what tells which modules of a plan are on"),
        _(
            "Nothing was switched. Compare the plan's list of modules with the list of plans in "
            "BILLmanager, set plan_modules_marker on the panel's page, then retry."
        ),
    ),
    "switch_not_shown": (
        _("BILLmanager confirms a switch of the plan's modules that never shows"),
        _(
            "It was sent twice and is not repeated. Switch the module by hand in BILLmanager to "
            "see what it says, and compare the plan; then retry."
        ),
    ),
    "certificate": (
        _("The panel's certificate is not trusted"),
        _("Compare the certificate on the panel's page, then trust it or stop."),
    ),
    "unreachable": (
        _("The panel cannot be reached"),
        _("Nothing was sent. Check the network and the panel, then retry."),
    ),
    "busy": (
        _("The panel is busy"),
        _("It asked to try later. Retry, or lower the panel's parallel limit."),
    ),
    "unexpected": (
        _("The panel's answer cannot be understood"),
        _("The answer is kept with the calls. Retry; if it happens again, check the panel."),
    ),
    "refused": (
        _("The panel refused"),
        _("Read the panel's answer, change what it asks for, then retry."),
    ),
    "attempts": (
        _("Gave up after several tries"),
        _("Look at the attempts and calls, remove the cause, then retry."),
    ),
    "worker_died": (
        _("Workers died over it"),
        _(
            "Each worker that took it up ended, or could not write what it found. The log tells "
            "how: a lack of memory, or a fault in Integrator. Remove the cause, then retry."
        ),
    ),
    "internal": (
        _("An error in Integrator"),
        _("The details are in the log. Nothing goes on until you retry."),
    ),
}
"""Key of a cause (``integrator.bindings.causes``) → its title, and the advice."""

TITLES = {key: title for key, (title, _advice) in _ALL.items()}
ADVICE = {key: advice for key, (_title, advice) in _ALL.items()}
