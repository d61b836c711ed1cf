"""Which plan the accounts of a preset become; equal names map by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from integrator.accounts import lookup
from integrator.accounts.refusals import Refused
from integrator.models import Account, Plan, PlanMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.models import Panel

How = Literal["set", "same name"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """The plan of a preset, for how many months, and how it came to be."""

    plan: Plan
    period: int
    how: How


@dataclass(frozen=True, slots=True)
class PresetRow:
    """One line of the plan map: a preset that accounts have. ``mapped`` None: no plan yet."""

    preset: str
    panel: Panel | None
    accounts: int
    mapped: Mapped | None


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

        What was set for the server comes before what was set for all, and that before an equal
        name.
        """
        return (
            self._set.get((preset, panel_id))
            or self._set.get((preset, None))
            or self._same.get(_folded(preset))
        )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def table() -> list[PresetRow]:
    """Every preset that accounts have or that was set, with its plan; by preset."""
    counts = dict(
        Account.objects.filter(gone_at=None, system=False)
        .values_list("preset")
        .annotate(Count("id"))
        .order_by("preset")
    )
    resolver = PlanResolver()
    rows = [
        PresetRow(preset, None, counts.get(preset, 0), resolver.find(preset, None))
        for preset in sorted({*counts, *PlanMap.objects.values_list("preset", flat=True)})
    ]
    for one in PlanMap.objects.exclude(panel=None).select_related("plan", "panel"):
        number = Account.objects.filter(
            gone_at=None, system=False, preset=one.preset, panel=one.panel
        ).count()
        rows.append(PresetRow(one.preset, one.panel, number, Mapped(one.plan, one.period, "set")))
    return sorted(rows, key=lambda row: (row.preset, row.panel.name if row.panel else ""))


def set_plan(preset: str, plan: Plan, panel: Panel | None = None, period: int = 1) -> None:
    """Map a preset to a plan, on one server or (None) on all of them."""
    PlanMap.objects.update_or_create(
        preset=preset, panel=panel, defaults={"plan": plan, "period": period}
    )


def set_many(assignments: Sequence[str]) -> list[tuple[str, Plan]]:
    """Map presets by "PRESET=PLAN" (plan: id or exact name), all of them or none.

    Raises Refused with one line for each that cannot be understood.
    """
    plans = lookup.PlanNames.load()
    known = set(Account.objects.values_list("preset", flat=True).distinct())
    problems: list[str] = []
    pairs: list[tuple[str, Plan]] = []
    for text in assignments:
        preset, equals, word = text.partition("=")
        preset = preset.strip()
        if not equals or not preset or not word.strip():
            problems.append(_("“%(text)s”: write PRESET=PLAN.") % {"text": text})
            continue
        if preset not in known:
            problems.append(_("“%(preset)s”: no account has this preset.") % {"preset": preset})
        try:
            pairs.append((preset, plans.find(word)))
        except Refused as error:
            problems.append(f"“{text}”: {error.text}")
    if problems:
        raise Refused(_("The plan map was not changed:"), problems)
    with transaction.atomic():
        for preset, plan in pairs:
            set_plan(preset, plan)
    return pairs
