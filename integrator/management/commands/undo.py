"""Undo a binding: its service on the manual module first, the account free at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.operator import undo_guide
from integrator.management.output import FAILED, OK, PersonCommand, actor, find_binding
from integrator.panel_access import deep_links

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py undo BINDING [--manual | --release]`."""

    help = "Guide back from a service: --manual, then delete it in BILLmanager, then --release."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the binding and the two steps that the product does."""
        parser.add_argument("word", metavar="BINDING", help=_("as b345"))
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--manual", action="store_true", help=_("put its service on the manual module")
        )
        way.add_argument(
            "--release", action="store_true", help=_("free the account, if the service is gone")
        )

    def run(self, **given: Any) -> int:
        """Do the step, or say which comes next."""
        binding = find_binding(given["word"])
        alarming = ""
        if given["manual"]:
            undo_guide.to_manual(binding.pk, actor())
        elif given["release"]:
            alarming = undo_guide.release(binding.pk, actor())
        binding.refresh_from_db()
        undo = undo_guide.state_of(binding)
        self.emit(
            {
                "binding": str(binding),
                "state": binding.state,
                "service": binding.service_id,
                "manual_module": undo.manual is not None,
                "released": undo.released,
            },
            [alarming or f"{binding} {binding.state}: {_next(undo, binding.service_id)}"],
        )
        return FAILED if alarming else OK


def _next(undo: undo_guide.Undo, service_id: int | None) -> str:
    if undo.released:
        return _("undone; its account is free")
    if not undo.possible or service_id is None:
        return _("there is nothing to undo")
    if undo.manual is None:
        return _(
            "service %(id)d must go on the manual module first: --manual. Do not delete it before."
        ) % {"id": service_id}
    return _("delete service %(id)d in BILLmanager (%(link)s), then: --release") % {
        "id": service_id,
        "link": deep_links.service(service_id),
    }
