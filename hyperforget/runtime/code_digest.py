"""A digest of the code that a stage runs: editing code reruns the stages that use it and nothing else.

The digest covers the syntax trees, without docstrings, of a module and of all modules of this package that it imports,
directly or not. Of a package, it also covers the files beside its ``__init__.py`` that are not Python, such as
templates. Comments, documentation, layout and file times leave it unchanged.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "hyperforget"
_ROOT = Path(__file__).parents[1]

# These declare and check the configuration, whose values reach a stage in what it is told: a new key for one
# stage must not rerun the others. What a stage gets of them has no behaviour.
DECLARATIONS = frozenset(
    f"{PACKAGE}.config{module}"
    for module in (
        "",
        ".base",
        ".check",
        ".hardware",
        ".models",
        ".reference",
        ".sections",
        ".specs",
        ".tasks",
    )
)


@cache
def code_digest(module: str) -> str:
    """Digest of ``module`` (dotted name) and its imports within the package; 16 hexadecimal digits.

    Raises `ModuleNotFoundError` for a module that is not in the package.
    """
    pending, reached = [module], dict[str, str]()
    while pending:
        name = pending.pop()
        if name in reached or name in DECLARATIONS:
            continue
        reached[name], imports = _module_digest(name)
        pending += imports
    listing = "\n".join(f"{name} {reached[name]}" for name in sorted(reached))
    return hashlib.sha256(listing.encode()).hexdigest()[:16]


# Most modules are reached from most stages, and each job of a workflow digests all stages.
@cache
def _module_digest(module: str) -> tuple[str, list[str]]:
    """Digest of a module alone, for a package with the files of its folder, and what it imports."""
    path = _path(module)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = _imports(tree)
    content = [ast.dump(_without_docstrings(tree)).encode()]
    if path.name == "__init__.py":
        files = [file for file in sorted(path.parent.iterdir()) if file.is_file() and file.suffix != ".py"]
        content += [file.read_bytes() for file in files]
    return hashlib.sha256(b"".join(content)).hexdigest(), imports


def imported_modules(module: str) -> set[str]:
    """Names of the package's modules that ``module`` itself imports, at any level of its code."""
    return set(_imports(ast.parse(_path(module).read_text(encoding="utf-8"))))


def _path(module: str) -> Path:
    relative = module.split(".")[1:]
    folder = _ROOT.joinpath(*relative)
    for path in (folder.with_suffix(".py") if relative else folder, folder / "__init__.py"):
        if module.split(".")[0] == PACKAGE and path.is_file():
            return path
    raise ModuleNotFoundError(f"no module {module!r} in the package {PACKAGE!r}")


def _imports(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == PACKAGE:
            found += [_imported_from(str(node.module), alias.name) for alias in node.names]
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """A module or statement and all statements inside of it; a tenth of the nodes that `ast.walk` goes through."""
    yield node
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, block, None)
        for part in inner if isinstance(inner, list) else ():
            yield from _statements(part)


def _imported_from(module: str, name: str) -> str:
    """``from module import name`` imports either the submodule ``name`` or something inside ``module``."""
    try:
        _path(f"{module}.{name}")
    except ModuleNotFoundError:
        return module
    return f"{module}.{name}"


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in _statements(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]
    return tree
