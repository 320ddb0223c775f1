"""No function of the package takes more than six arguments: what belongs together has a data class."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layers import PATHS

MOST = 6
# Parameters of a command are the options of its command line, one each.
COMMANDS_WITH_MORE = {
    "hyperforget.cli.store.lineage",
    "hyperforget.cli.generator.forget",
    "hyperforget.cli.what_if.what_if",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def name(function: Function) -> str:
    return "lambda" if isinstance(function, ast.Lambda) else function.name


def arguments(function: Function) -> list[str]:
    """Names of all, apart from the object or class that a method belongs to."""
    every = function.args
    named = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
    return [argument.arg for argument in named if argument and argument.arg not in ("self", "cls")]


def is_command(function: Function) -> bool:
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    return any(ast.unparse(decorator).endswith((".command()", ".callback()")) for decorator in decorators)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", PATHS)
def test_functions_have_six_arguments_at_the_most(module: str) -> None:
    long = {f"{module}.{name(each)}": each for each in functions(parsed(PATHS[module])) if len(arguments(each)) > MOST}
    assert set(long) <= COMMANDS_WITH_MORE
    assert all(map(is_command, long.values()))


def test_the_exceptions_are_there() -> None:
    for exception in COMMANDS_WITH_MORE:
        module, _, command = exception.rpartition(".")
        [found] = [each for each in functions(parsed(PATHS[module])) if name(each) == command]
        assert is_command(found)
        assert len(arguments(found)) > MOST


def test_every_kind_of_argument_counts_but_the_object_itself() -> None:
    source = (
        "class A:\n    def f(self, a, /, b, *c, d, **e): return lambda g, *, h=1: g\n@app.command()\ndef k(): ...\n"
    )
    found = {name(each): arguments(each) for each in functions(ast.parse(source))}
    assert {key: set(value) for key, value in found.items()} == {"f": set("abcde"), "lambda": {"g", "h"}, "k": set()}
    assert [name(each) for each in functions(ast.parse(source)) if is_command(each)] == ["k"]
