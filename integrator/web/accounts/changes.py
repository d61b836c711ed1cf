"""Changes between discoveries, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import django_filters
from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from integrator.core.numbers import number
from integrator.messages.names import FIELDS
from integrator.models import Change, Panel
from integrator.web.accounts.filters import NamedChoiceFilter
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

PER_PAGE = 100


class ChangeFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Narrow down by panel, kind of thing, kind of change, or name."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    panel = NamedChoiceFilter(
        queryset=lambda _request: Panel.objects.only("id", "name"),
        label=_("Panel"),
        empty_label=_("All panels"),
    )
    kind = django_filters.ChoiceFilter(
        choices=Change.Kind.choices, label=_("About"), empty_label=_("Everything")
    )
    what = django_filters.ChoiceFilter(
        choices=Change.What.choices, label=_("Change"), empty_label=_("All changes")
    )

    class Meta:
        model = Change
        fields: ClassVar = ["q", "panel", "kind", "what"]

    def search(self, queryset: QuerySet[Change], _name: str, value: str) -> QuerySet[Change]:
        """Find a login, an id or a name."""
        text = value.strip()
        return queryset.filter(Q(ref=text) | Q(name__icontains=text))


def pairs_of(change: Change) -> list[tuple[str, str, str]]:
    """(what, before, after) of each thing that changed, as people say it."""
    return [
        (str(FIELDS.get(name, name)), _text(before), _text(after))
        for name, (before, after) in change.fields.items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("on")) if value else str(_("off"))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) or "–"
    return "–" if value in ("", None) else str(value)


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """A page of changes; they are walked by id and never counted."""
    chosen = ChangeFilter(request.GET, Change.objects.all())
    rows = chosen.qs.select_related("panel").order_by("-id")
    before = number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PER_PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "section": "panels",
        "filter": chosen,
        "changes": [(change, pairs_of(change)) for change in found[:PER_PAGE]],
        "before": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "query": query.urlencode(),
        "first_page": not before,
    }
    return render(request, "accounts/changes.html", context)
