"""The names of the settings, as their page lists them (`test_env.py` compares), and their values.

Nothing of ours is read to know the names: most who ask want to take them out of the environment.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = tuple(
    re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
)


def read_settings() -> dict[str, Any]:
    """All that `integrator/settings.py` defines, run anew in the environment as it is now.

    Raises `ImproperlyConfigured` as Django would.
    """
    return runpy.run_path(str(ROOT / "integrator" / "settings.py"))
