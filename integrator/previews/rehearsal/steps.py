"""Rehearses what accounts share of the eight steps: plans, data centres, tasks. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrator.core import clock
from integrator.inventory import plans_outside_windows
from integrator.messages.panel_errors import of_error
from integrator.messages.reasons import reason
from integrator.models import Panel
from integrator.models.states import Payment, RowState
from integrator.panel_access import panel_connections, remoteid_column
from integrator.steps import module_switches
from integrator.steps import step1_add_manual_module as step1
from integrator.steps.verdicts import Failed, Proven
from panels.coremanager import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.messages.reasons import Reason
    from integrator.models import Plan, Preview
    from integrator.previews.checks.judged_rows import Judged
    from panels.billmanager import BillManager, Module

STEPS = range(1, 9)
TASK_NAMES = ("task_take", "task_module", "task_username", "task_password", "task_close")


@dataclass(slots=True)
class Finding:
    """One step: what was ``found``, what is ``unknown`` until the canary, what is ``wrong``."""

    step: int
    found: list[Reason] = field(default_factory=list)
    unknown: list[Reason] = field(default_factory=list)
    wrong: list[Reason] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The finding as it is stored in the preview's summary."""
        return {
            "step": self.step,
            "found": self.found,
            "unknown": self.unknown,
            "wrong": self.wrong,
        }


@dataclass(slots=True)
class Walk:
    """One way through the steps for the rows of a preview."""

    bm: BillManager
    preview: Preview
    rows: list[Judged]
    findings: dict[int, Finding] = field(default_factory=lambda: {n: Finding(n) for n in STEPS})

    def go(self) -> None:
        """Read what the steps share. Raises PanelError when the panel cannot be asked."""
        ready = [row for row in self.rows if row.state == RowState.READY]
        modules = self._modules(ready)
        if modules is not None:
            self._plans(ready, modules)
        self._money()
        self._tasks()
        self._servers(ready)

    def _modules(self, ready: list[Judged]) -> list[Module] | None:
        finding = self.findings[1]
        try:
            modules = self.bm.modules.all()
        except errors.PanelError as error:
            _unless_away(error, finding)
            return None
        for datacenter in sorted({one.datacenter_id for one in ready if one.datacenter_id}):
            self._manual_module(modules, datacenter)
        return modules

    def _manual_module(self, modules: list[Module], datacenter: int) -> None:
        finding, name = self.findings[1], step1.name_for(datacenter)
        verdict = step1.probe(modules, datacenter)
        if isinstance(verdict, Proven):
            finding.found.append(reason("module_there", name=name, datacenter=datacenter))
            return
        if isinstance(verdict, Failed):
            finding.wrong.append(reason("module_wrong", said=verdict.text))
            return
        try:
            department = step1.department(self.bm, modules, datacenter)
            offered = self.bm.modules.creation_form().fields.get("datacenter")
        except errors.PanelError as error:
            _unless_away(error, finding)
            return
        if offered is not None and offered.options and not offered.offers(str(datacenter)):
            said = ", ".join(option.label for option in offered.options)
            finding.wrong.append(reason("centre_not_offered", datacenter=datacenter, said=said))
            return
        titles = dict(self.bm.dialect.departments)
        finding.found.append(
            reason(
                "module_will_be",
                name=name,
                datacenter=datacenter,
                department=titles.get(department, str(department)),
            )
        )

    def _plans(self, ready: list[Judged], modules: list[Module]) -> None:
        manual = [module.id for module in step1.ours(modules)]
        by_plan: dict[int, list[Judged]] = {}
        for row in ready:
            if row.plan is not None:
                by_plan.setdefault(row.plan.pk, []).append(row)
        for rows in by_plan.values():
            plan = rows[0].plan
            if plan is not None:
                self._plan(plan, rows, manual)

    def _plan(self, plan: Plan, rows: list[Judged], manual: list[int]) -> None:
        """Steps 2, 5 and 8 on one plan, worked out as the window will."""
        asked_at = clock.now()
        try:
            listed = self.bm.plans.modules(plan.remote_id)
        except errors.PanelError as error:
            _unless_away(error)
            said = reason("plan_unread", plan=plan.name, said=of_error(error))
            self.findings[2].wrong.append(said)
            return
        listed = plans_outside_windows.modules(plan.remote_id, listed, asked_at=asked_at)
        names = {module.id: module.name for module in listed}
        snapshot = module_switches.snapshot(listed, without=manual)
        own = module_switches.own(snapshot)
        if not own:
            self.findings[2].wrong.append(reason("plan_empty", plan=plan.name))
            return
        titles = ", ".join(names[key] for key in own)
        self.findings[2].found.append(reason("plan_switches", plan=plan.name, own=titles))
        self.findings[8].found.append(reason("plan_back", plan=plan.name, own=titles))
        served = sorted({row.module_id for row in rows if row.module_id is not None})
        both = ", ".join(names.get(key, f"#{key}") for key in dict.fromkeys([*own, *served]))
        self.findings[5].found.append(reason("plan_both", plan=plan.name, modules=both))
        if all(module.enabled for module in listed):
            return  # this list may well show only what is on
        for row in rows:
            if row.module_id is not None and row.module_id not in names:
                row.blocks.append(reason("not_in_plan", module=row.module_id, plan=plan.name))

    def _money(self) -> None:
        finding, preview = self.findings[4], self.preview
        if preview.payment == Payment.FREE:
            finding.found.append(reason("nothing_to_pay"))
            return
        finding.found.append(reason("paid_by_order"))
        if preview.payment == Payment.CREDIT:
            method = preview.paymethod_name or preview.paymethod_id
            finding.found.append(reason("credited_first", method=method))
            finding.unknown.append(reason("learn_mark"))

    def _tasks(self) -> None:
        finding, login = self.findings[6], self.bm.task_transport.username
        try:
            waiting = self.bm.tasks.openings()
            if waiting:
                self.bm.tasks.learn(self.bm.tasks.form(waiting[0].id))
        except errors.PanelError as error:
            _unless_away(error)
            finding.wrong.append(reason("tasks_unread", login=login, said=of_error(error)))
            return
        finding.found.append(reason("tasks_seen", login=login, count=len(waiting)))
        self._names()

    def _names(self) -> None:
        """Rehearse step 7 as far as the dialect, and the form of a waiting task, allow."""
        finding, dialect = self.findings[7], self.bm.dialect
        known = [name for name in TASK_NAMES if getattr(dialect, name) is not None]
        lacking = [name for name in TASK_NAMES if getattr(dialect, name) is None]
        if known:
            finding.found.append(reason("names_known", names=", ".join(known)))
        if lacking:
            finding.unknown.append(reason("names_unknown", names=", ".join(lacking)))
        finding.unknown += [reason("learn_option"), reason("learn_close")]

    def _servers(self, ready: list[Judged]) -> None:
        """Whether step 7's usernames are there now, exactly as they will be typed."""
        by_panel: dict[int, list[Judged]] = {}
        for row in ready:
            by_panel.setdefault(row.candidate.account.panel_id, []).append(row)
        finding = self.findings[7]
        for panel in Panel.objects.filter(pk__in=by_panel):
            rows = by_panel[panel.pk]
            try:
                there = {one.username for one in panel_connections.ispmanager(panel).accounts()}
            except errors.PanelError as error:
                said = reason("server_unread", server=panel.name, said=of_error(error))
                finding.wrong.append(said)
                continue
            finding.found.append(reason("server_read", server=panel.name, count=len(rows)))
            for row in rows:
                if row.candidate.account.username not in there:
                    row.blocks.append(reason("gone_now", server=panel.name))

    def orders_read(self, count: int) -> None:
        """Add to step 3 that so many order forms were read."""
        finding = self.findings[3]
        finding.found.append(reason("orders_by", func=self.bm.orders.func, count=count))
        if remoteid_column.is_shown(remoteid_column.newest_order()) is None:
            finding.unknown.append(reason("learn_remoteid"))
        finding.unknown.append(reason("learn_module"))


def _unless_away(error: errors.PanelError, finding: Finding | None = None) -> None:
    """Add to the finding an error of this step alone; raise one that all steps would meet."""
    away = isinstance(error, errors.NotSent | errors.LoginRefused)
    if away or (isinstance(error, errors.UnexpectedAnswer) and error.transient):
        raise error
    if finding is not None:
        finding.wrong.append(reason("step_unread", said=of_error(error)))


def wrong(findings: Iterable[Finding]) -> list[Reason]:
    """All that is wrong, in the order of the steps."""
    return [one for finding in findings for one in finding.wrong]
