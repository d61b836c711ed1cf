"""Bind accounts: from a CSV file, or all that matching found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrator.bindings.operator import guided, report
from integrator.core.errors import Refused
from integrator.management import guided_binding, rehearsal_output
from integrator.management.output import FAILED, OK, PersonCommand, actor, columns
from integrator.management.run_wait import all_well, wait_for
from integrator.matching.candidates import unbound
from integrator.messages.message import of_json
from integrator.models.states import Payment
from integrator.previews import confirmable, confirmations, passwords
from integrator.previews import preview as previews
from integrator.previews.choices import Choices
from integrator.previews.comparison import PreviewOutdated
from integrator.previews.csv import writer
from integrator.previews.rehearsal import rehearsal
from integrator.runs import run_start
from integrator.runs.launch import launch

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from integrator.models import Preview, Run

SHOWN_ROWS = 50


class Command(PersonCommand):
    """`manage.py bind`."""

    help = "Preview a run (--dry-run) or start it, from a CSV file or from what matching proposes."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare the source and the choices."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--csv", type=Path, metavar="FILE", help=_("“-” reads standard input"))
        source.add_argument("--matched", action="store_true", help=_("all that are not bound"))
        parser.add_argument("--autoprolong", choices=["on", "off"], help=_("renew by itself"))
        parser.add_argument("--payment", choices=Payment.values, default=Payment.BALANCE)
        parser.add_argument("--paymethod", default="", metavar="ID|NAME")
        parser.add_argument("--period", type=int, metavar="N", help=_("months"))
        parser.add_argument(
            "--expires",
            default="",
            metavar="DATE|month-end|month-start",
            help=_("until when services run whose line does not say"),
        )
        parser.add_argument("--check-passwords", action="store_true")
        parser.add_argument("--reset-passwords", action="store_true")
        parser.add_argument(
            "--without-passwords",
            action="store_true",
            help=_("bind without one what has no password, where BILLmanager asks for none"),
        )
        parser.add_argument("--cohort", type=int, default=settings.COHORT, metavar="N")
        parser.add_argument(
            "--hours", default="", metavar="HH:MM-HH:MM", help=_("UTC; may run past midnight")
        )
        parser.add_argument(
            "--canary", default="", metavar="[SERVER:]LOGIN", help=_("the account that goes first")
        )
        parser.add_argument(
            "--guided",
            action="store_true",
            help=_("bind one account, and ask at the terminal before each step"),
        )
        parser.add_argument(
            "--hold-letters",
            action="store_true",
            help=_("no opening letters meanwhile"),
        )
        parser.add_argument("--skip-bad-lines", action="store_true", help=_("take the good ones"))
        parser.add_argument(
            "--confirm",
            action="append",
            choices=sorted(confirmable.KINDS),
            default=[],
            help=_(
                "say the word that rows ask for: a debt is paid off by the credit first, a"
                " domain is not one of the account's"
            ),
        )
        parser.add_argument("--dry-run", action="store_true", help=_("only show what would be"))
        parser.add_argument("--export", type=Path, metavar="FILE", help=_("the preview, as CSV"))
        parser.add_argument("--wait", action="store_true")

    def run(self, **given: Any) -> int:
        """Make the preview; show it, or start it."""
        if given["skip_bad_lines"] and not given["csv"]:
            raise Refused(_("--skip-bad-lines is about the lines of a CSV file."))
        preview = _preview(given)
        if preview.reset_passwords:
            self.note(
                _(
                    "Every account's password is reset on ispmanager: FTP, SSH, backups and scripts"
                    " that use the old one stop working, and nobody is told."
                )
            )
        for one in preview.summary["skipped"]:
            words = {**one, "text": of_json(one["text"])}
            self.note(_("left out: line %(line)d, %(column)s: %(text)s") % words)
        for kind in given["confirm"]:
            confirmations.confirm_all(preview, kind, actor())
        code = rehearsal_output.rehearse(preview, self.note) if given["dry_run"] else OK
        if given["export"]:
            _export(preview, given["export"])
        if given["dry_run"]:
            self.emit(rehearsal.json_of(preview) if self.json else None, _preview_lines(preview))
            return code
        if not passwords.bindable(preview).exists():
            raise Refused(_("There is nothing that can be bound."), _why_not(preview))
        if given["guided"]:
            return self.walk(preview, given["canary"])
        run_start.pick_canary(preview.pk, given["canary"])
        guided.choose(preview.pk, guided=False)
        run = _launched(preview)
        started = _("Run %(run)s has started with %(total)d accounts.")
        self.note(started % {"run": run, "total": run.total})
        left_out = preview.rows.count() - run.total
        if left_out:
            self.note(
                _("%(count)d accounts were left out; --dry-run says why.") % {"count": left_out}
            )
        code = OK if self.finish(run, wait=given["wait"]) else FAILED
        asked_for = given["csv"] and not given["skip_bad_lines"]
        return FAILED if left_out and asked_for else code

    def walk(self, preview: Preview, canary: str) -> int:
        """Bind one account step by step with the person at the terminal, print the run."""
        guided_binding.need_terminal(preview)
        run_start.pick_canary(preview.pk, canary)
        guided.choose(preview.pk, guided=True)
        run = _launched(preview)
        self.note(guided_binding.begun(run, preview))
        guided_binding.walk(run, self.note)
        return OK if self.finish(run, wait=False) and all_well(run) else FAILED

    def finish(self, run: Run, *, wait: bool) -> bool:
        """Wait where that was asked for, print the run; whether all is well so far."""
        moved = wait_for(run, self.note) if wait else True
        run.refresh_from_db()
        output = report.run_json(run)
        self.emit(output, run_lines(output))
        return not wait or (moved and all_well(run))


def _launched(preview: Preview) -> Run:
    try:
        return launch(preview, actor())
    except PreviewOutdated as outdated:
        advice = _("What they say now is known from here on: the same command binds by that.")
        raise PreviewOutdated(outdated.text, [*outdated.lines, advice]) from outdated


def _preview(given: dict[str, Any]) -> Preview:
    choices = Choices(
        payment=given["payment"],
        paymethod=given["paymethod"],
        autoprolong={"on": True, "off": False, None: None}[given["autoprolong"]],
        period=given["period"],
        check_passwords=given["check_passwords"],
        reset_passwords=given["reset_passwords"],
        without_passwords=given["without_passwords"],
        cohort=given["cohort"],
        hours=given["hours"],
        hold_letters=given["hold_letters"],
        expires=given["expires"],
    ).checked()
    if given["csv"]:
        return previews.make_from_csv(
            choices, _read(given["csv"]), actor(), skip_bad=given["skip_bad_lines"]
        )
    return previews.make(choices, unbound(), actor(), origin=previews.MATCHED)


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}
        ) from error


def _export(preview: Preview, path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(writer.written(writer.preview(preview)))
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be written: %(why)s.") % {"path": path, "why": error.strerror}
        ) from error


def _why_not(preview: Preview) -> list[str]:
    rows = preview.rows.select_related("account__panel")[:SHOWN_ROWS]
    lines = [
        f"{row.account.panel.name} {row.account.username}: {of_json(row.reasons[0])}"
        for row in rows
        if row.reasons
    ]
    if passwords.lacking(preview).exists():
        lines.append(
            _(
                "Passwords come from a CSV file's column “password”, or from a reset of every"
                " account's one with --reset-passwords."
            )
        )
    return lines


def _preview_lines(preview: Preview) -> list[str]:
    summary = preview.summary
    lines = [
        _("Preview %(preview)s: %(ready)d ready, %(choose)d to choose, %(blocked)d blocked.")
        % {"preview": preview, **summary}
    ]
    lines += [_("  charged: %(amount)s %(currency)s") % one for one in summary["totals"]]
    lines += [_("  credited: %(amount)s %(currency)s") % one for one in summary["credits"]]
    lines.append(
        _("  charges: %(charges)d, mails to clients: %(mails)d, calls: about %(calls)d") % summary
    )
    if summary.get("receipts"):
        lines.append(
            _(
                "  the cash register %(names)s would print receipts: charges %(charges)d,"
                " credited payments %(payments)d"
            )
            % {**summary["receipts"], "names": ", ".join(summary["receipts"]["names"])}
        )
    lines += [
        _("  plan “%(plan)s”: cohorts %(sizes)s, manual only for about %(seconds)s s")
        % {
            "plan": one["plan"],
            "sizes": " + ".join(map(str, one["cohorts"])),
            "seconds": one["manual_only_seconds"],
        }
        for one in summary["windows"]
    ]
    if summary["first_suspension"]:
        lines.append(
            _("  if nobody pays, a site could be suspended from %(day)s on")
            % {"day": summary["first_suspension"]}
        )
    return [*lines, *rehearsal_output.lines(preview), "", *_row_lines(preview)]


def _row_lines(preview: Preview) -> list[str]:
    rows = preview.rows.select_related("account__panel", "client", "plan")
    shown_rows = [
        [
            row.account.panel.name,
            row.account.username,
            row.domain,
            row.client_email,
            row.plan.name if row.plan else "",
            "" if row.price is None else f"{row.price:.2f} {row.currency}",
            row.state,
            " ".join(str(of_json(reason)) for reason in row.reasons),
        ]
        for row in rows[:SHOWN_ROWS]
    ]
    lines = columns(shown_rows)
    more = rows.count() - len(shown_rows)
    if more > 0:
        lines.append(_("… and %(count)d more; --json prints them all.") % {"count": more})
    return lines


def run_lines(output: dict[str, Any]) -> list[str]:
    """A run as people read it."""
    counts = ("total", "done", "failed", "undecided", "cancelled")
    lines = [f"{output['run']} {output['state']}: " + ", ".join(f"{output[n]} {n}" for n in counts)]
    lines += [_("waits: %(what)s") % {"what": one} for one in output["waits"]]
    wrong = [one for one in output["bindings"] if one["state"] in {"failed", "undecided"}]
    rows = [
        [one["binding"], one["server"], one["username"], one["state"], one["cause"] or ""]
        for one in wrong[:SHOWN_ROWS]
    ]
    return [*lines, *columns(rows), *(["…"] if len(wrong) > SHOWN_ROWS else [])]
