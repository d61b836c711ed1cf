"""Checks rows of a preview against the rules of plans that the last discovery found."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

from integrator.inventory import sale_rules as kept_rules
from integrator.messages.reasons import reason
from integrator.models import Service
from panels.billmanager.services import DELETED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrator.messages.reasons import Reason
    from integrator.models import Client, Panel, Plan
    from integrator.previews.checks.judged_rows import Judged

LIMITS = {"plan": "limit_of_plan", "group": "limit_of_group"}
"""The reason for a limit, by what is counted."""


class Rules:
    """The rules of all plans, for the rows of one preview.

    ``today``: what dates are compared with. ``counted``: whether limits are; services and rows
    before a row count against it.
    """

    def __init__(self, panel: Panel | None, today: dt.date, *, counted: bool) -> None:
        facts: Mapping[str, Any] = panel.discovery.get("facts", {}) if panel is not None else {}
        self._rules: dict[str, dict[str, Any]] = facts.get(kept_rules.RULES, {})
        self._groups: dict[str, int] = facts.get(kept_rules.GROUPS, {})
        self._today, self._counted = today, counted
        self._has: dict[tuple[int, str], int] | None = None
        self._rows: Counter[tuple[int, str]] = Counter()

    def of(self, plan: Plan) -> dict[str, Any]:
        """The rules of this plan that apply."""
        return self._rules.get(str(plan.remote_id), {})

    def judge(self, row: Judged) -> None:
        """Add to the row what its plan's rules block or note."""
        if row.plan is None:
            return
        row.blocks += self._blocks(row.plan, row.candidate.period)
        row.notes += self._notes(row.plan)
        if self._counted and row.client is not None and not row.blocks:
            row.blocks += self._limits(row.plan, row.client)

    def _blocks(self, plan: Plan, period: int) -> Iterator[Reason]:
        rules = self.of(plan)
        if rules.get("archived"):
            yield reason("plan_archived", plan=plan.name)
        elif rules.get("ends") and dt.date.fromisoformat(rules["ends"]) <= self._today:
            yield reason("plan_ended", plan=plan.name, date=rules["ends"])
        if rules.get("on_request"):
            yield reason("price_on_request", plan=plan.name)
        if rules.get("least_months", 0) > period:
            yield reason(
                "period_too_short", plan=plan.name, period=period, least=rules["least_months"]
            )

    def _notes(self, plan: Plan) -> Iterator[Reason]:
        rules = self.of(plan)
        if rules.get("access"):
            yield reason("plan_for_groups", plan=plan.name, groups=rules["access"])
        if rules.get("phone"):
            yield reason("phone_wanted", plan=plan.name)
        if rules.get("quick"):
            yield reason("quick_order", plan=plan.name)

    def _limits(self, plan: Plan, client: Client) -> list[Reason]:
        """The limits that the row would exceed for its client; without any the row is counted."""
        limits = self._limits_of(plan)
        number = client.remote_id
        for (kind, key), most in limits.items():
            has = self._services().get((number, key), 0)
            before = self._rows[number, key]
            if has + before >= most:
                return [
                    reason(
                        LIMITS[kind],
                        client=number,
                        plan=plan.name,
                        most=most,
                        has=has,
                        before=before,
                    )
                ]
        self._rows.update((number, key) for _kind, key in limits)
        return []

    def _limits_of(self, plan: Plan) -> dict[tuple[str, str], int]:
        """("plan" or "group", what is counted) → the most that one client may have."""
        rules, found = self.of(plan), {}
        if rules.get("most"):
            found["plan", _plan_key(plan.remote_id)] = int(rules["most"])
        group = rules.get("group", "")
        if group in self._groups:
            found["group", _group_key(group)] = self._groups[group]
        return found

    def _services(self) -> dict[tuple[int, str], int]:
        """(client, plan or group) → how many services that are not deleted."""
        if self._has is not None:
            return self._has
        has: Counter[tuple[int, str]] = Counter()
        rows = (
            Service.objects.filter(gone_at=None)
            .exclude(status=DELETED)
            .values_list("client_id_remote", "plan_id_remote")
        )
        for client, plan in rows.iterator():
            if client is None:
                continue
            has[client, _plan_key(plan)] += 1
            group = self._rules.get(str(plan), {}).get("group")
            if group:
                has[client, _group_key(group)] += 1
        self._has = dict(has)
        return self._has


def _plan_key(plan: int | None) -> str:
    return f"plan {plan}"


def _group_key(group: str) -> str:
    return f"group {group}"
