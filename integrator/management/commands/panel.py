"""Register, check and link panels."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import lookup, module_links
from integrator.management import dialect_words
from integrator.management.output import (
    FAILED,
    OK,
    UNREACHABLE,
    PersonCommand,
    actor,
    allow_json,
    columns,
    secret_from,
)
from integrator.models import Panel
from integrator.panel_setup import location, registration
from integrator.panel_setup.checks import panel_check
from integrator.panel_setup.dialect import dialect_entries, dialect_report, overrides
from panels.coremanager.errors import Unreachable

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from integrator.panel_setup.checks.panel_check import CheckReport


class Command(PersonCommand):
    """`manage.py panel add|check|report|set|link`."""

    help = "Register a panel (checked before it is saved), check the panels' rights, link servers."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        what = parser.add_subparsers(dest="what", required=True)
        add = what.add_parser("add", help=_("check a panel and register it"))
        allow_json(add)
        add.add_argument("name")
        add.add_argument("--kind", choices=Panel.Kind.values, required=True)
        add.add_argument("--url", required=True, help="https://host:1500/…")
        add.add_argument("--username", required=True)
        add.add_argument(
            "--password-env", required=True, metavar="VAR", help=_("variable with the password")
        )
        add.add_argument(
            "--task-username", default="", help=_("employee who handles tasks (BILLmanager)")
        )
        add.add_argument("--task-password-env", metavar="VAR")
        trust = add.add_mutually_exclusive_group()
        trust.add_argument("--ca-file", type=Path, help=_("certificates to trust, in PEM form"))
        trust.add_argument("--pin", default="", metavar="SHA256", help=_("of the certificate"))
        add.add_argument("--max-parallel", type=int, default=8, metavar="N")
        check = what.add_parser("check", help=_("what each step needs and whether we may"))
        allow_json(check)
        check.add_argument("name", nargs="?")
        report = what.add_parser(
            "report", help=_("write down what a BILLmanager calls things, fit to be sent away")
        )
        allow_json(report)
        report.add_argument("name")
        report.add_argument(
            "--output", type=Path, metavar="F", help=_("file to write; else it is printed")
        )
        setting = what.add_parser(
            "set", help=_("what a BILLmanager calls something; without a value: all as it stands")
        )
        allow_json(setting)
        setting.add_argument("name")
        setting.add_argument(
            "entries", nargs="*", metavar="ENTRY=VALUE", help=_("an empty value takes it back")
        )
        setting.add_argument(
            "--force", action="store_true", help=_("keep also what the panel does not bear out")
        )
        link = what.add_parser("link", help=_("which BILLmanager module serves a server"))
        allow_json(link)
        link.add_argument("name", metavar="ISPMANAGER")
        link.add_argument("--module", type=int, required=True, metavar="ID")

    def run(self, **given: Any) -> int:
        """Do what was asked."""
        ways = {
            "add": self.add,
            "check": self.check_panels,
            "report": self.report,
            "set": self.set_names,
            "link": self.link,
        }
        return ways[given["what"]](given)

    def add(self, given: dict[str, Any]) -> int:
        """Check and register a panel."""
        panel = registration.register(
            given["kind"],
            given["name"],
            _address(given),
            given["username"],
            secret_from(given["password_env"]),
            task_username=given["task_username"],
            task_password=secret_from(given["task_password_env"]),
            ca_pem=_read(given["ca_file"]) if given["ca_file"] else "",
            pin=given["pin"],
            max_parallel=given["max_parallel"],
        )
        checked = panel_check.check(panel)
        self.emit(
            {
                "panel": panel.name,
                "kind": panel.kind,
                "url": panel.url,
                "checked": checked.to_json(),
            },
            [
                _("%(name)s is registered (%(url)s).") % {"name": panel.name, "url": panel.url},
                *_lines(panel.name, checked, only_wrong=True),
                _("Next: “manage.py discover”."),
            ],
        )
        return OK

    def check_panels(self, given: dict[str, Any]) -> int:
        """Check one panel, or all of them."""
        panels = [lookup.panel(given["name"])] if given["name"] else list(Panel.objects.all())
        if not panels:
            raise Refused(_("No panel is registered yet; add one with “manage.py panel add”."))
        reports = {panel.name: panel_check.check(panel) for panel in panels}
        lines = [line for name, report in reports.items() for line in _lines(name, report)]
        self.emit({"panels": {name: one.to_json() for name, one in reports.items()}}, lines)
        if any(report.unreachable for report in reports.values()):
            return UNREACHABLE
        return OK if all(report.ok for report in reports.values()) else FAILED

    def report(self, given: dict[str, Any]) -> int:
        """Write the dialect report of one panel."""
        panel, output = lookup.panel(given["name"]), given["output"]
        text = dialect_report.make(panel)
        if output is None:
            self.stdout.write(text, ending="")
            return OK
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Refused(
                _("%(path)s cannot be written: %(why)s.")
                % {"path": output, "why": error.strerror or type(error).__name__}
            ) from error
        self.emit(
            {"panel": panel.name, "output": str(output)},
            [
                _("The dialect report of %(panel)s is in %(path)s. Read it before you send it.")
                % {"panel": panel.name, "path": output}
            ],
        )
        return OK

    def set_names(self, given: dict[str, Any]) -> int:
        """Set what a panel calls things, or list it."""
        panel = lookup.panel(given["name"])
        if not given["entries"]:
            return self._list_names(panel)
        wanted = dialect_words.pairs(given["entries"])
        kept = overrides.set_entries(panel, wanted, actor=actor(), force=given["force"])
        self.emit(
            {"panel": panel.name, "set": [asdict(one) for one in kept]},
            [
                *map(dialect_words.kept, kept),
                _("Next: “manage.py panel check %(name)s”.") % {"name": panel.name},
            ],
        )
        return OK

    def _list_names(self, panel: Panel) -> int:
        if panel.kind != Panel.Kind.BILLMANAGER:
            raise Refused(_("Only BILLmanager has a dialect; “%s” is an ispmanager.") % panel.name)
        entries = dialect_entries.entries(panel)
        self.emit(
            {"panel": panel.name, "entries": [dialect_words.to_json(one) for one in entries]},
            dialect_words.lines(entries),
        )
        return OK

    def link(self, given: dict[str, Any]) -> int:
        """Say which module serves a server."""
        panel = lookup.panel(given["name"])
        module = module_links.link_by_hand(panel, given["module"])
        self.emit(
            {"panel": panel.name, "module": module.remote_id, "module_name": module.name},
            [
                _("%(panel)s is served by module %(id)d, %(name)s.")
                % {"panel": panel.name, "id": module.remote_id, "name": module.name}
            ],
        )
        return OK


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            _("%(path)s cannot be read: %(why)s.")
            % {"path": path, "why": getattr(error, "strerror", None) or type(error).__name__}
        ) from error


def _address(given: dict[str, Any]) -> str:
    """The URL that was given; where it leaves port or path open, the one that answers."""
    url = str(given["url"])
    if "://" in url or given["kind"] not in Panel.Kind.values:
        return url
    try:
        return location.find(given["kind"], url).url
    except Unreachable:
        return url  # registering says of it what is wrong


def _lines(name: str, report: CheckReport, *, only_wrong: bool = False) -> list[str]:
    verdict = _("all is well") if report.ok else _("something is missing")
    head = f"{name} {report.version}: {verdict}" if report.version else f"{name}: {verdict}"
    rows = [
        [row.step, row.state, row.func, row.what, row.text]
        for row in report.rows
        if not only_wrong or row.state != "allowed"
    ]
    facts = [] if only_wrong else _fact_lines(report.facts)
    return [head, *facts, *(f"  {line}" for line in columns(rows))]


def _fact_lines(facts: dict[str, Any]) -> list[str]:
    lines = []
    if facts.get("latency_ms") is not None:
        lines.append(_("  a call takes %(ms)s ms") % {"ms": facts["latency_ms"]})
    if facts.get("parallel"):
        text = _("  %(limit)d calls at a time: %(ms)s ms each, %(refused)d refused")
        parallel = facts["parallel"]
        lines.append(text % {**parallel, "ms": parallel["latency_ms"]})
    if facts.get("clock_ahead_seconds") is not None:
        text = _("  the panel's clock is ahead of ours by %(seconds)s s")
        lines.append(text % {"seconds": facts["clock_ahead_seconds"]})
    if facts.get("tls"):
        text = _("  certificate: %(subject)s, to %(not_after)s, SHA-256 %(sha256)s")
        lines.append(text % facts["tls"])
    return lines
