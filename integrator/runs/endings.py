"""What ending a run means for its bindings: told before it is done, and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrator.models import Binding, Intent
from integrator.models.states import MOVING, NEEDS_PERSON, BindingState
from integrator.steps import step3_order as step3

if TYPE_CHECKING:
    from decimal import Decimal

    from integrator.models import Run


@dataclass(frozen=True, slots=True)
class Meaning:
    """What becomes of the bindings of a run that is cancelled now.

    ``free``: nothing was ordered or paid, their accounts are free again. ``credited``: nothing
    was ordered, but what was credited (``amounts``: (currency, amount)) stays on the balance.
    ``reserved``: ordered, or perhaps; they stay reserved. ``done``: nothing changes for them.
    """

    free: int
    credited: int
    reserved: int
    done: int
    amounts: list[tuple[str, Decimal]] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """The same in words, only what applies."""
        said = []
        if self.free:
            said.append(
                ngettext(
                    "%(n)d binding has ordered nothing: its account is free again.",
                    "%(n)d bindings have ordered nothing: their accounts are free again.",
                    self.free,
                )
                % {"n": self.free}
            )
        if self.credited:
            sums = ", ".join(f"{amount:.2f} {currency}" for currency, amount in self.amounts)
            said.append(
                ngettext(
                    "%(n)d binding was credited and has ordered nothing: %(sums)s stays on the "
                    "client's balance.",
                    "%(n)d bindings were credited and have ordered nothing: %(sums)s stays on "
                    "the clients' balances.",
                    self.credited,
                )
                % {"n": self.credited, "sums": sums}
            )
        if self.reserved:
            said.append(
                ngettext(
                    "%(n)d binding is ordered, or may be: its account stays reserved. Its page "
                    "leads on: retry it, or undo the order.",
                    "%(n)d bindings are ordered, or may be: their accounts stay reserved. Their "
                    "pages lead on: retry them, or undo the orders.",
                    self.reserved,
                )
                % {"n": self.reserved}
            )
        if self.done:
            said.append(
                ngettext(
                    "%(n)d binding is done and stays as it is.",
                    "%(n)d bindings are done and stay as they are.",
                    self.done,
                )
                % {"n": self.done}
            )
        return said or [_("Nothing is left in this run.")]


def of_cancelling(run: Run) -> Meaning:
    """What cancelling this run now would mean; after it, what it has meant."""
    ordered = Intent.objects.may_have_happened().filter(binding=OuterRef("pk"), kind=step3.KIND)
    states = [*MOVING, *NEEDS_PERSON, BindingState.CANCELLED]
    left = (
        Binding.objects.filter(run=run, state__in=states)
        .exclude(state=BindingState.CANCELLED, reserved=False, credited=None)
        .annotate(ordered=Exists(ordered))
    )
    credit = Q(credited__isnull=False, credited__gt=0, ordered=False)
    counts = left.aggregate(
        n_reserved=Count("pk", filter=Q(ordered=True)),
        n_credited=Count("pk", filter=credit),
        n_free=Count("pk", filter=Q(ordered=False) & (Q(credited=None) | Q(credited=0))),
    )
    given_up = Binding.objects.filter(
        run=run, state=BindingState.CANCELLED, reserved=False, credited=None
    ).count()
    amounts = left.filter(credit).values_list("currency").annotate(Sum("credited")).order_by()
    return Meaning(
        free=counts["n_free"] + given_up,
        credited=counts["n_credited"],
        reserved=counts["n_reserved"],
        done=Binding.objects.filter(run=run, state=BindingState.DONE).count(),
        amounts=sorted(amounts),
    )
