"""The eight steps, one file each, named after what they do.

Each file tells what its step looks like on the panels: what will be sent (apply), and what the
panels' answers prove (probe, verify). Nothing here writes to the database or knows of leases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from integrator.steps import (
    step1_add_manual_module,
    step2_switch_to_manual_only,
    step3_order,
    step4_pay,
    step5_enable_both,
    step6_find_the_task,
    step7_close_the_task,
    step8_restore_the_plan,
)

if TYPE_CHECKING:
    from django.utils.functional import Promise

TITLES: dict[int, str | Promise] = {
    1: _("Manual module"),
    2: _("Manual only"),
    3: _("Order"),
    4: _("Pay"),
    5: _("Both modules"),
    6: _("Find the task"),
    7: _("Close the task"),
    8: _("Restore the plan"),
}

VERSIONS: dict[int, int] = {
    step.NUMBER: step.VERSION
    for step in (
        step1_add_manual_module,
        step2_switch_to_manual_only,
        step3_order,
        step4_pay,
        step5_enable_both,
        step6_find_the_task,
        step7_close_the_task,
        step8_restore_the_plan,
    )
}
"""A step's version; a row of another version is handed back, not run."""

SHARED = frozenset({1, 2, 5, 8})
"""Steps of the window; the others are each binding's own."""
