"""The preview: what a run would do, frozen before anything moves (design.md, section 6)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import CsvRefused, Refused
from integrator.inventory import payment_limits
from integrator.inventory.lookup import billmanager
from integrator.inventory.mirror import portions
from integrator.matching.candidates import Candidate, account_facts, from_accounts
from integrator.messages.message import of_json, say
from integrator.models import Account, Preview, PreviewRow
from integrator.models.states import Payment
from integrator.previews import balances, expiry_rules, row_totals
from integrator.previews import passwords as row_passwords
from integrator.previews.checks import credit_checks
from integrator.previews.checks.row_checks import Judge
from integrator.previews.choices import Choices, PayMethod, find_paymethod
from integrator.previews.csv import reader, resolver
from integrator.previews.csv.reader import stored_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from integrator.core.errors import LineError
    from integrator.models import Panel
    from integrator.previews.checks.judged_rows import Judged
    from integrator.previews.csv.reader import Line

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
    choices = choices.checked()
    if not isinstance(source, QuerySet):
        made = made_before(token, actor)
        if made is not None:
            return made
        lines, _none = _resolved(choices, source, (), skip_bad=False)
        return _frozen(choices, lines, actor, token, CSV)
    candidates = selected_candidates(source, choices, passwords or {})
    return _frozen(choices, candidates, actor, token, origin or SELECTED)


def selected_candidates(
    accounts: QuerySet[Account], choices: Choices, passwords: Mapping[int, str]
) -> list[Candidate]:
    """These accounts as matching proposes them; ``passwords``: by their ids."""
    found = from_accounts(accounts, period=choices.period, autoprolong=choices.autoprolong)
    return [replace(one, password=passwords.get(one.account.id, "")) for one in found]


def make_from_csv(
    choices: Choices, data: bytes | str, actor: str, token: str = "", *, skip_bad: bool = False
) -> Preview:
    """The preview of a CSV file; raises all that is wrong with it at once.

    ``skip_bad``: on a person's word the lines that are wrong are left out and listed in
    ``summary["skipped"]``; a file that cannot be read to its end is refused all the same.
    Raises CsvRefused and Refused.
    """
    made = made_before(token, actor)
    if made is not None:
        return made
    choices = choices.checked()
    candidates, skipped = csv_candidates(choices, data, skip_bad=skip_bad)
    return _frozen(choices, candidates, actor, token, CSV, skipped=skipped)


def csv_candidates(
    choices: Choices, data: bytes | str, *, skip_bad: bool
) -> tuple[list[Candidate], list[LineError]]:
    """The accounts that a CSV file names, and the lines that are left out on a person's word.

    Raises CsvRefused with all that is wrong where nobody has said so, or nothing is left.
    """
    reading = reader.read_all(data)
    if reading.unreadable:
        raise CsvRefused(reading.errors)
    return _resolved(choices, reading.lines, reading.errors, skip_bad=skip_bad)


def remake(old: Preview, actor: str, choices: Choices | None = None) -> Preview:
    """A new preview of the same accounts by what is known now; ``choices`` None: the same ones.

    Passwords and what was confirmed come along.

    Raises Refused when nothing is left or the choices no longer fit.
    """
    choices = (choices or choices_of(old)).checked()
    return _frozen(choices, candidates_again(old, choices), actor, "", old.source)


def candidates_again(old: Preview, choices: Choices) -> list[Candidate]:
    """The accounts of this preview by what is known now, with passwords and what was confirmed."""
    if old.source == CSV:
        return frozen_candidates(old)
    known = {row.account_id: (row.password, row.period, row.words) for row in old.rows.all()}
    found = from_accounts(
        Account.objects.filter(pk__in=old.rows.values("account_id")),
        period=choices.period,
        autoprolong=choices.autoprolong,
    )
    candidates = []
    for one in found:
        password, period, words = known[one.account.id]
        candidates.append(replace(one, password=password, period=period, words=tuple(words)))
    return candidates


def choices_of(preview: Preview) -> Choices:
    """The choices that a preview was made with."""
    return Choices(
        payment=preview.payment,
        paymethod=str(preview.paymethod_id or ""),
        autoprolong=preview.autoprolong,
        period=preview.period,
        check_passwords=preview.check_passwords,
        reset_passwords=preview.reset_passwords,
        without_passwords=preview.without_passwords,
        cohort=preview.cohort,
        hours=preview.hours,
        hold_letters=preview.hold_letters,
        expires=preview.expires_rule,
    )


def frozen_candidates(preview: Preview, state: str = "") -> list[Candidate]:
    """The candidates as they were when the preview was made, with the accounts as they are now.

    ``state``: only of the rows in it.
    """
    rows = preview.rows.filter(state=state) if state else preview.rows.all()
    found = account_facts(Account.objects.filter(pk__in=rows.values("account_id")))
    accounts = {facts.id: facts for facts in found}
    return [
        Candidate(
            number=row.number,
            account=accounts[row.account_id],
            client=row.client_id,
            plan=row.plan_id,
            domain=row.domain,
            period=row.period,
            autoprolong=row.autoprolong,
            su=row.su,
            email=row.client_email,
            expires=row.expires,
            password=row.password,
            candidates=tuple(row.candidates),
            words=tuple(row.words),
        )
        for row in rows.iterator(chunk_size=2000)
    ]


def made_before(token: str, actor: str) -> Preview | None:
    """The preview that the same form (``token``) has made already; None: none."""
    return Preview.objects.filter(token=token, created_by=actor).first() if token else None


def _resolved(
    choices: Choices, lines: Sequence[Line], errors: Sequence[LineError], *, skip_bad: bool
) -> tuple[list[Candidate], list[LineError]]:
    candidates, wrong = resolver.resolve(
        lines, period=choices.period or 1, autoprolong=choices.autoprolong, today=now().date()
    )
    skipped = sorted([*errors, *wrong])
    if skipped and not (skip_bad and candidates):
        raise CsvRefused(skipped)
    return candidates, skipped


def _frozen(
    choices: Choices,
    candidates: Sequence[Candidate],
    actor: str,
    token: str,
    origin: str,
    *,
    skipped: Sequence[LineError] = (),
) -> Preview:
    """Judge the candidates together and store the preview."""
    made = made_before(token, actor)
    if made is not None:
        return made
    preview = blank(choices, actor, token, origin)
    fill(preview, candidates, choices, skipped=skipped)
    return preview


def fill(
    preview: Preview,
    candidates: Sequence[Candidate],
    choices: Choices,
    *,
    skipped: Sequence[LineError] = (),
    tell: Callable[[int, int], None] | None = None,
) -> bool:
    """Judge the candidates together and store them with the preview; nothing is wanted then.

    False: it was wanted, and somebody else has stored it meanwhile. ``tell(done, total)`` is called
    with how many were judged. Raises Refused.
    """
    if not candidates and preview.source != MATCHED:
        raise Refused(_("There is no account to bind."))
    refuse_unsaid([one.autoprolong for one in candidates])
    rows, totals = judged(_dated(candidates, choices.expires), choices, tell)
    if preview.paymethod_id is not None:
        method = PayMethod(preview.paymethod_id, preview.paymethod_name, "")
        totals = within_limits(billmanager(), rows, method, totals)
    summary = row_totals.summary(rows, totals, choices)
    preview.summary = {**summary, "skipped": stored_errors(skipped)}
    preview.wanted = ""
    with transaction.atomic():
        if preview.pk is not None:
            waiting = Preview.objects.filter(pk=preview.pk).exclude(wanted="")
            if not waiting.update(wanted=""):
                return False
        preview.save()
        for portion in portions(rows):
            PreviewRow.objects.bulk_create([_row(preview, row) for row in portion])
    return True


def refuse_unsaid(answers: Sequence[bool | None]) -> None:
    """Raise Refused where nobody has said whether a service renews itself."""
    if None in answers:
        raise Refused(
            _(
                "Say whether the services renew themselves: --autoprolong on or off, or a column"
                " “autoprolong”. There is no default, because it decides whether a site is"
                " suspended when the period ends."
            )
        )


def blank(choices: Choices, actor: str, token: str, origin: str) -> Preview:
    """The preview of these choices without any row, not saved.

    Raises Refused when the choices do not fit what is known.
    """
    method = None
    row_passwords.refuse_without(choices)
    if choices.payment == Payment.CREDIT:
        method = find_paymethod(choices.paymethod, known_paymethods(billmanager()))
    return Preview(
        token=token or uuid.uuid4().hex,
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
        without_passwords=choices.without_passwords,
        cohort=choices.cohort,
        hours=choices.hours,
        hold_letters=choices.hold_letters,
        expires_rule=choices.expires,
        summary={**row_totals.summary((), balances.Totals(), choices), "skipped": []},
    )


def _dated(candidates: Sequence[Candidate], rule: str) -> list[Candidate]:
    """The candidates, each with the expiry date of the rule where it names none itself.

    Raises Refused when the rule names a day that is over.
    """
    today = now().date()
    day = expiry_rules.applied(rule, today)
    if rule not in expiry_rules.RULES and day is not None and day <= today:
        raise Refused(str(say("expires_past", date=rule)))
    return [
        replace(
            one,
            expires=one.expires
            or expiry_rules.applied(rule, row_totals.months_later(today, one.period)),
        )
        for one in candidates
    ]


def judged(
    candidates: Sequence[Candidate],
    choices: Choices,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[list[Judged], balances.Totals]:
    """Each candidate as a row, with the balances of all of them settled together."""
    judge = Judge(candidates, choices)
    rows = []
    for number, candidate in enumerate(candidates):
        if tell is not None:
            tell(number, len(candidates))
        rows.append(judge.judge(candidate))
    return rows, balances.settle(rows, choices.payment)


def within_limits(
    panel: Panel, rows: Sequence[Judged], method: PayMethod, totals: balances.Totals
) -> balances.Totals:
    """The totals without the rows whose credit the method does not take, which are blocked."""
    limits = payment_limits.known(panel, method.id)
    if limits is None:
        return totals
    by_row = {row.candidate.number: limits for row in rows}
    while credit_checks.check(rows, by_row, method.name):
        totals = balances.settle_anew(rows, Payment.CREDIT)
    return totals


def _row(preview: Preview, row: Judged) -> PreviewRow:
    wanted = row.candidate
    return PreviewRow(
        preview=preview,
        number=wanted.number,
        account_id=wanted.account.id,
        client=row.client,
        su=row.su,
        client_email=row.email,
        plan=row.plan,
        datacenter_id=row.datacenter_id,
        module_id=row.module_id,
        domain=wanted.domain,
        period=wanted.period,
        autoprolong=bool(wanted.autoprolong),
        expires=wanted.expires,
        price=row.price,
        currency=row.currency,
        balance_before=row.before,
        credit=row.credit,
        balance_after=row.after,
        suspends_on=row_totals.suspends_on(row),
        password=wanted.password,
        state=row.state,
        reasons=row.reasons,
        candidates=list(wanted.candidates),
        words=list(wanted.words),
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
        "reasons": [str(of_json(reason)) for reason in row.reasons],
        "candidates": row.candidates,
    }
