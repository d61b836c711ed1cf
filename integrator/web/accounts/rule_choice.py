"""Choosing the clients of many accounts by a rule: its pairs are shown, ticked, then stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from integrator.matching import rules
from integrator.messages.message import of_json
from integrator.web.accounts import selection
from integrator.web.accounts.choice import free
from integrator.web.layout.access import Role, needs
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.models import Account
    from integrator.web.layout.access import Request


@needs(get=Role.OPERATOR, post=Role.OPERATOR)
def page(request: Request) -> HttpResponse:
    """The rules, how many pairs each finds, and the pairs of the one that was picked."""
    if request.method == "GET":
        return redirect("accounts")
    chosen = selection.read(request.POST)
    accounts = free().filter(pk__in=chosen.accounts.order_by().values("pk"))
    if (meant := request.POST.get("apply", "")) in rules.RULES:
        return _store(request, accounts, meant, chosen.query)
    rule, found = request.POST.get("rule", ""), rules.proposals(accounts)
    context = {
        "section": "accounts",
        "chosen": chosen,
        "ids": [] if chosen.everything else request.POST.getlist("account"),
        "rules": [(key, text, len(found[key])) for key, text in rules.RULES.items()],
        "any": any(found.values()),
        "most": rules.MOST,
        "rule": rule,
        "pairs": [
            (one, " ".join(plain(of_json(why)) for why in one.reasons))
            for one in found.get(rule, ())
        ],
    }
    return render(request, "accounts/rule_choice.html", context)


def _store(request: Request, accounts: QuerySet[Account], rule: str, query: str) -> HttpResponse:
    ticked = set(request.POST.getlist("pair"))
    done = rules.store(accounts, rule, ticked, request.user.get_username())
    text = ngettext(
        "The client of %(n)d account is chosen.",
        "The clients of %(n)d accounts are chosen.",
        len(done),
    )
    messages.success(request, text % {"n": len(done)})
    if left := len(ticked) - len(done):
        text = ngettext(
            "%(n)d was left as it is, since the rule does not find it any more.",
            "%(n)d were left as they are, since the rule does not find them any more.",
            left,
        )
        messages.warning(request, text % {"n": left})
    return redirect(f"{reverse('accounts')}?{query}" if query else "accounts")
