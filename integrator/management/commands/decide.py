"""Show what is undecided, or decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.causes import CAUSES
from integrator.bindings.operator import actions, undecided_evidence
from integrator.management.output import FAILED, OK, PersonCommand, actor, columns, find_binding
from integrator.models.states import BindingState

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from integrator.models import Binding


class Command(PersonCommand):
    """`manage.py decide BINDING [--adopt SERVICE | --adopt-payment PAYMENT | --try-again]`."""

    help = "Say what became of an order, payment or task whose outcome could not be read back."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the binding and the ways."""
        parser.add_argument("word", metavar="BINDING", help=_("as b345"))
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--adopt", type=int, metavar="SERVICE", help=_("it exists: this service is ours")
        )
        way.add_argument(
            "--adopt-payment", type=int, metavar="PAYMENT", help=_("this payment is our credit")
        )
        way.add_argument("--try-again", action="store_true", help=_("it does not exist"))

    def run(self, **given: Any) -> int:
        """Carry out the decision and say where the binding stands; without one, show it."""
        binding = find_binding(given["word"])
        if given["try_again"]:
            actions.try_again(binding.pk, actor())
        elif given["adopt"] is not None:
            actions.adopt(binding.pk, given["adopt"], actor())
        elif given["adopt_payment"] is not None:
            actions.adopt_payment(binding.pk, given["adopt_payment"], actor())
        else:
            return self.show(binding)
        binding.refresh_from_db()
        self.emit(
            {"binding": str(binding), "state": binding.state, "service": binding.service_id},
            [f"{binding} {binding.state}"],
        )
        return OK

    def show(self, binding: Binding) -> int:
        """Show what is undecided, with BILLmanager's candidates; 1 while it is undecided."""
        undecided = binding.state == BindingState.UNDECIDED
        found = undecided_evidence.options(binding) if undecided else []
        cause = CAUSES.get(binding.cause)
        rows = [[one.kind, one.id, one.about, one.unfit] for one in found]
        self.emit(
            {
                "binding": str(binding),
                "state": binding.state,
                "cause": str(binding.cause_text) or binding.cause,
                "options": [
                    {"kind": one.kind, "id": one.id, "about": one.about, "unfit": one.unfit}
                    for one in found
                ],
            },
            [
                f"{binding} {binding.state}: {binding.cause_text}",
                *([str(cause.advice)] if cause else []),
                *columns(rows),
            ],
        )
        return FAILED if undecided else OK
