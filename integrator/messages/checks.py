"""Messages of the panel check, and about logins and certificates that it meets."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

TEXTS = {
    # what a step needs, beside the state of it
    "need.login": _("log in as “%(login)s”"),
    "need.certificate": _("the panel's certificate"),
    "need.connection": _("latency and clock"),
    "need.clock": _("clock difference"),
    "need.parallel": _("calls at a time"),
    "need.no_filter": _("a saved filter"),
    "need.names": _("learn what it calls things"),
    "need.accounts": _("list the accounts"),
    "need.domains": _("list their domains"),
    "need.presets": _("list the presets"),
    "need.administrators": _("tell administrators from accounts"),
    "need.account_form": _("open an account's form"),
    "need.account_email": _("read an account's e-mail address"),
    "need.modules": _("list the processing modules"),
    "need.manual_module": _("the manual module's internal name"),
    "need.ispmanager_modules": _("which modules drive an ispmanager"),
    "need.module_form": _("open a module's form"),
    "need.new_module": _("open the form of a new module"),
    "need.module_button": _("the button that makes a module"),
    "need.department": _("a department whose tasks we may handle"),
    "need.plans": _("list the plans"),
    "need.hosting_plans": _("list the hosting plans"),
    "need.letter": _("read a plan's opening letter"),
    "need.plan_modules_list": _("the list of a plan's modules"),
    "need.plan_modules": _("list a plan's modules"),
    "need.switch_on": _("switch a plan's module on"),
    "need.switch_off": _("switch a plan's module off"),
    "need.marker": _("tell which modules of a plan are on"),
    "need.price_list": _("read the price list"),
    "need.order_prices": _("read prices in a client's order form"),
    "need.clients": _("list the clients"),
    "need.users": _("list their users"),
    "need.services": _("list the services"),
    "need.service_form": _("open a service's form"),
    "need.charges": _("list the charges"),
    "need.payments": _("list the payments"),
    "need.payment_methods": _("list the payment methods"),
    "need.paid": _("mark a payment as paid"),
    "need.receipts": _("see whether receipts are printed"),
    "need.client": _("act as a client"),
    "need.order": _("which way orders go"),
    "need.cart": _("where unpaid orders lie"),
    "need.unpaid_orders": _("see a client's unpaid orders"),
    "need.payment_form": _("open the form of a payment as a client"),
    "need.order_form": _("open an order form as a client"),
    "need.tasks": _("list the tasks as “%(login)s”"),
    "need.task_form": _("open a task's form"),
    "need.task_types": _("which tasks open a service"),
    "need.task_fields": _("what a task's form asks for"),
    "need.task_names": _("the names in a task's form"),
    # for what alone something is needed
    "only_for.server": _("Needed only to find out which server a module serves."),
    "only_for.letter": _("Needed only to say which mails BILLmanager will send."),
    "only_for.order_prices": _("Needed only where clients' order forms do not tell prices."),
    "only_for.credit": _("Needed only where balances are credited first."),
    "only_for.emails": _("Needed only to match accounts with clients by e-mail."),
    "only_for.administrators": _("Without it administrators are told by their level alone."),
    # what the panel said
    "check.said": _("The panel says: %(message)s"),
    "check.no_function": _(
        "The function “%(func)s” was looked for, and this panel has none. It says: %(why)s"
    ),
    "check.form_lacks": _("Looked for and not found in “%(func)s”: %(missing)s."),
    "check.no_button": _(
        "“%(func)s” is not among the buttons above “%(list)s”: %(buttons)s. %(right)s"
    ),
    "check.no_buttons": _("there are none"),
    "check.captcha": _(
        "It asks for a captcha, which no program can answer. Switch it off under Provider →"
        " Settings, or exempt the address of Integrator there."
    ),
    "check.right": _(
        "Grant the login “%(login)s” the function “%(func)s” in BILLmanager: Provider → Staff →"
        " Permissions → Functions."
    ),
    "check.ispmanager_right": _(
        "The login “%(login)s” may not use “%(func)s”; give it an administrator's rights in"
        " ispmanager."
    ),
    "check.filter": _(
        "A saved filter of the login “%(login)s” hides %(hidden)d of %(total)d lines."
        " Integrator switches it off in each of its calls; give Integrator a login of its"
        " own, so that nobody's filter can come between."
    ),
    # the connection
    "check.certificate_ends": _(
        "It ends on %(day)s. Whatever comes after it must be trusted anew."
    ),
    "check.clock": _(
        "The panel's clock differs from ours by %(seconds)d s. Set both by NTP: dates of"
        " services and payments would be off, and hours of runs too."
    ),
    "check.refused_at_a_time": _(
        "%(refused)d of %(all)d calls were refused when %(limit)d were sent at a time: lower"
        " “calls at a time”."
    ),
    "check.one_after_another": _(
        "With %(limit)d calls at a time each takes %(times)s times as long: the panel works"
        " on them one after another. More than a few bring nothing and burden it."
    ),
    # an ispmanager
    "check.no_account": _("This server has no account yet whose form could be opened."),
    # BILLmanager
    "check.nobodys_tasks": _(
        "The login for tasks handles nobody's tasks: the filter of its list of tasks offers no"
        " department. Add it to one in BILLmanager: Provider → Staff. There are: %(titles)s."
    ),
    "check.other_departments": _(
        "The login for tasks is in none of the departments that a module may have: %(titles)s."
        " Add it to one, so that it sees the tasks."
    ),
    "check.no_hosting_plan": _("BILLmanager has no plan for shared hosting."),
    "check.all_on": _(
        "Every module that was seen is on. What off looks like shows when the manual module is"
        " made; until both lists agree nothing is switched."
    ),
    "check.no_prices": _(
        "Neither the price list nor a client's order form tells what any plan costs."
    ),
    "check.receipts_for_charges": _(
        "The cash register %(names)s prints fiscal receipts for payments and for charges. Each"
        " account that is bound for money is charged, so that each leads to one; switch it off"
        " for the time of the run where none is wanted."
    ),
    "check.receipts_for_payments": _(
        "The cash register %(names)s prints fiscal receipts for payments: credit that a run"
        " adds may lead to one for each. Charges are not printed."
    ),
    "check.no_client": _("No client is known yet; discover, then check again."),
    "check.before_taking": _(
        "%(names)s are not in the form before a task is taken; perhaps taking leads to a second"
        " form. That will be found at the canary; nothing is sent before they are found."
    ),
    "check.no_task": _(
        "No activation task waits now, so that its form cannot be seen: %(names)s will be"
        " found at the canary, the first account of a run. Nothing is sent before they are."
    ),
    # what a person must set, and what was looked at
    "check.set": _("Set “%(name)s” below."),
    "check.could_be": _("It could be: %(names)s."),
    "check.looked_for_list": _(
        "Looked for above “pricelist”: a list whose rows are processing modules. The buttons there:"
        " %(buttons)s."
    ),
    "check.looked_for_parent": _("“%(func)s” opens with no plan."),
    "check.looked_for_switches": _(
        "Looked for above the list of a plan's modules: by name, label, icon and the rows for which"
        " they are hidden, one button that switches on and one that switches off."
    ),
    "check.looked_for_marker": _(
        "Looked for: a column of the list of a plan's modules that says the same as"
        " “processingmodules” in the list of plans."
    ),
    "check.looked_for_order": _(
        "Looked for, as a client: the form v2.vhost.order.param, else vhost.order.param."
    ),
    "check.looked_for_cart": _("Looked for, as a client: the list cart, else the form basket."),
    "check.unfilled": _(
        "The form of a task requires %(fields)s, which nothing here fills. Step 7 would stop there"
        " and send nothing. A field that is not in the form any more is left out."
    ),
    # a panel that does not let us in, or is elsewhere
    "no_login.password": _("%(panel)s does not accept this username and password."),
    "no_login.new_password": _(
        "On %(panel)s this login's password has expired: set another one there, with a browser,"
        " and give it here."
    ),
    "no_login.expired": _("%(panel)s ends our session as soon as it has begun."),
    "no_login.address": _(
        "%(panel)s does not let this login in from our address%(address)s: either its list of"
        " allowed addresses lacks it, or too many wrong passwords had it blocked for a while."
    ),
    "no_login.authinfo": _(
        "%(panel)s limits logins of programs to listed addresses (Settings → Authorization"
        " settings, RestrictAuthinfo); add ours%(address)s there."
    ),
    "no_login.two_factor": _(
        "%(panel)s asks this login for a second factor; switch that off for it."
    ),
    "no_login.captcha": _(
        "%(panel)s asks for a captcha at login; switch it off under Provider → Settings, or"
        " enter our address%(address)s among those that are exempt from it."
    ),
    "no_login.suspended": _("On %(panel)s this login is suspended; switch it on again there."),
    "no_login.other": _("%(panel)s does not let this login in."),
    "no_login.weak": _("%(user)s is no administrator on %(panel)s (level %(level)d, needed: 29)."),
    "panel.updating": _(
        "%(panel)s says that it is being updated. Wait until that is over, then ask again."
    ),
    "panel.elsewhere": _("A panel answers at %(url)s: register it with that address."),
    # a certificate, for a person to compare
    "certificate.subject": _("It was issued to: %(subject)s"),
    "certificate.dates": _("It is valid from %(begin)s to %(end)s"),
    "certificate.sha256": _("Its SHA-256 is: %(pin)s"),
    "certificate.trust": _("If that is the panel's own certificate, trust it with --pin %(pin)s"),
}

STATES = {
    "denied": pgettext_lazy("check", "denied"),
    "not found": pgettext_lazy("check", "not found"),
    "needs choice": pgettext_lazy("check", "needs choice"),
    "unreachable": pgettext_lazy("check", "unreachable"),
}
"""The states in which something keeps a run from being started."""

TASK_FORM = {
    "task_take": _("take a task"),
    "task_close": _("close a task"),
    "task_module": _("the task form's field for the module"),
    "task_username": _("the task form's field for the username"),
    "task_password": _("the task form's field for the password"),
}
"""Entries of the dialect that the form of a task shows, as what step 7 needs."""

LOOK = {
    "order": _(
        "In BILLmanager, act as a client and order hosting: the address of the order form has"
        " func=v2.vhost.order… (v2) or func=vhost.order… (old)."
    ),
    "cart": _(
        "In BILLmanager, act as a client and open what is ordered and unpaid: the address has"
        " func=cart or func=basket."
    ),
    "plan_modules_list": _(
        "In BILLmanager, open Tariff plans, select a hosting plan and press the button for its"
        " processing modules: the name is what stands behind func= in the address."
    ),
    "plan_modules_enable": _(
        "In BILLmanager, open a hosting plan's processing modules and hold the pointer over the"
        " button that switches one on: the name is what stands behind func=."
    ),
    "plan_modules_disable": _(
        "In BILLmanager, open a hosting plan's processing modules and hold the pointer over the"
        " button that switches one off: the name is what stands behind func=."
    ),
    "plan_modules_parent": _(
        "In BILLmanager, open a hosting plan's processing modules: the address names the plan's id"
        " behind elid= or behind plid=."
    ),
    "plan_modules_marker": _(
        "In BILLmanager, open a hosting plan's processing modules, one of which is off for this"
        " plan: the column in which it differs from those that are on."
    ),
    "manual_module": _(
        "In BILLmanager, open Processing modules, press Add and choose shared hosting: the module"
        " for manual processing, by the internal name that the form sends as “module”."
    ),
    "ispmanager_modules": _(
        "In BILLmanager, open Processing modules, press Add and choose shared hosting: the modules"
        " for ispmanager, by the internal names that the form sends as “module”."
    ),
    "module_create": _(
        "In BILLmanager, open Processing modules, press Add and go on to the last page, which asks"
        " for name, data centre and department: the name is what stands behind func=."
    ),
    "module_button": _(
        "In BILLmanager, on the last page of adding a processing module: the name that the button"
        " sends as “clicked_button”."
    ),
    "module_department": _(
        "In BILLmanager, open Departments: the id of one whose tasks the staff login handles;"
        " needed only where there are several."
    ),
    "task_take": _(
        "In BILLmanager, open an activation task as the staff login: how it becomes yours, by a"
        " button of its form, a button above the list, a choice of performer, a status, the first"
        " save, or not at all."
    ),
    "task_close": _(
        "In BILLmanager, open an activation task that is yours: how it is closed, by a button of"
        " its form, a checkbox or a status, and before it each button that leads to a next page."
    ),
    "task_module": _(
        "In BILLmanager, open an activation task that is yours: the name of the field in which the"
        " processing module is chosen."
    ),
    "task_username": _(
        "In BILLmanager, open an activation task that is yours: the name of the field for the"
        " hosting account's username."
    ),
    "task_password": _(
        "In BILLmanager, open an activation task that is yours: the name of the field for the"
        " hosting account's password."
    ),
    "task_fields": _(
        "In BILLmanager, open an activation task that is yours: the fields that it requires besides"
        " module, username and password, and what to fill in."
    ),
    "task_open_types": _(
        "In BILLmanager, open Tasks and the filter: the code of the type that opens a service."
    ),
    "staff_names": _(
        "In BILLmanager, open Tasks and look at one that the staff login has taken: what stands in"
        " the column of who works on it."
    ),
    "client_filter": _(
        "In BILLmanager, open the list of shared hosting and its filter: the name of the field that"
        " takes a client's id."
    ),
    "itemtype_id": _(
        "In BILLmanager, open Product types: the id of the one whose internal name is vhost."
    ),
    "itemtype_name": _(
        "In BILLmanager, open Product types: the title of the one whose internal name is vhost."
    ),
}
"""One sentence each on what to look for in BILLmanager's own pages."""
