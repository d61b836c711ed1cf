"""Clients that do not exist: list them, have them created in BILLmanager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.operator import client_creation
from integrator.core.errors import Refused
from integrator.management.output import FAILED, OK, PersonCommand, actor, columns
from integrator.matching import matcher, missing_clients
from integrator.models import NewClient
from panels.normal_forms import clean, stored_email, unseen_in

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py clients [--create EMAIL … | --create-all] [--country KEY] [--project KEY]`."""

    help = "List e-mails of unbound accounts that no client has; create clients, without any mail."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare whom to create, and how."""
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument("--create", nargs="+", action="extend", default=[], metavar="EMAIL")
        whom.add_argument("--create-all", action="store_true", help=_("all that are listed"))
        parser.add_argument("--country", default="", metavar="KEY|NAME")
        parser.add_argument("--project", default="", metavar="KEY|NAME", help=_("the provider"))

    def run(self, **given: Any) -> int:
        """Create whom the person named, then list."""
        people = _people(given)
        if people:
            country = _key("countries", given["country"])
            project = _key("projects", given["project"])
            for number in client_creation.ask(people, country, project, actor()):
                client_creation.work(number)
            matcher.match_all()
        rows = missing_clients.missing()
        self.emit({"clients": [_row(one) for one in rows]}, _lines(rows))
        emails = [email for email, _name in people]
        left = NewClient.objects.filter(email__in=emails).exclude(state=NewClient.State.DONE)
        return FAILED if left.exists() else OK


def _people(given: dict[str, Any]) -> list[tuple[str, str]]:
    listed = {one.email: one.name for one in missing_clients.missing()}
    if given["create_all"]:
        return list(listed.items())
    emails = list(map(clean, given["create"]))
    wrong = [email for email in emails if unseen_in(email) or not missing_clients.is_email(email)]
    if wrong:
        raise Refused(_("These are no e-mail addresses; nothing was created:"), wrong)
    return [(email, listed.get(email, "")) for email in map(stored_email, emails)]


def _key(name: str, word: str) -> str:
    """The key that is meant by a key or a label; the only one there is where none is named."""
    offered = missing_clients.form_choices(name)
    if not word and len(offered) <= 1:
        return offered[0][0] if offered else ""
    for key, label in offered:
        if word in {key, label}:
            return key
    raise Refused(
        _("Say which one of BILLmanager's %(what)s; nothing was created. It offers:")
        % {"what": name},
        [f"{key}  {label}" for key, label in offered],
    )


def _lines(rows: list[missing_clients.Missing]) -> list[str]:
    head = [_("e-mail"), _("name"), _("accounts"), _("state"), _("client")]
    return columns([head, *([*_row(one).values()][:5] for one in rows)])


def _row(one: missing_clients.Missing) -> dict[str, Any]:
    asked = one.asked
    return {
        "email": one.email,
        "name": one.name,
        "accounts": one.accounts,
        "state": asked.state if asked else "not asked for",
        "client": asked.client.remote_id if asked and asked.client else None,
        "made": asked.made if asked else False,
        "cause": str(asked.cause) if asked else "",
    }
