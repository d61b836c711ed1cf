"""Messages about orders, payments and charges: steps 3 and 4."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

TEXTS = {
    # the service that an order has led to
    "order.none": _("no new service of this client with this plan and domain"),
    "order.others_too": _(
        "service %(service)d carries no mark of ours: its client may have ordered it himself, and"
        " ours may be listed later"
    ),
    "order.several": ngettext_lazy(
        "%(count)d new service could be this order",
        "%(count)d new services could be this order",
        "count",
    ),
    "order.earlier": ngettext_lazy(
        "%(count)d new service could be an earlier order of this account",
        "%(count)d new services could be an earlier order of this account",
        "count",
    ),
    "order.unmarked": _(
        "service %(service)d is new and like this order of %(client)s, but does not carry our mark:"
        " somebody may have ordered the same"
    ),
    "order.refused_but_paid": _(
        "service %(service)d is new, paid, and like this order of %(client)s, which the panel has"
        " refused: the client may have ordered the same"
    ),
    "order.wrong_module": _(
        "service %(service)d went to module %(module)d, not to the manual one: a new hosting"
        " account may have been created"
    ),
    "order.captcha": _("the order form has a field for it"),
    "order.confirmed": _("the panel confirmed the order, but lists no service"),
    "order.found_unpaid": _("found ordered, not paid"),
    "order.behind_unpaid": _(
        "%(binding)s of the same client is ordered and not paid; it has to be paid for first"
    ),
    "order.unseen": _("%(binding)s: its order is not seen in BILLmanager"),
    "order.unanswered": _(
        "%(binding)s: its order was not answered and may take effect until %(time)s UTC"
    ),
    "order.refused_before": _("a refused order may have left something"),
    "order.seen_again": _("service %(service)d was seen right before a second order"),
    "order.handed": _("service %(service)d was handed to ispmanager"),
    "order.doubled": _("%(binding)s of client %(client)s has several services: %(services)s"),
    "service.state": _("service %(service)d is %(state)s"),
    "service.state_of_panel": _("%(state)s (%(word)s)"),
    "service.unreadable": _("service %(service)d is %(state)s; %(troubles)s"),
    "service.unlisted": _("service %(service)d is not listed any more"),
    "service.unpaid": _("service %(service)d stays unpaid"),
    "service.unsafe": _(
        "%(binding)s: service %(service)d is %(state)s and is not seen with the manual module"
    ),
    # what was credited and charged
    "payment.none": _("no new payment of this client with this amount"),
    "payment.several": ngettext_lazy(
        "%(count)d new payment of %(amount)s could be ours",
        "%(count)d new payments of %(amount)s could be ours",
        "count",
    ),
    "payment.confirmed": _("the panel confirmed a payment that it does not list"),
    "payment.without_effect": _(
        "the panel confirmed the payment, but service %(service)d stays unpaid"
    ),
    "payment.unanswered": _(
        "%(binding)s: its payment was not answered and may take effect until %(time)s UTC"
    ),
    "payment.gone": _("payment %(payment)d is gone"),
    "payment.no_method": _("no payment method was chosen"),
    "payment.no_profile": _("client %(client)s has no payer profile"),
    "balance.hidden": _("the panel does not show the balance"),
    "balance.is": _("the balance is %(balance)s"),
    "charge.unlisted": _("service %(service)d is paid, its charge is not listed yet"),
    "charge.none": _("the service is paid, but no charge is listed"),
    "charge.several": ngettext_lazy(
        "%(count)d new charge of this client could be this order's",
        "%(count)d new charges of this client could be this order's",
        "count",
    ),
    "charge.differs": _("%(binding)s was charged %(amount)s, not %(expected)s"),
    "charge.unexplained": _(
        "client %(client)s was charged %(amount)s that no binding accounts for"
    ),
    "line.several": ngettext_lazy(
        "service %(service)d is ordered and not paid, and %(count)d line of the cart could be it",
        "service %(service)d is ordered and not paid, and %(count)d lines of the cart could be it",
        "count",
    ),
    "line.unpaid": _("line %(line)s for %(domain)s is in the cart of %(client)s, not paid"),
}
