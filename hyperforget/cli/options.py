"""What the commands of ``hyperforget`` share: options, errors in one line, results as text or JSON."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hyperforget.errors import UserError, os_error_text, printable
from hyperforget.home_folder import expand_home


def _open(folder: str | Path) -> Any:
    from hyperforget.store.store import Store  # not above: with numpy, it would slow down the help

    return Store(Path(expand_home(str(folder))))


Store = Annotated[Any, typer.Option(parser=_open, metavar="PATH", help="Folder of the artifact store.")]
Results = Annotated[Path, typer.Option(help="Folder of the results.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

STORE: Any = Path("results/store")
RESULTS = Path("results")


class Commands(TyperGroup):
    """Commands that end with one line and status 2 for a `UserError`, and for a file that cannot be used."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except OSError as error:
            if error.filename is None:
                raise  # of the terminal, say
            typer.echo(f"error: {os_error_text(error)}", err=True)
            raise typer.Exit(2) from None


def print_result(told: object, as_json: bool, text: str) -> None:
    """Print what a command found or did: indented JSON of ``told``, or the ``text`` that says the same.

    What others have written is part of it, so control characters are printed as escapes.
    """
    if as_json:
        typer.echo(
            "\n".join(map(_printable_json, json.dumps(told, indent=2, default=str, ensure_ascii=False).split("\n")))
        )
    else:
        typer.echo("\n".join(map(printable, text.split("\n"))))


def _printable_json(line: str) -> str:
    """JSON of the same value, whose escapes are those of JSON."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
