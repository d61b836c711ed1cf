"""Passwords that rows of a preview lack: given one by one, as a list, reset, or done without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import Sum
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrator import demo
from integrator.core.errors import Refused
from integrator.models import Account, Preview
from integrator.previews import passwords
from integrator.previews.csv import password_list
from integrator.previews.preview import choices_of
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.web.previews import making_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.models import PreviewRow
    from integrator.web.layout.access import Request


@needs(post=Role.OPERATOR)
def one(request: Request, pk: int, number: int) -> HttpResponse:
    """Keep the password of one row, until the run is started; it is never shown again."""
    found = get_object_or_404(Preview, pk=pk)
    row = get_object_or_404(found.rows, number=number)
    password = request.POST.get("password", "")
    _keep(request, found, {row.account_id: password} if password else {})
    return redirect("preview", found.pk)


@needs(post=Role.OPERATOR)
def listed(request: Request, pk: int) -> HttpResponse:
    """Keep a pasted list of passwords, or those that the demo knows."""
    found = get_object_or_404(Preview, pk=pk)
    if "demo" in request.POST:
        _keep(request, found, demo.passwords(_accounts_of(passwords.lacking(found))))
        return redirect("preview", found.pk)
    try:
        given = password_list.read(
            request.POST.get("passwords", ""), _accounts_of(found.rows.all())
        )
    except Refused as refused:
        refusals.show_refusal(request, refused)
    else:
        _keep(request, found, given)
    return redirect("preview", found.pk)


@needs(post=Role.OPERATOR)
def reset(request: Request, pk: int) -> HttpResponse:
    """Make the preview anew for a run that resets every account's password."""
    choices = {"reset_passwords": True, "check_passwords": False, "without_passwords": False}
    return _remade(request, pk, choices, _("Passwords will be reset when this preview is started."))


@needs(post=Role.OPERATOR)
def without(request: Request, pk: int) -> HttpResponse:
    """Make the preview anew for a run that binds without one what has no known password."""
    choices = {"without_passwords": True}
    said = _("Accounts of which no password is known will be bound without one.")
    return _remade(request, pk, choices, said)


def _remade(request: Request, pk: int, changed: Mapping[str, Any], said: str) -> HttpResponse:
    found = get_object_or_404(Preview, pk=pk)
    choices = replace(choices_of(found), **changed)
    try:
        made = making_page.remade(found, request.user.get_username(), choices)
    except Refused as refused:
        refusals.show_refusal(request, refused)
        return redirect("preview", found.pk)
    messages.warning(request, said)
    return redirect("preview", made.pk)


def context(preview: Preview) -> dict[str, Any]:
    """What the preview's page shows of it: how many accounts lack one, and what can be done.

    ``charged``: what a run charges now, without them.
    """
    lacking = 0 if preview.started_at else passwords.lacking(preview).count()
    charged = preview.summary["totals"]
    if lacking:
        rows = passwords.bindable(preview).order_by("currency").values("currency")
        charged = list(rows.annotate(amount=Sum("price")))
    return {
        "charged": charged,
        "bindable": preview.summary["ready"] - lacking,
        "lacking": lacking,
        "demo": bool(lacking) and demo.is_demo(),
        "can_do_without": bool(lacking) and passwords.are_optional(),
    }


def _accounts_of(rows: QuerySet[PreviewRow]) -> QuerySet[Account]:
    return Account.objects.filter(pk__in=rows.values("account_id"))


def _keep(request: Request, found: Preview, given: Mapping[int, str]) -> None:
    """Keep these, by account, and say how many; each page is told why where none is."""
    if not given:
        messages.error(request, _("No password was given; nothing has been changed."))
        return
    try:
        number = passwords.give(found, given)
    except Refused as refused:
        refusals.show_refusal(request, refused)
        return
    said = ngettext("%d password is kept.", "%d passwords are kept.", number)
    messages.success(request, said % number)
