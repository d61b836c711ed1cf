"""What to do by hand if this machine dies while a plan is in manual mode.

Written to ``VAR_DIR/windows/`` before step 2 and removed when the plan is proven to be as it
was (design.md, section 5).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.core import clock
from integrator.models import Panel

if TYPE_CHECKING:
    from integrator.models import Window


def path(window: Window) -> Path:
    """Where the instructions for this window lie."""
    return Path(settings.VAR_DIR) / "windows" / f"plan-{window.plan.remote_id}.txt"


def write(window: Window) -> None:
    """Write the exact steps, durably, in one move."""
    if window.snapshot is None:
        return
    rows = window.snapshot["modules"]
    own = [row for row in rows if row["enabled"]]
    manual = ", ".join(str(module) for module in window.manual_modules.values())
    plan = window.plan
    lines = [
        f"Plan {plan.remote_id} “{plan.name}”: how to restore its processing modules by hand",
        "",
        f"Window w{window.pk}, opened {clock.now():%Y-%m-%d %H:%M:%S} UTC by Integrator.",
        "While it is open, orders of this plan may go to manual processing.",
        "",
        (
            "If Integrator runs again, it restores the plan by itself. Otherwise, in BILLmanager"
            f" ({_address()}):"
        ),
        f"  1. Products → Tariff plans → {plan.name} → Processing modules.",
        *(f"  2. Enable module {row['id']} “{row['name']}”." for row in own),
        f"  3. Disable our manual module(s): {manual or 'none'}.",
        "  4. Compare: enabled must be, in this order: "
        + (", ".join(f"{row['id']} “{row['name']}”" for row in own) or "none")
        + ".",
        *_letter(window),
        "",
        "Never leave the plan without any enabled module: enable first, then disable.",
        (
            "Orders that customers made meanwhile wait under Tools → Tasks: open each by hand, or"
            " start its task again once the plan has its own modules back."
        ),
        "",
    ]
    target = path(window)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False) as file:
        file.write("\n".join(lines))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(target)


def _letter(window: Window) -> list[str]:
    letter = (window.snapshot or {}).get("letter")
    if not letter:
        return []
    return [
        f"  5. Products → Tariff plans → {window.plan.name} → Edit: choose letter {letter} again",
        "     as the one that is sent when a service opens (field “opennotify”).",
    ]


def _address() -> str:
    """Where BILLmanager is, for whoever reads this on another machine."""
    panel = Panel.objects.billmanager()
    return panel.url if panel else "not registered"


def remove(window: Window) -> None:
    """The plan is as it was: nothing is left to do by hand."""
    path(window).unlink(missing_ok=True)
