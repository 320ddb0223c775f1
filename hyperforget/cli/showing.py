"""``hyperforget show``: what one forget set came to, in a few lines."""

from pathlib import Path
from typing import Annotated

import typer

from hyperforget.cli.options import Json, print_result


def show(
    file: Annotated[Path, typer.Argument(help="Of one forget set, such as results/digits/forget-2.csv.")],
    config: Annotated[str | None, typer.Option(help="The configuration of its run, as for run.")] = None,
    as_json: Json = False,
) -> None:
    """Tell of every method whether it forgot, hides or still answers, what it keeps, and what a request takes.

    The verdicts are those of the report; in brackets stands what to hold a number against.
    """
    from hyperforget.cli.running import configured
    from hyperforget.config.slices import report_spec
    from hyperforget.provenance.text import aligned
    from hyperforget.report.shown import HEADINGS, show

    found = show(report_spec(configured(config), {}), file)
    told = {
        "title": found.title,
        "methods": [dict(zip(HEADINGS, row, strict=True)) for row in found.rows],
        "networks": found.networks,
    }
    lines = [f"{found.title}.", *aligned([HEADINGS, *found.rows]), f"Networks: {found.networks}"]
    # A terminal breaks no lines between a number and its unit.
    print_result(told, as_json, "\n".join(lines).replace("\N{NO-BREAK SPACE}", " "))
