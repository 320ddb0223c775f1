"""``hyperforget check-method`` and ``check-metric``: whether a function of one's own does what every one owes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperforget.cli.options import Json, print_result
from hyperforget.errors import UserError, shown

if TYPE_CHECKING:
    from hyperforget.config.own_code import Kind
    from hyperforget.runtime.own_code import OwnCode

File = Annotated[Path, typer.Argument(help="A Python file, or the name of an entry point of an installed package.")]
Function = Annotated[str | None, typer.Option(help="Name of the function; without one, that of the file.")]
Settings = Annotated[str, typer.Option(help="Keyword arguments of the function, JSON.")]


@dataclass(frozen=True)
class Checked:
    """A function that keeps the contract, and in how many cases this was tried."""

    function: str
    cases: int


def check_method(file: File, function: Function = None, settings: Settings = "{}", as_json: Json = False) -> None:
    """Try an unlearning method of your own on toy networks; tells the first thing that it does wrong."""
    code = _loaded("method", file, function, settings)

    from hyperforget.unlearning import contract
    from hyperforget.unlearning.own_methods import own_method

    cases = list(contract.toy_cases())
    for case in cases:
        contract.check_method(own_method(code), case)
    checked = Checked(code.name, len(cases))
    print_result(vars(checked), as_json, f"{code.name} keeps the contract, in {len(cases)} cases")


def check_metric(file: File, function: Function = None, settings: Settings = "{}", as_json: Json = False) -> None:
    """Try a metric of your own on toy networks; tells the first thing that it does wrong."""
    code = _loaded("metric", file, function, settings)

    from hyperforget.metrics import own_metrics

    own_metrics.check_metric(code, own_metrics.toy_answers())
    print_result(vars(Checked(code.name, 1)), as_json, f"{code.name} keeps the contract")


def _loaded(kind: "Kind", file: Path, function: str | None, settings: str) -> "OwnCode":
    """The function, looked for as in a configuration; raises `UserError` where it is not there."""
    from hyperforget.config.own_code import OwnFunction, check_own
    from hyperforget.runtime.own_code import Whereabouts, load_own

    in_file = file.suffix == ".py" or file.exists()
    name = file.stem if in_file else str(file)
    own = OwnFunction(file=str(file) if in_file else None, function=function, settings=_parsed(settings))
    check_own(f"{kind}s.{name}", own, name, kind)
    return load_own(kind, Whereabouts(own.function_of(name), file if in_file else None), own.settings)


def _parsed(settings: str) -> dict[str, Any]:
    try:
        found = json.loads(settings)
    except json.JSONDecodeError as error:
        raise UserError(f"--settings is {shown(settings)}, which is no JSON ({error}); allowed is an object") from None
    if not isinstance(found, dict):
        raise UserError(f"--settings is {shown(settings)}; allowed is a JSON object, such as '{{\"strength\": 2}}'")
    return found
