"""Base of the commands: JSON or text, exit codes, arguments that name runs and bindings.

Exit codes (design.md, section 7): 0 all is well; 1 something failed or is undecided; 2 the input
was refused and nothing changed; 3 a panel cannot be reached.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from integrator.core.errors import ActionRefused, CsvRefused, Refused
from integrator.core.numbers import row_id
from integrator.models import Binding, Panel, Run
from integrator.panel_access.read_retries import repeated_reads
from integrator.panel_setup import advice
from panels.coremanager import errors

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Sequence

OK, FAILED, REFUSED, UNREACHABLE = 0, 1, 2, 3


class PersonCommand(BaseCommand):
    """A command for people and scripts: ``run`` does the work and returns the exit code.

    What was refused or could not be reached is printed as a sentence, never as a traceback; with
    ``--json`` as {"error", "lines"} on the standard output.
    """

    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Give every command ``--json``, then its own options."""
        allow_json(parser)
        self.declare(parser)

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the command's own options."""

    def handle(self, *_args: str, **given: Any) -> None:
        """Run the command and end the process with its exit code."""
        self.json = bool(given.pop("json", False))
        try:
            _check_tables()
            with repeated_reads():
                code = self.run(**given)
        except CsvRefused as error:
            details = [
                {"line": one.line, "column": one.column, "text": str(one.text)}
                for one in error.errors
            ]
            lines = [*error.lines, *_creating_advice(error.unknown_emails)]
            self.fail(REFUSED, error.text, lines, {"errors": details})
        except (Refused, ActionRefused) as error:
            self.fail(REFUSED, error.text, error.lines)
        except errors.CertificateRefused as error:
            self.fail(UNREACHABLE, str(error), [*map(str, advice.certificate(error))])
        except errors.NotSent as error:
            self.fail(UNREACHABLE, str(error), [_unreachable_advice()])
        except errors.UnexpectedAnswer as error:
            self.fail(UNREACHABLE if error.transient else FAILED, str(error))
        except errors.PanelError as error:
            self.fail(FAILED, str(error))
        if code:
            sys.exit(code)

    def run(self, **given: Any) -> int:
        """Do the work; the exit code."""
        raise NotImplementedError

    def fail(
        self,
        code: int,
        text: str,
        lines: Sequence[str] = (),
        more: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Print the error and exit with this code."""
        if self.json:
            self.print_json({"error": text, "lines": list(lines), **(more or {})})
        else:
            self.stderr.write("\n".join([text, *(f"  {line}" for line in lines)]))
        sys.exit(code)

    def print_json(self, value: Any) -> None:
        """Print one JSON object."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def emit(self, value: Any, lines: Iterable[str]) -> None:
        """Print the object with ``--json``, else the lines."""
        if self.json:
            self.print_json(value)
            return
        for line in lines:
            self.stdout.write(line)

    def note(self, text: str) -> None:
        """Print to stderr what is no part of the output."""
        self.stderr.write(text, self.style.NOTICE)
        self.stderr.flush()


def _check_tables() -> None:
    """Raise Refused when the database has never been prepared, or cannot be opened."""
    try:
        prepared = Panel._meta.db_table in connection.introspection.table_names()  # noqa: SLF001 - Django's documented name
    except OperationalError as error:
        raise Refused(
            _("The database cannot be opened (%(why)s); is “manage.py up” set up here?")
            % {"why": str(error).splitlines()[0]}
        ) from error
    if not prepared:
        raise Refused(
            _("There is nothing here yet: start “manage.py up” once, or run “manage.py migrate”.")
        )


def _unreachable_advice() -> str:
    return _(
        "Nothing was sent. Check the address, the network, the panel itself and, for a panel in"
        " a private network, the setting ALLOW_PRIVATE_PANELS."
    )


def _creating_advice(emails: Sequence[str]) -> list[str]:
    """Lines on how to create the clients of these e-mails; empty where there are none."""
    if not emails:
        return []
    words = " ".join(shlex.quote(email) for email in emails)
    return [_("If they shall be created: manage.py clients --create %s") % words]


def allow_json(parser: ArgumentParser) -> None:
    """Declare ``--json``; a sub-command declares it too, so that it may stand before or after."""
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help=_("print one JSON object")
    )


def actor() -> str:
    """The name under which events record who runs the command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def secret_from(variable: str | None) -> str:
    """The secret that an environment variable holds; "" when no variable was named.

    Raises Refused when it is not set: a secret never stands on the command line.
    """
    if variable is None:
        return ""
    value = os.environ.get(variable, "")
    if not value:
        raise Refused(
            _("The environment variable %(name)s is not set; put the password in it.")
            % {"name": variable}
        )
    return value


def find_run(word: str) -> Run:
    """The run that "12" or "r12" names. Raises Refused when there is none."""
    found = Run.objects.filter(pk=row_id(word.removeprefix("r"))).first()
    if found is None:
        text = _("There is no run “%(word)s”; “manage.py runs” lists them.")
        raise Refused(text % {"word": word})
    return found


def find_binding(word: str) -> Binding:
    """The binding that "345" or "b345" names. Raises Refused when there is none."""
    found = Binding.objects.filter(pk=row_id(word.removeprefix("b"))).first()
    if found is None:
        raise Refused(_("There is no binding “%(word)s”; write it as b345.") % {"word": word})
    return found


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """The rows as lines with their columns under each other; numbers to the right."""
    if not rows:
        return []
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in texts) for place in range(len(texts[0]))]
    right = [
        all(isinstance(row[place], int | float) for row in rows[1:]) and len(rows) > 1
        for place in range(len(widths))
    ]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in texts
    ]
