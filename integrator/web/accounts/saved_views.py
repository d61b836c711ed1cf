"""Views of the accounts that people have saved under a name, for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.typed_text import typed
from integrator.models import SavedView
from integrator.web.accounts.filters import AccountFilter
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

KEPT = (*AccountFilter.base_filters, "sort")
"""What an address of the page may say of a view."""


@needs(post=Role.OPERATOR)
def save(request: Request) -> HttpResponse:
    """Keep what the page shows under the name that was typed."""
    name, query = typed(request.POST, "name"), shortened(request.POST.get("query", ""))
    if not 0 < len(name) <= SavedView.MAX_NAME:
        text = _("Give the view a name of up to %(n)s letters.")
        messages.error(request, text % {"n": SavedView.MAX_NAME})
        return _to(query)
    if len(query) > SavedView.MAX_QUERY:
        messages.error(request, _("What is searched for is too long to be saved as a view."))
        return _to("")
    person = request.user.get_username()
    try:
        with transaction.atomic():
            SavedView.objects.create(name=name, query=query, saved_by=person, saved_at=now())
    except IntegrityError:
        text = _("There is a view “%(name)s” already: choose another name, or delete it first.")
        messages.error(request, text % {"name": name})
    else:
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": name})
    return _to(query)


@needs(post=Role.OPERATOR)
def delete(request: Request, pk: int) -> HttpResponse:
    """Forget a view; the accounts in it stay as they are."""
    view = get_object_or_404(SavedView, pk=pk)
    view.delete()
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return _to(shortened(request.POST.get("query", "")))


def shortened(query: str) -> str:
    """The query of an address without what is no part of a view: always the same for the same."""
    given = QueryDict(query)
    return urlencode([(name, given[name]) for name in KEPT if given.get(name)])


def _to(query: str) -> HttpResponse:
    return redirect(f"{reverse('accounts')}?{query}" if query else reverse("accounts"))
