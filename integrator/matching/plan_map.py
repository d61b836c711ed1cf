"""The plan map: preset → plan; equal names map by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import lookup
from integrator.matching import plan_limits
from integrator.models import Account, Plan, PlanMap
from panels.normal_forms import clean, name_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from integrator.models import Panel

How = Literal["set", "same name", "default"]
OTHERS = "*"
"""Stands for every preset that nothing else maps."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The plan of a preset, for how many months, and how it came to be."""

    plan: Plan
    period: int
    how: How


@dataclass(frozen=True, slots=True)
class PresetRow:
    """One line of the plan map: a preset that accounts have, or ``OTHERS``.

    ``mapped`` None: no plan yet. ``over``: how many of the accounts use more disk than the plan
    allows.
    """

    preset: str
    panel: Panel | None
    accounts: int
    mapped: Mapped | None
    over: int = 0


class PlanResolver:
    """The plan map in memory, to ask for many accounts."""

    def __init__(self) -> None:
        self._set = {
            (one.preset, one.panel_id): Mapped(one.plan, one.period, "set")
            for one in PlanMap.objects.filter(plan__gone_at=None).select_related("plan")
        }
        by_name: dict[str, list[Plan]] = {}
        for plan in Plan.objects.filter(gone_at=None, enabled=True):
            by_name.setdefault(_folded(plan.name), []).append(plan)
        self._same = {
            name: Mapped(plans[0], 1, "same name")
            for name, plans in by_name.items()
            if len(plans) == 1
        }

    def find(self, preset: str, panel_id: int | None) -> Mapped | None:
        """The plan for accounts of this preset on this server; None when none is mapped.

        What was set for the server comes before what was set for all, that before an equal name,
        and what was set for all other presets comes last.
        """
        return (
            self._set.get((preset, panel_id))
            or self._set.get((preset, None))
            or self._same.get(_folded(preset))
            or self._default(panel_id)
        )

    def _default(self, panel_id: int | None) -> Mapped | None:
        found = self._set.get((OTHERS, panel_id)) or self._set.get((OTHERS, None))
        return replace(found, how="default") if found else None


def _folded(name: str) -> str:
    return " ".join(name_key(name).split()).casefold()


def table(*, others: bool = False) -> list[PresetRow]:
    """Every preset that accounts have or that was set, with its plan, by preset; OTHERS last.

    ``others``: list OTHERS also where nothing was set for it.
    """
    accounts = Account.objects.filter(gone_at=None, system=False)
    counts = dict(accounts.values_list("preset").annotate(Count("id")).order_by("preset"))
    resolver = PlanResolver()
    known = {*counts, *PlanMap.objects.values_list("preset", flat=True)} - {OTHERS}
    rows = [
        _row(preset, None, resolver.find(preset, None), accounts.filter(preset=preset))
        for preset in known
    ]
    default = resolver.find(OTHERS, None)
    if default or others:
        rows.append(PresetRow(OTHERS, None, 0, default))
    for one in PlanMap.objects.exclude(panel=None).select_related("plan", "panel"):
        own = accounts.filter(preset=one.preset, panel=one.panel)
        rows.append(_row(one.preset, one.panel, Mapped(one.plan, one.period, "set"), own))
    return sorted(rows, key=_place)


def _place(row: PresetRow) -> tuple[bool, str, str]:
    return row.preset == OTHERS, row.preset, row.panel.name if row.panel else ""


def _row(
    preset: str, panel: Panel | None, mapped: Mapped | None, accounts: QuerySet[Account]
) -> PresetRow:
    over = plan_limits.over_disk(accounts, mapped.plan) if mapped else 0
    return PresetRow(preset, panel, accounts.count(), mapped, over)


def set_plan(preset: str, plan: Plan, panel: Panel | None = None, period: int = 1) -> None:
    """Map a preset to a plan, on one server or (None) on all of them."""
    PlanMap.objects.update_or_create(
        preset=preset, panel=panel, defaults={"plan": plan, "period": period}
    )


def set_many(
    assignments: Sequence[str], panel: Panel | None = None, period: int = 1
) -> list[tuple[str, Plan]]:
    """Map presets by "PRESET=PLAN" (plan: id or exact name), all of them or none.

    ``OTHERS`` stands for all presets that nothing else maps. ``panel`` None: on every server.
    Raises Refused with one line for each that cannot be understood.
    """
    plans = lookup.PlanNames.load()
    known = set(Account.objects.values_list("preset", flat=True).distinct())
    problems: list[str] = []
    pairs: list[tuple[str, Plan]] = []
    for text in assignments:
        preset, equals, word = text.partition("=")
        preset = clean(preset)
        if not equals or not preset or not word.strip():
            problems.append(_("“%(text)s”: write PRESET=PLAN.") % {"text": text})
            continue
        if preset not in known and preset != OTHERS:
            problems.append(_("“%(preset)s”: no account has this preset.") % {"preset": preset})
        try:
            pairs.append((preset, plans.find(word)))
        except Refused as error:
            problems.append(f"“{text}”: {error.text}")
    if problems:
        raise Refused(_("The plan map was not changed:"), problems)
    with transaction.atomic():
        for preset, plan in pairs:
            set_plan(preset, plan, panel, period)
    return pairs
