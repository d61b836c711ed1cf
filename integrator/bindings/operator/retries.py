"""Queues stopped bindings again: a handful of statements, however many they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Subquery, TextField
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from integrator.bindings import transitions
from integrator.bindings.operator import corrections, undo_guide
from integrator.bindings.work import preparation
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Account, Binding, Preview
from integrator.models.states import RETRYABLE, BindingState
from integrator.steps import step3_order as step3
from integrator.windows import members

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from django.db.models import QuerySet

PASSWORDS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """Who retries, and what is given with it; see ``actions.retry``."""

    actor: str
    password: str | None = field(default=None, repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    corrected: Mapping[str, Any] = field(default_factory=dict)
    confirmed: Sequence[str] = ()

    def password_of(self, binding: Binding) -> str | None:
        """The binding's new password; None: it keeps the one that is stored, if any."""
        return self.passwords.get(binding.account_id, self.password)


@dataclass(slots=True)
class RetryReport:
    """Which bindings are queued again, and which are not and why. ``runs``: of the former."""

    retried: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    runs: set[int] = field(default_factory=set)


def queue_again(bindings: QuerySet[Binding], wish: Wish) -> RetryReport:
    """Queue these bindings again, from the step where they stopped.

    Raises ActionRefused when a field can no longer be changed.
    """
    ids = list(bindings.values_list("pk", flat=True))
    report = RetryReport()
    for begin in range(0, len(ids), transitions.MAX_ALIKE):
        _queue_portion(ids[begin : begin + transitions.MAX_ALIKE], wish, report)
    place = {pk: number for number, pk in enumerate(ids)}
    report.retried.sort(key=place.__getitem__)
    report.refused.sort(key=lambda one: place[one[0]])
    return report


def _queue_portion(ids: Sequence[int], wish: Wish, report: RetryReport) -> None:
    """Queue these; where an account or lane was taken at this very moment, that one is refused."""
    try:
        with transaction.atomic():
            queued, refused = _queue(ids, wish)
    except IntegrityError:
        if len(ids) == 1:
            report.refused.append((ids[0], _("another binding has its account")))
            return
        middle = len(ids) // 2
        _queue_portion(ids[:middle], wish, report)
        _queue_portion(ids[middle:], wish, report)
        return
    report.retried += [binding.pk for binding in queued]
    report.runs |= {binding.run_id for binding in queued}
    report.refused += refused.items()


def _queue(ids: Sequence[int], wish: Wish) -> tuple[list[Binding], dict[int, str]]:
    """Queue those of these that may be, in the caller's transaction; they, and why not the others.

    Raises IntegrityError when an account or a client's lane is taken.
    """
    found = _locked(ids, whole=bool(wish.corrected))
    taken = _taken(found, wish)
    refused = dict.fromkeys(ids, _("it changed a moment ago"))
    chosen = []
    for pk in ids:  # in their own order: the first of an account's two has it
        binding = found.get(pk)
        if binding is None:
            continue
        refused[pk] = _refusal(binding, _account_of(binding, wish) in taken)
        if refused[pk]:
            continue
        corrections.check(binding, wish.corrected)
        chosen.append(binding)
        if not binding.reserved:
            taken.add(_account_of(binding, wish))
    _change(chosen, wish)
    return chosen, {pk: why for pk, why in refused.items() if why}


def _locked(ids: Sequence[int], *, whole: bool) -> dict[int, Any]:
    """These bindings by id, locked; ``whole``: with all that a correction is compared with.

    With ``known``, which is empty where no password is stored, and ``held_by``, the binding that
    their account points at.
    """
    begins = Left("password", 1, output_field=TextField())  # of what it is encrypted to
    found = transitions.locked(ids).annotate(known=begins, held_by=F("account__binding"))
    if whole:
        found = found.select_related("account", "client", "plan")
    else:
        found = found.only(*("state", "step", "reserved", "service_id", "account_id", "run_id"))
    return {binding.pk: binding for binding in found}


def _account_of(binding: Binding, wish: Wish) -> int:
    """The id of the account that the binding shall have."""
    account = wish.corrected.get("account")
    return account.pk if account is not None else binding.account_id


def _taken(found: Mapping[int, Binding], wish: Wish) -> set[int]:
    """Those accounts of these bindings that another binding has."""
    free = [one for one in found.values() if wish.corrected or not one.reserved]
    if not free:
        return set()
    others = Binding.objects.filter(reserved=True).exclude(pk__in=[one.pk for one in free])
    wanted = {_account_of(one, wish) for one in free}
    return set(others.filter(account__in=wanted).values_list("account_id", flat=True))


def _refusal(binding: Binding, taken: bool) -> str:  # noqa: FBT001 - of one caller
    """Why this binding is not queued again; "" when it may be."""
    if binding.state not in RETRYABLE:
        return _("it is %(state)s") % {"state": binding.get_state_display()}
    if undo_guide.is_released(binding):
        return _("it was undone; bind its account in a new run")
    return _("another binding has its account") if taken else ""


def _change(chosen: Sequence[Any], wish: Wish) -> None:
    """Queue these and let their accounts point at them."""
    if not chosen:
        return
    alike: dict[bool | None, list[Binding]] = defaultdict(list)
    previews = Preview.objects.filter(run__in={one.run_id for one in chosen}).defer("summary")
    by_run = {preview.run.pk: preview for preview in previews.select_related("run")}
    for binding in chosen:
        known = wish.password_of(binding)
        known = binding.known if known is None else known
        needed = preparation.needed(by_run[binding.run_id], known)
        alike[not needed if binding.step == step3.NUMBER else None].append(binding)
    for prepared, bindings in alike.items():
        fields = dict(wish.corrected)
        if prepared is not None:
            fields["prepared"] = prepared
        if wish.password is not None:
            fields["password"] = wish.password
        transitions.change_alike(
            bindings,
            BindingState.QUEUED,
            actor=wish.actor,
            why=say("binding.retried"),
            due_at=clock.now() if prepared is False else None,
            waiting_for=members.WINDOW,
            window=None,
            attempts=0,
            reserved=True,
            **fields,
        )
    _keep_passwords(chosen, wish)
    if wish.corrected:
        for binding in chosen:
            corrections.moved(binding, wish.corrected, wish.actor)
    else:
        _point([one.account_id for one in chosen if one.held_by != one.pk])
    for binding in chosen if wish.confirmed else ():
        corrections.confirm(binding, wish.confirmed, wish.actor)


def _keep_passwords(chosen: Sequence[Binding], wish: Wish) -> None:
    """Store those of single accounts."""
    own = [
        Binding(pk=one.pk, password=wish.passwords[one.account_id])
        for one in chosen
        if one.account_id in wish.passwords
    ]
    if own:
        Binding.objects.bulk_update(own, ["password"], batch_size=PASSWORDS_A_STATEMENT)


def _point(accounts: Collection[int]) -> None:
    """Let these accounts point at the bindings that have them."""
    if accounts:
        holder = Binding.objects.filter(account=OuterRef("pk"), reserved=True).values("pk")
        Account.objects.filter(pk__in=accounts).update(binding=Subquery(holder))
