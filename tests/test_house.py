"""The house: arrows run down only, and no module grows beyond what one reads at once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from integrator.env import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST = 400
LAYERS: dict[str, int] = {
    "panels": 0,
    "integrator.models": 1,
    "integrator.clock": 1,
    "integrator.panel_access": 2,
    "integrator.presence": 2,
    "integrator.steps": 3,
    "integrator.workflow": 4,
    "integrator.accounts": 4,
    "integrator.demo": 5,
    "integrator.launching": 5,
    "integrator.tasks": 5,
    "integrator.web": 6,
    "integrator.management": 6,
}
"""A module may import its own layer and those below; what is not named here has no layer."""

APART = [
    ("integrator.accounts", "integrator.workflow"),
    ("integrator.workflow", "integrator.accounts"),
    ("integrator.web", "integrator.management"),
    ("integrator.management", "integrator.web"),
    ("integrator.steps", "integrator.panel_access"),
    ("panels.sandbox", "panels"),
]
"""Same layer, but neither may import the other; the sandbox knows nothing of the client."""

MODULES = sorted(
    path
    for folder in ("panels", "integrator")
    for path in (BASE_DIR / folder).rglob("*.py")
    if "migrations" not in path.parts
)


def name_of(path: Path) -> str:
    parts = path.relative_to(BASE_DIR).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def layer_of(module: str) -> int | None:
    for package, layer in LAYERS.items():
        if within(module, package):
            return layer
    return None


def wrong_arrows(path: Path) -> Iterator[str]:
    """What this module imports and may not, a sentence each."""
    module = name_of(path)
    own = layer_of(module)
    for imported in imports_of(path):
        other = layer_of(imported)
        if own is not None and other is not None and other > own:
            yield f"{module} imports {imported} from above"
        if within(module, "panels") and within(imported, "django"):
            yield f"{module} knows Django"
        for here, there in APART:
            crosses = within(module, here) and within(imported, there)
            if crosses and not within(imported, here):
                yield f"{module} imports {imported}"


def test_arrows_run_down() -> None:
    assert MODULES
    assert [wrong for path in MODULES for wrong in wrong_arrows(path)] == []


def test_modules_are_short() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
