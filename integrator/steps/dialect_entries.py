"""Which entries of the dialect each step uses (`panels.billmanager.dialect.dialect`)."""

from __future__ import annotations

_SWITCHING = (
    *("plan_modules_list", "plan_modules_parent", "plan_modules_marker"),
    *("plan_modules_enable", "plan_modules_disable"),
)

OF_STEP: dict[int, tuple[str, ...]] = {
    1: (
        *("manual_module", "module_create", "module_button", "module_department"),
        "ispmanager_modules",
    ),
    2: _SWITCHING,
    3: ("order", "itemtype_id", "itemtype_name", "client_filter"),
    4: ("cart",),
    5: _SWITCHING,
    6: ("task_open_types", "staff_names"),
    7: ("task_take", "task_module", "task_username", "task_password", "task_fields", "task_close"),
    8: _SWITCHING,
}
"""In the order in which a step needs them."""

SEEN_AT_WORK: dict[int, tuple[str, ...]] = {
    1: ("manual_module",),
    3: ("order",),
    6: ("task_open_types", "staff_names"),
}
"""Entries without which this step could not have succeeded.

What steps 2, 5, 7 and 8 use is proven by what they were seen to do
(`integrator.panel_access.module_markers`, `integrator.panel_access.proven_names`).
"""
MAKING = ("module_create", "module_button")
"""Entries that are proven when a manual module was made with them."""
