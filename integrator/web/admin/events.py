"""Events: who or what changed which state, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import django_filters
from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from integrator.core.numbers import number
from integrator.messages.message import keys_containing
from integrator.messages.names import SUBJECTS
from integrator.models import Event
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

PER_PAGE = 100


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Narrow down events by person, subject, run or text."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    subject = django_filters.ChoiceFilter(
        choices=list(SUBJECTS.items()), label=_("About"), empty_label=_("Everything")
    )
    people = django_filters.BooleanFilter(method="by_people", label=_("By people only"))

    class Meta:
        model = Event
        fields: ClassVar = ["q", "subject", "people"]

    def search(self, queryset: QuerySet[Event], _name: str, value: str) -> QuerySet[Event]:
        """Find a run (r12), a binding (b345), a window (w6), or text in the actor or the reason."""
        text = value.strip()
        kinds = {"r": "run_id", "b": "binding_id", "w": "window_id"}
        about = number(text[1:])
        if text[:1].lower() in kinds and about is not None:
            return queryset.filter(**{kinds[text[0].lower()]: about})
        found = Q(actor__icontains=text) | Q(why__icontains=text)
        for key in keys_containing(text):
            found |= Q(why__contains=f'"{key}"')  # as a message is stored
        return queryset.filter(found)

    def by_people(self, queryset: QuerySet[Event], _name: str, value: bool) -> QuerySet[Event]:  # noqa: FBT001 - django-filter's signature
        """Exclude what Integrator did by itself."""
        return queryset.exclude(actor="integrator") if value else queryset


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """A page of events; there may be millions, so they are walked by id and never counted."""
    chosen = EventFilter(request.GET, Event.objects.all())
    rows = chosen.qs.select_related("binding__account", "window__plan").order_by("-id")
    before = number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "section": "events",
        "filter": chosen,
        "events": found[:PER_PAGE],
        "before": found[PER_PAGE - 1].pk if more else None,
        "query": query.urlencode(),
        "first_page": not before,
    }
    return render(request, "admin/events.html", context)
