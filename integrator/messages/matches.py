"""Messages about matches: what speaks for a client, and where BILLmanager says otherwise."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

FOR_A_CLIENT = frozenset(
    {"email", "email_shared", "past_service", "domain", "mail_domain", "full_name", "username",
     "chosen", "choice_taken_back"}
)  # fmt: skip # one kind
"""Keys of what speaks for a client."""

TEXTS = {
    # what speaks for a client
    "email": _("The e-mail %(email)s is a user of client %(client)s."),
    "email_shared": _(
        "The e-mail %(email)s is a user of client %(client)s, but not of that client alone: it"
        " stands on accounts of different people, or several clients have it."
    ),
    "past_service": _(
        "Client %(client)s had service %(service)s with the username %(username)s on this server."
    ),
    "domain": _("Client %(client)s had service %(service)s with the domain %(domain)s."),
    "mail_domain": _("Client %(client)s has a user with an e-mail at %(domain)s."),
    "full_name": _("Client %(client)s has the account's full name: %(name)s."),
    "username": _("Client %(client)s has a user called %(username)s."),
    "chosen": _("Chosen by %(person)s."),
    "choice_taken_back": _("The choice was taken back; the next matching proposes anew."),
    # what keeps an account from being matched
    "several_clients": _("%(count)d clients fit; choose one."),
    "weak_client": _("What fits does not prove it; confirm the client."),
    "doubted_client": _("Most speaks for client %(client)s, but not all; choose."),
    "contradiction": _(
        "What is known points at different clients; look at both sides, then choose one."
    ),
    "suspended_word": _("The account is suspended on its server; confirm that it is to be bound."),
    "no_client": _(
        "No client fits by e-mail, the domain of an e-mail, past services, full name or username."
    ),
    "no_plan": _("No plan is mapped to the preset “%(preset)s”; set one in the plan map."),
    "client_gone": _("The client that was chosen is no longer in BILLmanager."),
    "plan_gone": _("The plan that was chosen is no longer in BILLmanager."),
    # where BILLmanager says otherwise than the server, or than we do
    "domain_is_service": _(
        "BILLmanager has the domain %(domain)s as service %(service)s of client %(client)s,"
        " with the username “%(username)s” on module “%(module)s”; here it is account"
        " “%(account)s” on %(server)s. Binding it again would sell it twice."
    ),
    "domain_elsewhere": _(
        "The domain %(domain)s is service %(service)s of client %(client)s, which is account"
        " “%(account)s” on %(server)s; confirm that this account is to be sold as well."
    ),
    "account_gone": _(
        "Service %(service)s is account “%(username)s” on %(server)s, which is no longer there,"
        " nor is its domain %(domain)s anywhere."
    ),
    "account_renamed": _(
        "Service %(service)s is account “%(username)s” on %(server)s, which is no longer there;"
        " its domain is in account “%(other)s” now. Change the service's username."
    ),
    "account_moved": _(
        "Service %(service)s is account “%(username)s” on %(server)s, which is no longer there;"
        " its domain is in account “%(other)s” on %(other_server)s."
    ),
    "suspended_on_server": _(
        "Service %(service)s is active in BILLmanager, but account “%(username)s” is suspended"
        " on %(server)s."
    ),
    "suspended_in_billing": _(
        "Service %(service)s is suspended in BILLmanager, but account “%(username)s” works on"
        " %(server)s."
    ),
    "plan_differs": _(
        "Service %(service)s is sold as “%(plan)s”, but account “%(username)s” on %(server)s has"
        " the preset “%(preset)s”, which is “%(other)s”."
    ),
    "domain_differs": _(
        "Service %(service)s has the domain %(domain)s, which account “%(username)s” on"
        " %(server)s does not have."
    ),
    "client_doubted": _(
        "Service %(service)s belongs to client %(client)s, but what is known of account"
        " “%(username)s” on %(server)s points at client %(other)s."
    ),
    "service_gone": _(
        "Service %(service)s, which we have bound to “%(username)s”, is no longer in BILLmanager."
    ),
    "client_differs": _(
        "Service %(service)s belongs to client %(client)s now; we have bound it for client"
        " %(bound)s."
    ),
    "plan_changed": _(
        "Service %(service)s is on plan “%(plan)s” now; we have bound it on “%(bound)s”."
    ),
    "module_differs": _(
        "Service %(service)s is handled by module “%(module)s” now; we have bound it to"
        " “%(bound)s”."
    ),
    "username_differs": _(
        "Service %(service)s has the username “%(username)s” now; we have bound it to “%(bound)s”."
    ),
    "two_services": _(
        "BILLmanager has two services of this account: %(service)s of client %(client)s and"
        " %(other)s of client %(other_client)s. Its owner may be charged twice."
    ),
}
