"""Overrides of the dialect: values set by a person, checked on the panel, stored all or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.messages.message import say
from integrator.models import Event, Panel
from integrator.panel_access import call_log, stored_dialect
from integrator.panel_setup.dialect import dialect_entries
from integrator.panel_setup.dialect.checks import ValueCheck, why_forbidden
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.grammar import SETTABLE
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrator.panel_setup.dialect.checks import Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that was set. ``value`` '' where it was reset; ``unchecked`` as `Verdict`'s."""

    name: str
    value: str
    unchecked: str = ""


def set_entries(
    panel: Panel, given: Mapping[str, str], *, actor: str, force: bool = False
) -> list[Kept]:
    """Set these entries of a BILLmanager's dialect; an empty value resets one to *not known*.

    What is reset is looked for anew at the next check. ``force``: keep also what the panel
    does not bear out, and what cannot be looked for since it cannot be reached.

    Raises Refused with what is wrong with which, and what ``panels`` raises where the panel cannot
    be asked; then nothing is changed.
    """
    asked_for = {name.strip(): value.strip() for name, value in given.items()}
    wanted = _readable(panel, asked_for)
    verdicts = {
        n: one for n, v in asked_for.items() if v and (one := why_forbidden(wanted, n)).wrong
    }
    if not verdicts:
        verdicts = _looked_for(panel, wanted, asked_for, force=force)
    wrong = {n: v for n, v in verdicts.items() if v.wrong and (v.never or not force)}
    if wrong:
        lines = [_line(panel, name, asked_for[name], one) for name, one in wrong.items()]
        if all(not one.never for one in wrong.values()):
            lines.append(_("To keep it all the same: --force, or the tick beside it on the page."))
        raise Refused(_("Nothing was saved."), lines)
    _keep(panel, asked_for, actor)
    return [
        Kept(name, value, _unchecked(verdicts.get(name), forced=force and bool(value)))
        for name, value in asked_for.items()
    ]


def _readable(panel: Panel, given: Mapping[str, str]) -> Dialect:
    """The dialect with these values. Raises Refused for what cannot be read or does not exist."""
    if panel.kind != Panel.Kind.BILLMANAGER:
        raise Refused(_("Only BILLmanager has a dialect; “%s” is an ispmanager.") % panel.name)
    dialect = stored_dialect.dialect_of(panel)
    lines = []
    for name, value in given.items():
        if name not in SETTABLE:
            lines.append(
                _("There is no entry “%(name)s”. Entries are: %(names)s.")
                % {"name": name, "names": ", ".join(dialect_entries.WORDS)}
            )
            continue
        try:
            dialect = dialect.with_overrides({name: value})
        except ValueError as error:
            lines.append(f"{name}: {error}")
    if lines:
        raise Refused(_("Nothing was saved."), lines)
    return dialect


def _looked_for(
    panel: Panel, wanted: Dialect, given: Mapping[str, str], *, force: bool
) -> dict[str, Verdict]:
    """The result for each entry; empty where the panel cannot be asked and ``force`` is set."""
    try:
        with call_log.about():
            check = ValueCheck(panel, wanted)
            return {name: check.look_for(name) for name, value in given.items() if value}
    except PanelError:
        if not force:
            raise
        return {}


def _line(panel: Panel, name: str, value: str, verdict: Verdict) -> str:
    dialect = stored_dialect.found_for(panel)
    choices = dialect_entries.candidates(panel, dialect, name)
    return f"{name}={value}: {verdict.wrong}. {dialect_entries.advice(name, choices)}"


def _unchecked(verdict: Verdict | None, *, forced: bool) -> str:
    if verdict is not None:
        return verdict.unchecked or verdict.wrong
    return _("kept without a look at the panel") if forced else ""


def _keep(panel: Panel, given: Mapping[str, str], actor: str) -> None:
    """Store all of it at once; entries that were reset are not known until the next check."""
    unknown = Dialect().to_json()
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        kept = {name: value for name, value in row.overrides.items() if name not in given}
        row.overrides = {**kept, **{name: value for name, value in given.items() if value}}
        back = {name: unknown[name] for name, value in given.items() if not value}
        if row.dialect:
            row.dialect = {**row.dialect, **back}
        row.save(update_fields=["overrides", "dialect"])
        said = ", ".join(f"{name} = {value}" for name, value in given.items())
        why = say("panel.dialect", panel=panel.name, entries=said)
        Event.objects.create(at=now(), actor=actor, subject="panel", to_state="dialect", why=why)
    panel.refresh_from_db(fields=["overrides", "dialect"])
