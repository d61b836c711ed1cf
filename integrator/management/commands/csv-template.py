"""Print a CSV file to bind from."""  # noqa: N999 - the command's name

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.management.output import OK, PersonCommand
from integrator.matching.candidates import unbound
from integrator.models import Account
from integrator.previews.csv import writer

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PersonCommand):
    """`manage.py csv-template [--accounts]`."""

    help = "Print a CSV file to fill in and give to “bind --csv”."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare what the file holds beside the columns."""
        parser.add_argument(
            "--accounts", action="store_true", help=_("with every account that is not bound")
        )

    def run(self, **given: Any) -> int:
        """Print the file; with ``--json`` a list of its lines, each an object."""
        rows = writer.template(unbound() if given["accounts"] else Account.objects.none())
        if self.json:
            head, *lines = rows
            self.print_json([dict(zip(map(str, head), line, strict=True)) for line in lines])
            return OK
        for line in writer.written(rows):
            self.stdout.write(line, ending="")
        return OK
