"""Decide what an unknown outcome was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.management.output import OK, PersonCommand, actor, find_binding
from integrator.workflow import actions

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py decide BINDING --adopt SERVICE | --try-again`."""

    help = "Say what became of an order or payment whose outcome could not be read back."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the binding and the two ways."""
        parser.add_argument("word", metavar="BINDING", help=_("as b345"))
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument(
            "--adopt", type=int, metavar="SERVICE", help=_("it exists: this service is ours")
        )
        way.add_argument("--try-again", action="store_true", help=_("it does not exist"))

    def run(self, **given: Any) -> int:
        """Carry out the decision and say where the binding stands."""
        binding = find_binding(given["word"])
        if given["try_again"]:
            actions.try_again(binding.pk, actor())
        else:
            actions.adopt(binding.pk, given["adopt"], actor())
        binding.refresh_from_db()
        self.tell(
            {"binding": str(binding), "state": binding.state, "service": binding.service_id},
            [f"{binding} {binding.state}"],
        )
        return OK
