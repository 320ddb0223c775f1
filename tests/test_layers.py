"""Imports inside the package run one way, and light modules stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hyperforget
from hyperforget.runtime.code_digest import imported_modules

PACKAGE = Path(hyperforget.__file__).parent

# The rooms of the package, from the foundations up: a room imports from its own level and from
# those before it.
LEVELS = [
    {"hyperforget", "errors", "progress", "forget_set", "flat_keys", "home_folder", "records"},
    {"config", "store"},
    {"runtime", "data"},
    {"networks"},
    {"metrics"},
    {"collection"},
    {"hypernet"},
    {"unlearning", "probing"},
    {"generator"},
    {"scores", "timing"},
    {"what_if"},
    {"report", "provenance", "release", "runs"},
    {"stages", "cli"},
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def module_name(path: Path) -> str:
    return ".".join(("hyperforget", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def room_of(module: str) -> str:
    """The folder, or loose module, directly below the package that a module belongs to."""
    return module.split(".")[1] if "." in module else module


PATHS = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
IMPORTS = {module: imported_modules(module) for module in PATHS}


def edges() -> Iterator[tuple[str, str]]:
    return ((module, target) for module, targets in IMPORTS.items() for target in targets)


@pytest.mark.parametrize("module", PATHS)
def test_every_module_has_a_level_and_imports_none_above_it(module: str) -> None:
    assert room_of(module) in LEVEL_OF, f"give {module} a level in {Path(__file__).name}"
    backward = [name for name in IMPORTS[module] if LEVEL_OF[room_of(name)] > LEVEL_OF[room_of(module)]]
    assert backward == []


def test_few_modules_lie_loose_at_the_top() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 6
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} <= set(LEVEL_OF)


def test_the_walk_sees_imports() -> None:
    assert len(PATHS) > 50
    assert {"hyperforget.runtime.stage", "hyperforget.data.splits"} <= IMPORTS["hyperforget.stages.fetch_dataset"]


def test_stages_never_import_stages() -> None:
    """But one module starts them all, from the table that lists them."""
    found = [edge for edge in edges() if all(room_of(module) == "stages" for module in edge)]
    assert found == [("hyperforget.stages.__main__", "hyperforget.stages.interfaces")]


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(IMPORTS).static_order())
    assert set(order) == set(PATHS)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_imports_within_the_package_are_absolute(path: Path) -> None:
    """Digests of code and this file follow absolute imports only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == []


def is_code(node: ast.stmt) -> bool:
    """Whether a statement is more than a docstring, an import or ``__all__``."""
    exported = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    return not (exported or isinstance(node, ast.Expr | ast.Import | ast.ImportFrom))


def test_packages_that_others_reach_into_have_no_code_of_their_own() -> None:
    """Importing ``a.b`` runs ``a/__init__.py``, which the digest of the importing code does not cover."""
    reached_into = {target.rpartition(".")[0] for module, target in edges() if room_of(module) != room_of(target)} - {
        "",
        "hyperforget",
        "hyperforget.config",
    }
    assert "hyperforget.hypernet" in reached_into
    for package in reached_into:
        body = ast.parse(PATHS[package].read_text(encoding="utf-8")).body
        assert not any(map(is_code, body)), package


def test_nothing_in_the_package_knows_the_workflow_engine_but_what_starts_it_and_what_it_shows() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    knowing = [path for path in files if b"snakemake" in path.read_bytes().lower()]
    assert set(knowing) == {PATHS["hyperforget.cli.running"], PATHS["hyperforget.runs.screen"]}


def test_light_modules_do_not_import_heavy_libraries() -> None:
    """One after another in one process, so that each is told beside what is there after it."""
    names = ["config", "runtime.code_digest", "forget_set", "report.spec", "errors", "progress"]
    names += ["records", "runtime.stage"]
    program = f"""
import importlib, sys
for name in {names}:
    importlib.import_module(f"hyperforget.{{name}}")
    print(name, *sorted({{"torch", "sklearn", "scipy", "matplotlib", "pandas"}} & set(sys.modules)))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.splitlines() == names
