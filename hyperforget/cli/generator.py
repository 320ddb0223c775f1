"""``hyperforget forget`` and ``hyperforget export-generator``: generators for whoever has a network in a file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperforget.cli.options import RESULTS, STORE, Commands, Json, Results, Store, print_result
from hyperforget.errors import UserError, nearest_choice, shown

if TYPE_CHECKING:
    from hyperforget.config.sections import Config
    from hyperforget.config.specs import GeneratorSpec
    from hyperforget.generator.exporting import Made
    from hyperforget.generator.receipt import Receipt


_LABEL = re.compile(r"0|[1-9][0-9]{0,9}")

generator_app = typer.Typer(cls=Commands, rich_markup_mode=None)


@generator_app.command()
def forget(
    network: Annotated[Path, typer.Argument(help="A state dict: .safetensors, or .pt, of which nothing is run.")],
    classes: Annotated[str, typer.Option(help="The classes to forget, by their labels, such as 2,3.")],
    generator: Annotated[Path, typer.Option("--with", help="The folder of a generator, or of results with one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .safetensors or .pt.")],
    data: Annotated[
        Path | None,
        typer.Option(help="An .npz file with 'images' and 'labels' of all classes, to choose and measure on."),
    ] = None,
    normalisation: Annotated[
        str | None,
        typer.Option(help="Mean and deviation that the network's pixels are normalised with, such as 0,255."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is random.")] = 0,
    receipt: Annotated[Path | None, typer.Option(help="File to write the receipt of the request to, .json.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a trained network forget classes.

    Without --data the network counts as a typical one, and the answer takes milliseconds. Networks have the shape that
    the generator was made for; without --normalisation they read pixels normalised as its README.md says.
    """
    from hyperforget.generator.files import FileRequest, check_output, forget_in_file
    from hyperforget.generator.loading import load
    from hyperforget.store.canonical import readable_json
    from hyperforget.store.files import replace_file

    labels = labels_of(classes)
    normalised = None if normalisation is None else normalisation_of(normalisation)
    check_output(output, overwrite)
    if receipt is not None:
        check_output(receipt, overwrite, (".json",))
    done = forget_in_file(load(generator), FileRequest(network, labels, output, data, normalised, seed))
    told = done.model_dump(mode="json")
    if receipt is not None:
        replace_file(receipt, readable_json(told))
    print_result(told, as_json, _as_text(done, output))


@generator_app.command("export-generator")
def export_generator(
    folder: Annotated[Path, typer.Argument(help="A new folder, or an empty one.")],
    of: Annotated[str, typer.Option(help="Task and model, such as digits/dihyfo-1.")],
    config: Annotated[str | None, typer.Option(help="The configuration of the run, as for run.")] = None,
    results: Results = RESULTS,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Make the folder of a generator, which needs neither store nor data, of the results of a run.

    What was measured is read from metrics.csv, where there is one. The run itself makes the same in
    RESULTS/TASK/MODEL/generator.
    """
    from hyperforget.cli import running
    from hyperforget.config import load_config
    from hyperforget.config.reading import read_config
    from hyperforget.generator.exporting import export
    from hyperforget.generator.folder import write_generator
    from hyperforget.records.files import read_rows
    from hyperforget.records.methods import MetricRow

    path = running.default_configuration() if config is None else running.configuration_file(config)
    made, spec = _made_by(load_config(read_config(path)), of, results)
    expect_new(folder)
    metrics = results / "metrics.csv"
    generator = export(store, made, spec, read_rows(metrics, MetricRow) if metrics.is_file() else [])
    write_generator(folder, generator)
    told = {"folder": folder.as_posix(), "task": made.task, "model": made.model}
    print_result(told, as_json, f"wrote {folder}, the generator {made.model} of {made.task}")


def _made_by(config: "Config", named: str, results: Path) -> "tuple[Made, GeneratorSpec]":
    """What a run with a configuration made below ``results`` of a task's model, named ``task/model``, and what it is
    told for its export.

    Raises `UserError` for a name that the configuration does not have, and for a model that forgets no class.
    """
    from hyperforget.config.families import home_of_hypernetworks, prompted_by
    from hyperforget.config.slices import spec_of
    from hyperforget.config.specs import GeneratorSpec
    from hyperforget.generator.exporting import Made

    allowed = [f"{task}/{model}" for task in (*config.tasks, *config.repetitions) for model in config.generators]
    if named not in allowed:
        raise UserError(f"{named!r} is no generator; allowed are {', '.join(allowed)}{nearest_choice(named, allowed)}")
    task, model = named.split("/")
    corpus = config.tasks[config.repeated(task)[0]].corpus_of(model)
    made = Made(
        task,
        model,
        results / task / "dataset.json",
        results / prompted_by(config, task) / f"{corpus}.json",
        results / home_of_hypernetworks(config, task) / model / "hypernet.json",
    )
    return made, spec_of(GeneratorSpec, config, {"task": task, "model": model})


def expect_new(folder: Path) -> None:
    """Raise `UserError` for a folder that is there and holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already; name a new folder, or an empty one")


def labels_of(text: str, option: str = "--classes") -> list[int]:
    """The labels in an ``option`` such as ``2,3``; raises `UserError` for anything else.

    Python reads ``2_3`` as 23 as well, and digits of any alphabet.
    """
    parts = [part.strip(" ") for part in text.replace("-", ",").split(",")]
    if not all(_LABEL.fullmatch(part) for part in parts):
        raise UserError(
            f"{option} is {shown(text)}; allowed are labels in plain digits with commas between them, such as 2,3"
        )
    return [int(part) for part in parts]


def normalisation_of(text: str) -> tuple[float, float]:
    """Mean and deviation in an option such as ``0,255``; raises `UserError` for anything else."""
    try:
        mean, std = map(float, text.split(","))
    except ValueError:
        mean, std = 0.0, 0.0
    if not 0 < std < float("inf") or not abs(mean) < float("inf"):
        raise UserError(f"--normalisation is {shown(text)}; allowed are a mean and a positive deviation, such as 0,255")
    return mean, std


def _as_text(receipt: "Receipt", output: Path) -> str:
    names = ", ".join(map(str, receipt.request.classes))
    lines = [f"wrote {output}, which has forgotten {names}"]
    if receipt.measured is None:
        lines.append("nothing was measured: --data FILE.npz tells what is still recognised")
    else:
        found = receipt.measured
        lines += [
            f"of the {found.images} images in {found.data.name} it recognises",
            f"  {found.forgotten_after:7.2%} of {names} (before: {found.forgotten_before:.2%})",
            f"  {found.retained_after:7.2%} of the others (before: {found.retained_before:.2%})",
        ]
    return "\n".join(lines)
