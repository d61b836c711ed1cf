"""Starts a run from a preview: one binding for each ready row, all or none."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from integrator.bindings.work import preparation
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.maintenance import wake_ups
from integrator.messages.message import say
from integrator.models import Account, Binding, Event, Preview, PreviewRow, Run
from integrator.models.states import (
    BindingState,
    RunState,
)
from integrator.previews import passwords
from integrator.runs import cohorts
from integrator.windows import members

if TYPE_CHECKING:
    from collections.abc import Sequence


def start(preview_id: int, actor: str) -> Run:
    """Start a run from a preview: one binding for each ready row whose password is known.

    Started once already, it is that run again, so that a doubled click harms nothing.
    Raises ActionRefused when a row is no longer free or nothing is ready.
    """
    preview = Preview.objects.get(pk=preview_id)
    started = Run.objects.filter(preview=preview).first()
    if started is not None:
        return started
    refuse_empty(preview)
    found = passwords.bindable(preview).select_related("account__panel", "client", "plan")
    rows = _guided(preview, list(found.order_by("number")))
    _refuse_reserved(rows)
    try:
        with transaction.atomic():
            run = _create(preview, rows, actor)
    except IntegrityError as error:
        _refuse_reserved(rows)
        raise ActionRefused(_("This preview was started a moment ago.")) from error
    wake_ups.wake("run", run.pk, times=4)
    cohorts.draw_all()
    return run


def refuse_empty(preview: Preview) -> None:
    """Raise ActionRefused when a run of this preview would bind nothing."""
    if passwords.bindable(preview).exists():
        return
    if passwords.lacking(preview).exists():
        raise ActionRefused(_("No account is bound without its password; give them first."))
    raise ActionRefused(_("Nothing in this preview is ready to be bound."))


def _guided(preview: Preview, rows: list[PreviewRow]) -> list[PreviewRow]:
    """Of a guided run the one row that is bound: the account that was picked, else the first.

    Raises ActionRefused where its password would be reset before anybody said a word.
    """
    if not preview.guided:
        return rows
    if preview.reset_passwords:
        raise ActionRefused(
            _("A guided binding sends nothing before you say so, and a password is reset before"
              " step 1: make the preview with the account's password instead.")
        )  # fmt: skip
    picked = [row for row in rows if row.account_id == preview.canary_id]
    return (picked or rows)[:1]


def pick_canary(preview_id: int, word: str) -> None:
    """Have this account of the preview go first, alone: its login, or SERVER:LOGIN; "": any.

    Raises ActionRefused when no ready row, or more than one, is meant.
    """
    server, _colon, login = word.strip().rpartition(":")
    named = passwords.bindable(Preview.objects.get(pk=preview_id)).filter(account__username=login)
    if server:
        named = named.filter(account__panel__name=server)
    accounts = list(named.values_list("account_id", flat=True)[:2])
    if word.strip() and len(accounts) != 1:
        raise ActionRefused(
            _("“%(word)s” is not one account of this preview that is ready; write its login, or"
              " SERVER:LOGIN.") % {"word": word}
        )  # fmt: skip
    chosen = accounts[0] if word.strip() else None
    Preview.objects.filter(pk=preview_id, started_at=None).update(canary=chosen)


def _refuse_reserved(rows: Sequence[PreviewRow]) -> None:
    taken = {
        binding.account_id: binding
        for binding in Binding.objects.filter(
            reserved=True, account__in=[row.account_id for row in rows]
        ).select_related("run")
    }
    lines = [
        _("line %(line)d: %(account)s is reserved by binding b%(binding)d (%(state)s)")
        % {
            "line": row.number,
            "account": row.account.username,
            "binding": taken[row.account_id].pk,
            "state": taken[row.account_id].get_state_display(),
        }
        for row in rows
        if row.account_id in taken
    ]
    if lines:
        raise ActionRefused(_("Some accounts are no longer free; nothing was started."), lines)


def _create(preview: Preview, rows: Sequence[PreviewRow], actor: str) -> Run:
    now = clock.now()
    run = Run.objects.create(preview=preview, total=len(rows), created_by=actor, started_at=now)
    nth: Counter[int | None] = Counter()
    bindings = []
    for row in rows:
        bindings.append(_binding(run, row, nth[row.client_id]))
        nth[row.client_id] += 1
    Binding.objects.bulk_create(bindings, batch_size=500)
    for binding in bindings:
        account = binding.account
        account.binding, account.client, account.plan = binding, binding.client, binding.plan
    changed = ["binding", "client", "plan"]
    Account.objects.bulk_update([b.account for b in bindings], changed, batch_size=500)
    Event.objects.bulk_create(
        [
            Event(
                at=now,
                actor=actor,
                subject="binding",
                to_state=BindingState.QUEUED,
                why=say("binding.started"),
                run=run,
                binding=binding,
            )
            for binding in bindings
        ],
        batch_size=500,
    )
    Event.objects.create(
        at=now,
        actor=actor,
        subject="run",
        to_state=RunState.RUNNING,
        run=run,
        why=say("run.started"),
        details={"total": len(bindings)},
    )
    Preview.objects.filter(pk=preview.pk).update(started_at=now)
    # The run holds what it needs; the preview's copies of passwords have done their work.
    PreviewRow.objects.filter(preview=preview).exclude(password="").update(password="")
    return run


def _binding(run: Run, row: PreviewRow, nth: int) -> Binding:
    now = clock.now()
    prepared = not preparation.needed(run.preview, row.password)
    client, plan, su = row.client, row.plan, row.su
    module, datacenter = row.module_id, row.datacenter_id
    if client is None or plan is None or su is None or module is None or datacenter is None:
        raise ActionRefused(
            _("line %(line)d is not complete; make the preview again.") % {"line": row.number}
        )
    return Binding(
        run=run,
        account=row.account,
        client=client,
        su=su,
        plan=plan,
        datacenter_id=datacenter,
        module_id=module,
        number=row.number,
        nth_of_client=nth,
        domain=row.domain,
        period=row.period,
        autoprolong=row.autoprolong,
        expires=row.expires,
        price=row.price or 0,
        currency=row.currency,
        password=row.password,
        marker=f"itg-{secrets.token_hex(12)}",
        prepared=prepared,
        waiting_for=members.WINDOW if prepared else "password",
        due_at=None if prepared else now,
        created_at=now,
        state_at=now,
        step_at=now,
    )
