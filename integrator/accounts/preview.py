"""The preview: what a run would do, frozen before anything moves (design.md, section 6)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrator.accounts import csv_input, csv_lines, money, summing
from integrator.accounts.candidates import from_accounts
from integrator.accounts.choices import PayMethod, find_paymethod
from integrator.accounts.csv_input import errors_json
from integrator.accounts.judging import Judge
from integrator.accounts.lookup import billmanager
from integrator.accounts.mirroring import portions
from integrator.accounts.reasons import shown
from integrator.accounts.refusals import CsvRefused, Refused
from integrator.clock import now
from integrator.models import Preview, PreviewRow
from integrator.models.states import Payment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrator.accounts.choices import Choices
    from integrator.accounts.csv_input import Line
    from integrator.accounts.judging import Judged
    from integrator.accounts.refusals import LineError
    from integrator.models import Account, Panel

CSV, MATCHED, SELECTED = "csv", "matched", "selected"


def make(
    choices: Choices,
    source: Sequence[Line] | QuerySet[Account],
    actor: str,
    token: str = "",
    *,
    origin: str = "",
    passwords: Mapping[int, str] | None = None,
) -> Preview:
    """The preview of these CSV lines, or of these accounts as matching proposes them.

    ``token`` comes from the form: the same token again answers the same preview. ``origin`` says
    where accounts come from (``matched`` or ``selected``). ``passwords``: account id → password.
    Raises Refused when the choices do not fit together, no account was given (of matched ones
    there may be none), or nobody has said whether services renew themselves; CsvRefused when
    lines name what is not there or is taken.
    """
    if isinstance(source, QuerySet):
        return _made(
            choices, actor, token, origin or SELECTED, accounts=source, passwords=passwords or {}
        )
    return _made(choices, actor, token, CSV, lines=source)


def make_from_csv(
    choices: Choices, data: bytes | str, actor: str, token: str = "", *, skip_bad: bool = False
) -> Preview:
    """The preview of a CSV file; all that is wrong with it is told at once.

    ``skip_bad``: on a person's word the lines that are wrong are left out and listed in
    ``summary["skipped"]``; a file that cannot be read to its end is refused all the same.
    Raises CsvRefused and Refused.
    """
    reading = csv_input.read_all(data)
    if reading.unreadable:
        raise CsvRefused(reading.errors)
    return _made(
        choices, actor, token, CSV,
        lines=reading.lines, errors=reading.errors, skip_bad=skip_bad,
    )  # fmt: skip


def _made(
    choices: Choices,
    actor: str,
    token: str,
    origin: str,
    *,
    lines: Sequence[Line] | None = None,
    accounts: QuerySet[Account] | None = None,
    passwords: Mapping[int, str] | None = None,
    errors: Sequence[LineError] = (),
    skip_bad: bool = False,
) -> Preview:
    token = token or uuid.uuid4().hex
    existing = Preview.objects.filter(token=token, created_by=actor).first()
    if existing is not None:
        return existing
    choices = choices.checked()
    panel = billmanager()
    method = None
    if choices.payment == Payment.CREDIT:
        method = find_paymethod(choices.paymethod, known_paymethods(panel))
    skipped: list[LineError] = []
    if lines is not None:
        candidates, wrong = csv_lines.resolve(
            lines, period=choices.period or 1, autoprolong=choices.autoprolong, today=now().date()
        )
        skipped = sorted([*errors, *wrong])
        if skipped and not (skip_bad and candidates):
            raise CsvRefused(skipped)
    elif accounts is not None:
        candidates = [
            replace(one, password=(passwords or {}).get(one.account.id, ""))
            for one in from_accounts(
                accounts, period=choices.period, autoprolong=choices.autoprolong
            )
        ]
    if not candidates and origin != MATCHED:
        raise Refused(_("There is no account to bind."))
    if any(one.autoprolong is None for one in candidates):
        raise Refused(
            _(
                "Say whether the services renew themselves: --autoprolong on or off, or a column"
                " “autoprolong”. There is no default, because it decides whether a site is"
                " suspended when the period ends."
            )
        )
    judge = Judge(candidates, choices)
    rows = [judge.judge(candidate) for candidate in candidates]
    totals = money.settle(rows, choices.payment)
    preview = Preview(
        token=token,
        created_at=now(),
        created_by=actor,
        source=origin,
        payment=choices.payment,
        paymethod_id=method.id if method else None,
        paymethod_name=method.name if method else "",
        autoprolong=choices.autoprolong,
        period=choices.period or 1,
        check_passwords=choices.check_passwords,
        reset_passwords=choices.reset_passwords,
        cohort=choices.cohort,
        hours=choices.hours,
        hold_letters=choices.hold_letters,
        summary={**summing.summary(rows, totals, choices), "skipped": errors_json(skipped)},
    )
    with transaction.atomic():
        preview.save(force_insert=True)
        for portion in portions(rows):
            PreviewRow.objects.bulk_create([_row(preview, judged) for judged in portion])
    return preview


def _row(preview: Preview, judged: Judged) -> PreviewRow:
    wanted = judged.candidate
    return PreviewRow(
        preview=preview,
        number=wanted.number,
        account_id=wanted.account.id,
        client=judged.client,
        su=judged.su,
        client_email=judged.email,
        plan=judged.plan,
        datacenter_id=judged.datacenter_id,
        module_id=judged.module_id,
        domain=wanted.domain,
        period=wanted.period,
        autoprolong=bool(wanted.autoprolong),
        expires=wanted.expires,
        price=judged.price,
        currency=judged.currency,
        balance_before=judged.before,
        credit=judged.credit,
        balance_after=judged.after,
        suspends_on=summing.suspends_on(judged),
        password=wanted.password,
        state=judged.state,
        reasons=judged.reasons,
        candidates=list(wanted.candidates),
    )


def known_paymethods(panel: Panel) -> list[PayMethod]:
    """The payment methods that the last discovery found."""
    facts = panel.discovery.get("facts", {})
    return [PayMethod(*method) for method in facts.get("paymethods", [])]


def preview_json(preview: Preview) -> dict[str, Any]:
    """The preview as ``bind --dry-run --json`` prints it (design.md, section 7)."""
    summary = preview.summary
    rows = preview.rows.select_related("account__panel", "client", "plan").iterator(2000)
    return {
        "preview": str(preview),
        **{key: summary[key] for key in ("ready", "choose", "blocked", "totals", "mails")},
        "windows": summary["windows"],
        "rows": [_row_json(row) for row in rows],
    }


def _row_json(row: PreviewRow) -> dict[str, Any]:
    return {
        "server": row.account.panel.name,
        "username": row.account.username,
        "domain": row.domain,
        "client": row.client.remote_id if row.client else None,
        "client_email": row.client_email,
        "plan": row.plan.name if row.plan else None,
        "period": row.period,
        "price": None if row.price is None else f"{row.price:.2f}",
        "currency": row.currency,
        "state": row.state,
        "reasons": [shown(reason) for reason in row.reasons],
        "candidates": row.candidates,
    }
