"""The ``hyperforget`` command: plan and run the workflow, judge networks; trace, keep, compare and verify results."""

from dataclasses import asdict
from typing import Annotated

import typer

from hyperforget import __version__
from hyperforget.cli import evaluating, following, listings, own, releasing, running, sealing, showing
from hyperforget.cli.generator import generator_app
from hyperforget.cli.options import Commands, Json, print_result
from hyperforget.cli.store import store_app
from hyperforget.cli.what_if import what_if_app

app = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)
app.command(cls=running.HandsOver)(running.run)
app.command()(running.init)
app.command()(evaluating.evaluate)
app.command()(showing.show)
app.command()(following.status)
app.command()(releasing.release)
for listing in (listings.tasks, listings.models, listings.methods, listings.metrics, listings.explain):
    app.command()(listing)
app.command()(own.check_method)
app.command()(own.check_metric)
app.add_typer(generator_app)
app.command()(sealing.seal)
app.add_typer(what_if_app)
app.add_typer(store_app, name="store", help="Trace, keep, compare and verify results.")


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hyperforget {__version__}")
        raise typer.Exit


@app.callback()
def hyperforget(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    """Learning to forget with diffusion hypernetworks: the plan of a run, its results, and their store."""


@app.command()
def plan(
    config: Annotated[str | None, typer.Argument(help="A configuration, as for run.")] = None,
    teraflops: Annotated[
        float | None,
        typer.Option(min=1e-9, help="Sustained speed of a device, 10¹² operations a second, to tell hours."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what a configuration will take: checkpoints, parameters, disk, memory and arithmetic."""
    from hyperforget.cli import planning

    found = planning.plan(running.configured(config))
    print_result(asdict(found), as_json, planning.as_text(found, teraflops))


def main() -> None:
    """Run the command; the entry point of the package."""
    app()


if __name__ == "__main__":
    main()
