"""People: who may sign in, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes.utils import reset
from django import forms
from django.contrib import messages
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group, User
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrator.models import SecondFactor
from integrator.web.admin import notes, sessions
from integrator.web.layout.access import GROUPS, ROLE_WORDS, Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

ROLES = [(role.group, ROLE_WORDS[role]) for role in Role if role]


class PersonForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """A new person with a first password and a role."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The form is the page's second thing; the focus belongs to the list.
        self.fields["username"].widget.attrs.pop("autofocus", None)


@needs(get=Role.ADMIN, post=Role.ADMIN, fresh=True)
def page(request: Request) -> HttpResponse:
    """The list and the form for a new person."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.save()
        give_role(person, form.cleaned_data["role"])
        _note(request, "added", person, form.cleaned_data["role"])
        messages.success(request, _("%s can sign in now.") % person.get_username())
        return redirect("people")
    people = User.objects.select_related("second_factor").prefetch_related("groups", "sessions")
    people = people.order_by("-is_active", "username")
    context = {
        "section": "people",
        "form": form,
        "people": [(person, _role(person)) for person in people],
        "roles": ROLES,
    }
    return render(request, "admin/people.html", context)


@needs(post=Role.ADMIN, fresh=True)
def change(request: Request, pk: int) -> HttpResponse:
    """Give another role, let in again, or shut out; nobody can do that to themselves."""
    person = get_object_or_404(User, pk=pk)
    what = request.POST.get("what", "")
    if person == request.user:
        messages.error(request, _("Ask another admin to change your own role."))
    elif what in GROUPS:
        give_role(person, what)
        _note(request, "role", person, what)
        messages.success(request, _("%s has another role now.") % person.get_username())
    elif what in {"shut out", "let in"}:
        person.is_active = what == "let in"
        person.save(update_fields=["is_active"])
        if not person.is_active:
            sessions.end_all_of(person)
        reset(username=person.get_username())  # a lock-out by wrong passwords ends as well
        _note(request, what, person, "")
        messages.success(request, _("Done."))
    elif what == "end sessions":
        ended = sessions.end_all_of(person)
        _note(request, what, person, str(ended))
        said = ngettext("%d session is ended.", "%d sessions are ended.", ended)
        messages.success(request, said % ended)
    elif what == "new factor":
        SecondFactor.objects.filter(user=person).delete()
        sessions.end_all_of(person)
        _note(request, what, person, "")
        messages.success(request, _("%s sets up a new second factor now.") % person.get_username())
    return redirect("people")


def give_role(person: User, name: str) -> None:
    """Make this the person's one role; other groups are left alone."""
    group, _created = Group.objects.get_or_create(name=name)
    person.groups.remove(*person.groups.filter(name__in=GROUPS))
    person.groups.add(group)


def _role(person: User) -> Role:
    """The role as the list shows it: also of somebody who is shut out."""
    if person.is_superuser:
        return Role.ADMIN
    names = [group.name for group in person.groups.all()]
    return max((GROUPS[name] for name in names if name in GROUPS), default=Role.NONE)


def _note(request: Request, what: str, person: Any, detail: str) -> None:
    text = f"{person.get_username()} {detail}".strip()
    notes.note(request.user.get_username(), "person", what, text)
