"""Messages about rows of a preview: what stops them, what to know, what a rehearsal found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

TEXTS = {
    "preview.not_made": _(
        "Integrator met an error that nobody foresaw. Its log says more; make the preview again."
    ),
    # what keeps a row of a preview from being bound
    "system": _("This is an administrator or belongs to a reseller; it is never bound."),
    "gone": _("The account was no longer on its server at the last discovery."),
    "bound": _("The account already is service %(service)s."),
    "reserved": _("The account is taken by binding b%(binding)d of run r%(run)d."),
    "no_domain": _("The account has no domain of its own; give one in the column “domain”."),
    "domain_sold": _(
        "The domain %(domain)s is service %(service)s of client %(client)s already, with the"
        " username “%(username)s” on module “%(module)s”: it would be sold twice."
    ),
    "domain_reserved": _(
        "The domain %(domain)s is taken by binding b%(binding)d of run r%(run)d, for account"
        " “%(account)s”."
    ),
    "domain_twice": _(
        "The domain %(domain)s stands in line %(lines)s too: one site is sold once. Say which."
    ),
    "domain_of_other": _(
        "The domain %(domain)s is not one of “%(username)s” on %(server)s: account “%(other)s” on"
        " %(other_server)s has it."
    ),
    "domain_not_own": _(
        "The domain %(domain)s is not one that %(server)s lists for “%(username)s”; it has %(own)s."
        " Confirm that this is meant."
    ),
    "domain_for_empty": _(
        "%(server)s lists no domain for “%(username)s”; confirm that it is to be sold as"
        " %(domain)s."
    ),
    "confirmed": _("Confirmed by %(person)s: %(said)s"),
    "client_without_user": _("Client %(client)s has no active user to order as."),
    "no_link": _(
        "Which BILLmanager module serves %(server)s is not known; link it with"
        " “manage.py panel link”."
    ),
    "module_gone": _("Module %(module)s, linked to %(server)s, is gone or not of ispmanager."),
    "module_off": _("Module “%(module)s” of %(server)s is switched off in BILLmanager."),
    "no_datacenter": _("Module “%(module)s” of %(server)s has no data centre."),
    "plan_off": _("Plan “%(plan)s” is switched off in BILLmanager."),
    "not_sold_there": _("Plan “%(plan)s” is not sold in the data centre of %(server)s."),
    "period_not_sold": _(
        "Plan “%(plan)s” is not sold for %(period)d mo.; its periods in months: %(sold)s."
    ),
    "plan_archived": _(
        "Plan “%(plan)s” is archived in BILLmanager, so that nobody can order it. Take it out of"
        " the archive under Tariff plans, or map these accounts to a plan that is sold."
    ),
    "plan_ended": _(
        "Plan “%(plan)s” is not sold any more since %(date)s, by its end of life in BILLmanager."
        " Change that day under Tariff plans, or map these accounts to a plan that is sold."
    ),
    "price_on_request": _(
        "Plan “%(plan)s” is sold at a price on request, so that no order can be charged. Give it a"
        " price in BILLmanager, or map these accounts to another plan."
    ),
    "period_too_short": _(
        "Plan “%(plan)s” is not sold for less than %(least)d mo., and %(period)d mo. was chosen."
        " Choose a longer period, or lower the least period in BILLmanager."
    ),
    "limit_of_plan": _(
        "Client %(client)s may have %(most)d services of plan “%(plan)s”: it has %(has)d, and"
        " %(before)d rows before this one would be more. Raise the limit of the plan in"
        " BILLmanager, or leave this row out."
    ),
    "limit_of_group": _(
        "Client %(client)s may have %(most)d services of the group of plans that “%(plan)s” is in:"
        " it has %(has)d, and %(before)d rows before this one would be more. Raise the limit of the"
        " group in BILLmanager, or leave this row out."
    ),
    "plan_for_groups": _(
        "Plan “%(plan)s” is for some groups of clients alone: %(groups)s. Whether this client is in"
        " one shows when its order form is read, in the rehearsal."
    ),
    "phone_wanted": _(
        "Plan “%(plan)s” wants a verified phone: the order of a client without one is refused."
    ),
    "quick_order": _(
        "Plan “%(plan)s” is ordered quickly in BILLmanager, without the form that asks for a"
        " domain; compare the domain of the first service."
    ),
    "blocked_captcha": _(
        "BILLmanager asks for a captcha, which no program can answer: %(said)s. Switch it off under"
        " Provider → Settings, or exempt the address of Integrator there."
    ),
    "blocked_phone": _(
        "Client %(client)s has no verified phone, which BILLmanager wants for this order: %(said)s."
        " Verify it there, or exempt the plan or period under phone verification."
    ),
    "blocked_order_rule": _(
        "The plan is sold together with another service only, which client %(client)s lacks:"
        " %(said)s. Change the order rules of the plan in BILLmanager."
    ),
    "blocked_on_request": _(
        "The plan has no price that could be charged: %(said)s. Give it one in BILLmanager."
    ),
    "blocked_group": _(
        "Client %(client)s is not in a group that may order this plan: %(said)s. Put the client"
        " into such a group in BILLmanager, or open the plan to all."
    ),
    "blocked_limit": _(
        "Client %(client)s has as many services of this plan as BILLmanager allows: %(said)s. Raise"
        " the limit of the plan or of its group there."
    ),
    "blocked_period": _(
        "The plan is not sold for this period: %(said)s. Choose another period, or offer this one"
        " in BILLmanager."
    ),
    "blocked_plan": _(
        "BILLmanager does not sell this plan: %(said)s. It may be archived, switched off, or not"
        " sold in this data centre."
    ),
    "blocked_receipt": _(
        "The cash register in BILLmanager does not take it: %(said)s. Mend the register there."
    ),
    "not_free": _("It costs %(price)s %(currency)s, but only what is free was to be ordered."),
    "balance_short": _(
        "Client %(client)s has %(balance)s %(currency)s; all its rows here (%(count)d) need"
        " %(needed)s %(currency)s."
    ),
    "currency_differs": _(
        "The plan is sold in %(currency)s, but the balance of client %(client)s is in"
        " %(balance_currency)s."
    ),
    "expires_past": _("The expiry date %(date)s is not in the future."),
    # what a person should know of a row that can be bound
    "over_disk": _(
        "It uses %(used)d MiB of disk, but plan “%(plan)s” allows %(allowed)d: a later change in"
        " billing may push that limit to the account."
    ),
    "over_sites": _(
        "It has %(used)d sites, but plan “%(plan)s” allows %(allowed)d: a later change in billing"
        " may push that limit to the account."
    ),
    "less_disk": _("It may use %(limit)d MiB of disk now; plan “%(plan)s” allows %(allowed)d."),
    "less_sites": _("It may have %(limit)d sites now; plan “%(plan)s” allows %(allowed)d."),
    "less_databases": _("It may have %(limit)d databases now; plan “%(plan)s” allows %(allowed)d."),
    "less_mailboxes": _("It may have %(limit)d mailboxes now; plan “%(plan)s” allows %(allowed)d."),
    "less_mail_domains": _(
        "It may have %(limit)d mail domains now; plan “%(plan)s” allows %(allowed)d."
    ),
    "less_domains": _("It may have %(limit)d domains now; plan “%(plan)s” allows %(allowed)d."),
    "suspended": _("The account is suspended on its server."),
    "foreign_module": _(
        "Module “%(module)s” is not one of the plan's own; it is switched on while this is bound."
    ),
    "debt": _(
        "Client %(client)s owes %(debt)s %(currency)s, and whatever is credited pays that first:"
        " of %(credit)s %(currency)s that would be credited %(debt)s are swallowed. Confirm it, or"
        " leave the client out."
    ),
    "debt_accepted": _(
        "The debt of client %(client)s, %(debt)s %(currency)s, is paid off by what is credited."
    ),
    "may_owe": _(
        "Client %(client)s may owe %(limit)s, so that its balance may go below zero. That is"
        " inferred from “%(source)s”, which BILLmanager shows."
    ),
    "balance_unknown": _("The balance of client %(client)s is not shown to our login."),
    "balance_unread": _(
        "The balance of client %(client)s cannot be read: BILLmanager shows “%(shown)s”. Whether it"
        " covers the price, or is a debt, is not known."
    ),
    "credited": _("%(amount)s %(currency)s are added to the balance of client %(client)s first."),
    # what the order form shows to the client (rehearsal)
    "order_refused": _("BILLmanager does not offer this order to the client: %(said)s"),
    "order_closed": _("Client %(client)s may not order this plan. BILLmanager says: %(said)s"),
    "profile_missing": _(
        "Client %(client)s has no payer profile, and BILLmanager wants one first. Add it there."
    ),
    "method_not_offered": _("Client %(client)s is not offered the payment method “%(method)s”."),
    "order_needs": _("The order form requires %(fields)s, which nothing here fills."),
    "not_in_plan": _(
        "Module %(module)s is not in plan “%(plan)s”'s list of modules, so that step 5 cannot"
        " switch it on."
    ),
    "terms": _("Terms are accepted in the client's name (%(fields)s)."),
    "addons": _("Add-ons are offered and left as the plan has them: %(fields)s."),
    "discount": _("The order form tells of a discount: %(said)s."),
    "other_price": _(
        "For this client the order form says %(price)s %(currency)s; the price list says"
        " %(listed)s."
    ),
    "price_hidden": _("The order form shows no price; the price list's is expected."),
    "price_unclear": _(
        "What the order form comes to for this client is not clear: %(said)s. The price list says"
        " %(listed)s."
    ),
    "credit_below": _(
        "%(amount)s %(currency)s would be added first, but “%(method)s” takes no payment below"
        " %(least)s %(currency)s. Credit the client by hand, or choose another method."
    ),
    "credit_above": _(
        "%(amount)s %(currency)s would be added first, but “%(method)s” takes no payment above"
        " %(most)s %(currency)s. Credit the client by hand, or choose another method."
    ),
    "limits_unclear": _(
        "What “%(method)s” takes at least or at most cannot be compared with what is added:"
        " %(shown)s."
    ),
    "not_rehearsed": _("The order form could not be read as the client: %(said)s"),
    # what a rehearsal finds for all accounts of a plan or data centre
    "module_there": _("Module “%(name)s” is there for data centre %(datacenter)s."),
    "module_will_be": _(
        "Module “%(name)s” will be made for data centre %(datacenter)s, in department"
        " %(department)s."
    ),
    "module_wrong": _("The manual module cannot be used: %(said)s"),
    "centre_not_offered": _("A new module cannot be in data centre %(datacenter)s: %(said)s"),
    "plan_switches": _(
        "Plan “%(plan)s”: on by itself %(own)s; while ordering only the manual one."
    ),
    "plan_back": _("Plan “%(plan)s” ends with %(own)s, as it is now."),
    "plan_both": _("Plan “%(plan)s”: %(modules)s and the manual module are on."),
    "plan_empty": _("Plan “%(plan)s” has no module switched on now."),
    "plan_unread": _("The modules of plan “%(plan)s” cannot be read: %(said)s"),
    "order_unknown": _(
        "Which way orders go is not known; set “order” on BILLmanager's page, or discover again."
    ),
    "orders_by": _("Orders go by %(func)s; order forms read as their clients: %(count)d."),
    "paid_by_order": _("The order itself charges the balance (skipbasket=on)."),
    "credited_first": _("What a balance lacks is added first by %(method)s and marked as paid."),
    "nothing_to_pay": _("Only what is free is ordered."),
    "tasks_seen": _(
        "The list of tasks is read as “%(login)s”; activation tasks that wait: %(count)d."
    ),
    "tasks_unread": _("The tasks cannot be read as “%(login)s”: %(said)s"),
    "names_known": _("The names in a task's form are known: %(names)s."),
    "names_unknown": _("Not known yet: %(names)s. They are read in the form of the first task."),
    "gone_now": _("The account is no longer on %(server)s."),
    "server_read": _("%(server)s was read; accounts of it in this preview: %(count)d."),
    "server_unread": _("%(server)s cannot be read: %(said)s"),
    "step_unread": _("This could not be read: %(said)s"),
    "learn_remoteid": _("Whether BILLmanager keeps our own mark on a service (remoteid)."),
    "learn_module": _("Whether the service goes to the manual module at the order or later."),
    "learn_option": _("Whether a task offers the ispmanager module while it is off for the plan."),
    "learn_close": _("Whether closing a task lets BILLmanager test or change the account."),
    "learn_mark": _("Whether BILLmanager refuses to take the same payment twice (randomnumber)."),
    "no_password": _(
        "No password is known, without which a service cannot be tied to its account."
    ),
    "without_password": _("No password is known; it is bound without one."),
}
