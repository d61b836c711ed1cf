"""Clients that do not exist: e-mails of unbound accounts that no user of BILLmanager has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Count, Exists, Max, OuterRef

from integrator.inventory.lookup import billmanager
from integrator.matching.candidates import unbound
from integrator.models import ClientUser, NewClient
from panels.normal_forms import email_spellings

if TYPE_CHECKING:
    from django.db.models import QuerySet

QUOTES = ("'", "’", "‘", "ʼ", "＇", "`", "´", '"', "“", "”", "«", "<", "(", "[")
"""What an e-mail that was copied out of a spreadsheet or a letter may begin with."""


@dataclass(frozen=True, slots=True)
class Missing:
    """An e-mail without a client. ``asked``: its creation, None: nobody has asked for it."""

    email: str
    name: str
    accounts: int
    asked: NewClient | None


def missing() -> list[Missing]:
    """Every e-mail of accounts that could be bound, have no client and no user's e-mail.

    An account that a client was proposed for by something else (a domain, a past service) is not
    among them; one that merely looks like some client's is. What is no e-mail is left out: nothing
    could be created for it.
    Those whose creation was asked for stay in the list, with how far it is.
    """
    present = ClientUser.objects.filter(gone_at=None)
    users = present.filter(email=OuterRef("email"))
    rows = (
        unbound()
        .filter(client=None)
        .exclude(email="")
        .exclude(Exists(users))
        .order_by("email")
        .values_list("email")
        .annotate(name=Max("fullname"), number=Count("id"))
    )
    asked = {row.email: row for row in NewClient.objects.select_related("client")}
    found = [
        Missing(email, name, number, asked.pop(email, None))
        for email, name, number in rows
        if is_email(email) and not _spelt_otherwise(email, present)
    ]
    found += [Missing(row.email, row.name, 0, row) for row in asked.values()]
    return sorted(found, key=lambda one: one.email)


def is_email(text: str) -> bool:
    """Whether a client can be created with this e-mail: well formed, and not with a quote first."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return not text.startswith(QUOTES)


def _spelt_otherwise(email: str, users: QuerySet[ClientUser]) -> bool:
    """Whether a user has the same e-mail, written in another way."""
    spellings = email_spellings(email)
    return spellings != [email] and users.filter(email__in=spellings).exists()


def form_choices(name: str) -> list[tuple[str, str]]:
    """The ``countries`` or ``projects`` of BILLmanager's form, by the last discovery."""
    facts = billmanager().discovery.get("facts", {}).get("client_form", {})
    return [(str(key), str(label)) for key, label in facts.get(name, [])]
