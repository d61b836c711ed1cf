"""The layers of the packages: imports run down only and never round; folders stay small."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from integrator.core.env import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_FILES = 17
"""Of a folder; about fifteen are meant (docs/contributing.md)."""

LONGEST_TEMPLATE_LINE = 120
LAYERS: dict[str, int] = {
    "panels": 0,
    "integrator.models": 1,
    "integrator.core": 1,
    "integrator.messages": 1,
    "integrator.panel_access": 2,
    "integrator.steps": 3,
    "integrator.inventory": 4,
    "integrator.panel_setup": 4,
    "integrator.matching": 5,
    "integrator.previews": 6,
    "integrator.drift": 6,
    "integrator.refresh": 7,
    "integrator.bindings": 8,
    "integrator.windows": 8,
    "integrator.runs": 8,
    "integrator.maintenance": 8,
    "integrator.demo": 9,
    "integrator.tasks": 9,
    "integrator.web": 10,
    "integrator.management": 10,
}
"""A module may import its own layer and those below; what is not named here has no layer."""

APART = [
    *(
        (f"integrator.{part}", f"integrator.{other}")
        for part in ("bindings", "windows", "maintenance")
        for other in ("panel_setup", "inventory", "matching", "previews", "drift", "refresh")
    ),
    ("integrator.web", "integrator.management"),
    ("integrator.management", "integrator.web"),
    ("integrator.steps", "integrator.panel_access"),
    ("panels.sandbox", "panels"),
]
"""Neither of these imports the other; the sandbox knows nothing of the client."""

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
    """What a module imports, also for types alone and within functions."""
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


def test_pages_and_commands_know_no_panel() -> None:
    above = [path for path in MODULES if layer_of(name_of(path)) == LAYERS["integrator.web"]]
    pages = [path for path in above if within(name_of(path), "integrator.web")]
    assert len(pages) > 30
    found = [(name_of(path), one) for path in pages for one in imports_of(path)]
    assert [pair for pair in found if within(pair[1], "panels")] == []


def test_nothing_imports_itself_in_the_end() -> None:
    names = {name_of(path): path for path in MODULES}
    arrows = {name: {_module(one, names) for one in imports_of(path)} - {"", name}
              for name, path in names.items()}  # fmt: skip
    sorter = TopologicalSorter(arrows)
    sorter.prepare()  # raises CycleError, which names the circle


def _module(imported: str, names: Mapping[str, Path]) -> str:
    """The module that is meant: an import names it, or something in it; "": none of ours."""
    if imported in names:
        return imported
    of = imported.rpartition(".")[0]
    return of if of in names else ""


def test_lines_of_templates_are_short() -> None:
    lines = [
        (str(path.relative_to(BASE_DIR)), number, len(line))
        for path in (BASE_DIR / "templates").rglob("*.html")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]
    assert [line for line in lines if line[2] > LONGEST_TEMPLATE_LINE] == []


def test_folders_are_small() -> None:
    modules = [path for path in MODULES if path.stem != "__init__"]
    files = Counter(path.parent.relative_to(BASE_DIR) for path in modules)
    assert {str(folder): n for folder, n in files.items() if n > MAX_FILES} == {}


def sends_outside_an_effect(path: Path) -> bool:
    """Whether a call here changes something on a panel, and is not in an effect's ``apply``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    applied = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "apply"]
    inside = {id(node) for effect in applied for node in ast.walk(effect)}
    return any(
        any(keyword.arg == "send_by" for keyword in call.keywords)
        or (isinstance(call.func, ast.Attribute) and call.func.attr == "apply")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and id(call) not in inside
    )


def test_panels_are_changed_by_declared_effects_alone() -> None:
    """See ``integrator.steps.effect``: described, committed as an intent, then carried out."""
    product = [path for path in MODULES if within(name_of(path), "integrator")]
    sending = [name_of(path) for path in product if sends_outside_an_effect(path)]
    assert sending == ["integrator.bindings.intents"]
