"""The filters of the Accounts page: one FilterSet for the list, its counts and the bulk choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_filters.fields import ModelChoiceField

from integrator.core.typed_text import typed
from integrator.models import Account, Binding, Panel, Plan
from integrator.models.states import MOVING, NEEDS_PERSON, BindingState, RowState
from integrator.web.accounts import search
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _among(**fields: object) -> Q:
    """Accounts whose binding is one of these: few beside all accounts, so that they are listed."""
    return Q(binding__in=Binding.objects.filter(**fields).order_by().values("pk"))


# As many as the accounts themselves in the end: told by not being one of the others.
_DONE = Q(binding__isnull=False) & ~_among(state__in=set(BindingState) - {BindingState.DONE})
STATES: dict[str, Q] = {
    "unbound": Q(service__isnull=True)
    & (Q(binding__isnull=True) | _among(state=BindingState.CANCELLED, reserved=False)),
    "moving": _among(state__in=MOVING),
    "attention": _among(state__in=NEEDS_PERSON),
    "bound": _DONE | Q(service__isnull=False, binding__isnull=True),
    "cancelled": _among(state=BindingState.CANCELLED),
}
_NO_CLIENT = Q(match_candidates=[])
_NO_PLAN = Q(client__isnull=False, plan__isnull=True)
_CHOOSE, _BLOCKED = Q(match_state=RowState.CHOOSE), Q(match_state=RowState.BLOCKED)
WHY_NOT: dict[str, Q] = {
    "ready": Q(match_state=RowState.READY),
    "several": _CHOOSE & ~_NO_PLAN,
    "no-client": _BLOCKED & _NO_CLIENT,
    "no-plan": _CHOOSE & _NO_PLAN,
    "obstacle": _BLOCKED & ~_NO_CLIENT,
}
"""Why an account that is not bound is not: each account in one part alone."""
WHY_NOT_WORDS = [
    ("several", _("A client to choose")),
    ("no-client", _("No client")),
    ("no-plan", _("No plan")),
    ("obstacle", _("An obstacle")),
]
MATCHES: dict[str, Q] = {**WHY_NOT, "choose": _CHOOSE, "blocked": _BLOCKED}
CONFLICT = "conflict"
STATE_WORDS = [
    ("unbound", _("Not bound")),
    ("moving", _("Being bound")),
    ("attention", _("Needs attention")),
    ("bound", _("Bound")),
    ("cancelled", pgettext_lazy("binding", "Cancelled")),
]


def listed() -> QuerySet[Account]:
    """The accounts that are listed: present, and not a server's own."""
    return Account.objects.filter(gone_at__isnull=True, system=False)


class NamedChoiceField(ModelChoiceField):  # type: ignore[misc]  # django-filter ships no types
    """A choice among things that a panel has named."""

    def label_from_instance(self, obj: object) -> str:
        """Say the name without what could hide or reorder it."""
        return plain(obj)


class NamedChoiceFilter(django_filters.ModelChoiceFilter):  # type: ignore[misc]  # the same
    """Filters by a thing that a panel has named."""

    field_class = NamedChoiceField


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Search and narrow down accounts; a value that is no choice narrows nothing down."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    server = NamedChoiceFilter(
        field_name="panel",
        queryset=lambda _request: Panel.objects.filter(kind="ispmanager").only("id", "name"),
        label=_("Server"),
        empty_label=_("All servers"),
    )
    plan = NamedChoiceFilter(
        queryset=lambda _request: Plan.objects.filter(gone_at__isnull=True).only("id", "name"),
        label=_("Plan"),
        empty_label=_("All plans"),
    )
    state = django_filters.ChoiceFilter(
        choices=STATE_WORDS, method="in_state", label=_("State"), empty_label=_("All states")
    )
    match = django_filters.ChoiceFilter(
        choices=[*RowState.choices, *WHY_NOT_WORDS, (CONFLICT, _("In conflict"))],
        method="matched",
        label=_("Match"),
        empty_label=_("All matches"),
    )

    class Meta:
        model = Account
        fields: ClassVar = ["q", "server", "plan", "state", "match"]

    def search(self, queryset: QuerySet[Account], name: str, _value: str) -> QuerySet[Account]:
        """Find what was typed in login, domain, e-mail or the client's name."""
        return queryset.filter(search.having(typed(self.data, name)))

    def in_state(self, queryset: QuerySet[Account], _name: str, value: str) -> QuerySet[Account]:
        """Narrow down by where the account's binding stands."""
        return queryset.filter(STATES[value])

    def matched(self, queryset: QuerySet[Account], _name: str, value: str) -> QuerySet[Account]:
        """Narrow down by what matching proposes; it speaks of accounts that are not bound.

        A conflict speaks of bound ones too.
        """
        if value == CONFLICT:
            return queryset.filter(in_conflict=True)
        return queryset.filter(STATES["unbound"], MATCHES[value])
