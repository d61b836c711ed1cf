"""Corrections of a binding before a retry, checked as a CSV line is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.messages.message import of_json
from integrator.models import Account, Intent, PreviewRow
from integrator.previews import balances, confirmable
from integrator.previews.checks.row_checks import Judge
from integrator.previews.choices import MAX_PERIOD, Choices
from integrator.previews.csv import cell_rules, resolver
from integrator.previews.csv.reader import Line
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from panels.normal_forms import domain_key

if TYPE_CHECKING:
    from integrator.matching.candidates import Candidate
    from integrator.models import Binding
    from integrator.previews.checks.judged_rows import Judged


@dataclass(frozen=True, slots=True)
class Wish:
    """The values that a person corrects; "" and None: unchanged.

    ``username``: another account of the same server; before the order its domain comes with it,
    unless ``domain`` names one. ``client``: an id or a user's e-mail;
    ``plan``: an id or exact name; ``period``: months. ``confirmed``: what of that which asks for a
    person's word is meant so, by the names of ``confirmable.KINDS``.
    """

    username: str = ""
    client: str = ""
    plan: str = ""
    period: int | None = None
    domain: str = ""
    confirmed: frozenset[str] = frozenset()


class Correction(NamedTuple):
    """The changes of a retry: the binding's fields, and the words that a person has given."""

    fields: dict[str, Any]
    words: tuple[str, ...] = ()


def corrected(binding: Binding, wish: Wish) -> Correction:
    """The correction of the binding, checked against the mirrors like a CSV line.

    Raises Refused when the corrected binding could not be started; nothing is changed here.
    """
    if wish == Wish():
        return Correction({})
    period = wish.period if wish.period is not None else binding.period
    if not 1 <= period <= MAX_PERIOD:
        raise Refused(
            _("A period is a whole number of months between 1 and %(longest)d.")
            % {"longest": MAX_PERIOD}
        )
    wish = _read(wish)
    line = Line(
        number=binding.number,
        server=binding.account.panel.name,
        username=wish.username or binding.account.username,
        domain=wish.domain or binding.domain,
        client=wish.client or str(binding.client.remote_id),
        plan=wish.plan,
        password=binding.password,
        period=period,
        autoprolong=binding.autoprolong,
        plan_id=None if wish.plan else binding.plan.remote_id,
    )
    found, wrong = resolver.resolve(
        [line], period=period, autoprolong=None, today=now().date(), holder=binding.pk
    )
    if wrong:
        raise Refused(_("This correction cannot be taken."), [str(one.text) for one in wrong])
    rows = PreviewRow.objects.filter(preview=binding.run.preview_id, number=binding.number)
    said = tuple(word for row in rows.values_list("words", flat=True) for word in row)
    candidates = [replace(_moved(binding, wish, one), words=said) for one in found]
    preview = binding.run.preview
    choices = Choices(
        payment=preview.payment,
        autoprolong=binding.autoprolong,
        period=period,
        reset_passwords=preview.reset_passwords,
        without_passwords=preview.without_passwords,
    )
    judged = Judge(candidates, choices, holder=binding.pk).judge(candidates[0])
    given = _given(judged, wish)
    if not judged.blocks and not judged.choose:
        balances.settle([judged], preview.payment)
        given += _given(judged, wish)
    _refuse(judged)
    values: dict[str, Any] = {}
    if wish.username:
        values["account"] = Account.objects.get(pk=candidates[0].account.id)
    if wish.client:
        values |= {"client": judged.client, "su": judged.su}
    if wish.domain or wish.username:
        values["domain"] = candidates[0].domain
    if wish.plan or wish.period is not None:
        # What follows from the plan is taken with it; else the frozen price stays.
        values |= {
            "plan": judged.plan,
            "period": period,
            "price": judged.price,
            "currency": judged.currency,
            "datacenter_id": judged.datacenter_id,
            "module_id": judged.module_id,
        }
    changed = {name: value for name, value in values.items() if getattr(binding, name) != value}
    return Correction(changed, tuple(given))


def _given(judged: Judged, wish: Wish) -> list[str]:
    """Take what is confirmed out of what asks for a person's word; the words."""
    kinds = [(one, confirmable.of_kind(one["key"])) for one in judged.choose]
    judged.choose[:] = [one for one, kind in kinds if kind not in wish.confirmed]
    return [confirmable.word_of(one) for one, kind in kinds if kind in wish.confirmed]


def _refuse(judged: Judged) -> None:
    """Raise Refused where something is in the way, and say what a person can confirm of it."""
    stops = [str(of_json(one)) for one in (*judged.blocks, *judged.choose)]
    if not stops:
        return
    kinds = {confirmable.of_kind(one["key"]) for one in judged.choose} - {""}
    if kinds and not judged.blocks:
        stops.append(
            _("If it is meant so, confirm it with the correction: %(kinds)s.")
            % {"kinds": ", ".join(sorted(kinds))}
        )
    raise Refused(_("This correction cannot be taken."), stops)


def _moved(binding: Binding, wish: Wish, found: Candidate) -> Candidate:
    """The candidate with the domain that goes with it where another account is meant.

    The domain of the one before is kept while it is the new one's as well, and once it was
    ordered: then it can no longer be another.
    """
    account = found.account
    own = {domain_key(name) for name in (*account.domains, account.domain)}
    if not wish.username or wish.domain or domain_key(found.domain) in own:
        return found
    ordered = Intent.objects.may_have_happened().filter(
        binding=binding, kind__in=[step3.KIND, step4.CREDIT]
    )
    if binding.service_id is not None or ordered.exists():
        return found
    return replace(found, domain=account.domain)


def _read(wish: Wish) -> Wish:
    """The wish with its words read as the cells of a file are.

    Raises Refused that says what is wrong with which.
    """
    read: dict[str, Any] = {}
    wrong = []
    for name in ("username", "client", "plan", "domain"):
        parse = cell_rules.domain if name == "domain" else cell_rules.readable
        try:
            read[name] = parse(getattr(wish, name))
        except cell_rules.BadCellError as error:
            wrong.append(f"{name}: {error.text}")
    if wrong:
        raise Refused(_("This correction cannot be taken."), wrong)
    return replace(wish, **read)
