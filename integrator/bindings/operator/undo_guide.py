"""The guided way back from a service of ours: manual module first, then a person deletes it.

Deleting a service whose module is an ispmanager one deletes the hosting account, and the site with
it (billmanager.md 7.2). So the service is handed to our manual module first, which the product
does and reads back; deleting is left to the person; and the account is free again only when
BILLmanager no longer has the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.bindings import intents, transitions
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.messages import panel_errors
from integrator.messages.message import say
from integrator.models import Account, Binding, Intent, Service, Step
from integrator.models.states import NEEDS_PERSON, BindingState, Outcome, StepState
from integrator.panel_access import call_log, panel_connections
from integrator.steps import step1_add_manual_module as step1
from integrator.steps import step3_order as step3
from integrator.steps import step7_close_the_task as step7
from integrator.steps.verdicts import Proven
from panels.billmanager.services import DELETED

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from panels.billmanager.services import ServiceForm

KIND = "undo_module"
STEP = 7
"""Kept with the calls of the step that it undoes."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How far undoing is.

    ``manual``: the intent that put it on the manual module; None when there is none, or when the
    service was bound anew since: deleting it would then delete the site.
    """

    possible: bool
    manual: Intent | None
    released: bool


def state_of(binding: Binding) -> Undo:
    """How far undoing this binding is, by what was written down."""
    made = list(Intent.objects.filter(binding=binding, kind__in=[KIND, step7.CLOSE]).order_by("id"))
    manual = intents.last([one for one in made if one.outcome == Outcome.DONE], KIND)
    if manual is not None and _bound_since(binding, manual, made):
        manual = None
    possible = (
        binding.service_id is not None
        and binding.reserved
        and binding.state in (BindingState.DONE, BindingState.CANCELLED, BindingState.FAILED)
    )
    return Undo(possible, manual, is_released(binding))


def is_released(binding: Binding) -> bool:
    """Whether it was undone: its service is gone and its account is free again."""
    return binding.service_id is not None and not binding.reserved


def _bound_since(binding: Binding, manual: Intent, made: list[Intent]) -> bool:
    """Whether step 7 was done, or may have been, after the service was on the manual module."""
    closed = intents.last(made, step7.CLOSE)
    if closed is not None and closed.id > manual.id and intents.may_have_happened(closed):
        return True
    proven = Step.objects.filter(binding=binding, number=step7.NUMBER, state=StepState.DONE)
    return proven.filter(finished_at__gt=manual.outcome_at).exists()


@dataclass(frozen=True, slots=True)
class SetModule:
    """Hands a binding's service to another module. ``form``: the service's as it was just read."""

    kind: ClassVar = KIND
    number: ClassVar = STEP

    bm: BillManager
    binding: Binding
    form: ServiceForm
    module_id: int

    def describe(self) -> dict[str, Any]:
        """Which service, and which module."""
        return {"service": self.binding.service_id, "module": self.module_id}

    def before(self) -> dict[str, Any]:
        """How the service was bound."""
        form = self.form
        return {"module": form.module_id, "username": form.username, "status": form.status}

    def apply(self, send_by: float) -> None:
        """Save its form. Raises what ``panels`` raises."""
        self.bm.services.set_module(self.form, self.module_id, send_by=send_by)


def to_manual(binding_id: int, actor: str) -> int:
    """Hand the binding's service to our manual module; the module's id, read back.

    Raises ActionRefused when it cannot be done, with what to do by hand, and what ``panels``
    raises for reads.
    """
    binding = _find(binding_id)
    _no_close_may_land(binding)
    with call_log.about(run_id=binding.run_id, binding_id=binding.pk, step=STEP):
        bm = panel_connections.billmanager()
        manual = _manual_module(bm, binding)
        form = bm.services.form(binding.service_id or 0)
        effect = SetModule(bm, binding, form, manual)
        if form.module_id == manual:
            _settle(effect, Outcome.DONE, actor)
            return manual
        _settle(effect, Outcome.NOTHING, actor)
        _check(binding, form)
        sent = intents.carry_out(_declare(effect), effect)
        intents.settle_sent(sent)
        if sent.outcome in (Outcome.REFUSED, Outcome.NOTHING):
            raise ActionRefused(
                _("BILLmanager did not change the module: %(why)s. Change it in the service's form"
                  " there, then press again.") % {"why": panel_errors.of_error(sent.error)}
            )  # fmt: skip
        shows = bm.services.form(binding.service_id or 0).module_id
        if shows != manual:
            raise ActionRefused(
                _("Service %(id)d does not show the manual module yet (it shows %(module)s). Do"
                  " not delete it; press again in a moment.")
                % {"id": binding.service_id, "module": shows}
            )  # fmt: skip
        intents.settle(sent.intent, Outcome.DONE, why=say("effect.read_back"), module=manual)
        text = say("binding.on_manual", service=binding.service_id or 0, module=manual)
        transitions.remark(binding, text, actor=actor)
    return manual


def _no_close_may_land(binding: Binding) -> None:
    """A task that is closed late would bind the service again behind our back."""
    sent = Intent.objects.unsettled().filter(binding=binding, kind=step7.CLOSE)
    if any(clock.now() < intents.may_show_until(one) for one in sent):
        raise ActionRefused(_("The last try may still take effect; press again in a moment."))


def release(binding_id: int, actor: str) -> str:
    """Free the account, once BILLmanager no longer has the service; the binding is cancelled.

    Gives what a person must hear of at once, "" when the site is there.
    Raises ActionRefused while the service is there, and what ``panels`` raises.
    """
    binding = _find(binding_id)
    with call_log.about(run_id=binding.run_id, binding_id=binding.pk, step=STEP):
        found = [
            service
            for service in panel_connections.billmanager().services.of_client(
                binding.client.remote_id, binding.su
            )
            if service.id == binding.service_id and service.status != DELETED
        ]
        if found:
            raise ActionRefused(
                _("Service %(id)d is still there: it is %(state)s.")
                % {"id": binding.service_id, "state": step3.state_word(found[0])}
            )
        isp = panel_connections.ispmanager(binding.account.panel)
        there = isp.account(binding.account.username) is not None
    number = binding.service_id or 0
    why = say("binding.undone" if there else "binding.undone_account_gone", service=number)
    now = clock.now()
    with transaction.atomic():
        if binding.state == BindingState.CANCELLED:
            changed = transitions.free(binding, why, actor=actor)
        else:
            changed = transitions.change(
                binding, BindingState.CANCELLED, actor=actor, why=why, reserved=False, in_lane=False
            )
        if not changed:
            raise ActionRefused(_("It changed a moment ago; look again."))
        gone = Service.objects.filter(remote_id=binding.service_id or 0)
        Account.objects.filter(pk=binding.account_id, service__in=gone).update(service=None)
        gone.filter(gone_at=None).update(gone_at=now)
    if there:
        return ""
    return _("%(server)s has no user %(user)s any more: its site was deleted. Restore it from a"
             " backup. The binding is undone.") % {
        "server": binding.account.panel.name, "user": binding.account.username,
    }  # fmt: skip


def _find(binding_id: int) -> Binding:
    binding = Binding.objects.select_related("account__panel", "client", "plan", "run").get(
        pk=binding_id
    )
    if binding.state in NEEDS_PERSON and binding.state != BindingState.FAILED:
        raise ActionRefused(_("b%(id)d needs a decision first.") % {"id": binding.pk})
    if not state_of(binding).possible:
        raise ActionRefused(
            _("There is nothing to undo for b%(id)d: it is %(state)s.")
            % {"id": binding.pk, "state": binding.get_state_display()}
        )
    return binding


def _manual_module(bm: BillManager, binding: Binding) -> int:
    verdict = step1.probe(bm.modules.all(), binding.datacenter_id)
    if not isinstance(verdict, Proven):
        name = step1.name_for(binding.datacenter_id)
        why = verdict.text if verdict is not None else say("module.missing", name=name)
        raise ActionRefused(
            _("Our manual module cannot be used (%(why)s). Put the service on a manual module in"
              " its form in BILLmanager before you delete it.") % {"why": why}
        )  # fmt: skip
    return int(verdict.evidence["module"])


def _check(binding: Binding, form: ServiceForm) -> None:
    """The service must still be what we made of it; else a person looks first."""
    mine = form.module_id in (binding.module_id, None)
    name = form.username in ("", binding.account.username)
    if mine and name:
        return
    raise ActionRefused(
        _("Service %(id)d is on module %(module)s with username “%(user)s”, not as it was bound."
          " Look at it in BILLmanager first: to delete it there deletes that user and its site. If"
          " they shall stay, put the service on a manual module in its form, then press again.")
        % {"id": binding.service_id, "module": form.module_id, "user": form.username}
    )  # fmt: skip


def _declare(effect: SetModule) -> Intent:
    binding = effect.binding
    intent = intents.new(effect, 1, binding=binding)
    with transaction.atomic():
        locked = Binding.objects.filter(pk=binding.pk, version=binding.version)
        if not locked.update(version=binding.version + 1):
            raise ActionRefused(_("It changed a moment ago; look again."))
        binding.version += 1
        intent.save(force_insert=True)
    return intent


def _settle(effect: SetModule, outcome: Outcome, actor: str) -> None:
    """What is unknown of an earlier try is told by the form that was just read.

    Raises ActionRefused while an earlier try could still land.
    """
    binding, manual = effect.binding, effect.module_id
    for intent in Intent.objects.unsettled().filter(binding=binding, kind=KIND):
        if outcome == Outcome.NOTHING and clock.now() < intents.may_show_until(intent):
            raise ActionRefused(_("The last try may still take effect; press again in a moment."))
        intents.settle(intent, outcome, why=say("effect.read_back"), module=manual)
    if outcome == Outcome.DONE and state_of(binding).manual is None:
        intent = intents.new(effect, 1, binding=binding)
        intent.save(force_insert=True)
        intents.settle(intent, Outcome.DONE, why=say("effect.found", actor=actor), module=manual)
