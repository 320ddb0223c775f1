"""``hyperforget what-if``: what a network would do, had it never seen some classes, or any set of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperforget.cli.generator import labels_of, normalisation_of
from hyperforget.cli.options import Commands, Json, print_result
from hyperforget.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from hyperforget.what_if.table import Answered


what_if_app = typer.Typer(cls=Commands, rich_markup_mode=None)


@what_if_app.command()
def what_if(
    generator: Annotated[Path, typer.Argument(help="The folder of a generator, or of results with one.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the table to: .parquet or .csv.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="One set of classes, by their labels, such as 2,3; without it, every set.")
    ] = None,
    network: Annotated[
        Path | None, typer.Option(help="A state dict, .safetensors or .pt; by default an original network of the run.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="An .npz file with 'images' and 'labels' of all classes; by default test images of the run."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="Where results hold generators of several tasks.")] = None,
    model: Annotated[str | None, typer.Option(help="Where they hold several of a task.")] = None,
    normalisation: Annotated[
        str | None, typer.Option(help="Mean and deviation that the network's pixels are normalised with.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise that all answers are made from.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Tell how well a network would recognise each class without some of them, or without each set of them.

    Each set is one evaluation of the hypernetwork, without data. Every set of sixteen classes takes minutes; Ctrl-C
    saves what is done beside the output, and the same command goes on from it.
    """
    from hyperforget.generator.files import check_output
    from hyperforget.generator.loading import find_generator
    from hyperforget.generator.loading import load as load_generator
    from hyperforget.what_if.asking import free_places
    from hyperforget.what_if.given import Given, answers, given_network, given_split
    from hyperforget.what_if.sets import every_set, numbers_of
    from hyperforget.what_if.table import SUFFIXES, check_writable, table_of, write_table

    if output is None and classes is None:
        raise UserError("every set is asked for, and no file for the table: name one with --output, or --classes")
    if output is not None:
        check_output(output, overwrite, SUFFIXES)
        check_writable(output)
    folder = find_generator(generator, task, model)
    asked, run = load_generator(folder), folder.absolute().parents[1]
    places = free_places(asked)
    sets = None if classes is None else asked.sets(labels_of(classes))
    numbers = every_set(len(places)) if sets is None else numbers_of(sets.masks, places)
    pixels = None if normalisation is None else normalisation_of(normalisation)
    given = Given(given_network(asked, network, pixels, run), given_split(asked, data, run))
    answered = answers(asked, given, numbers, seed, output)
    before = given.accuracies
    about = {
        "task": asked.description.task,
        "model": asked.description.model,
        "generator": asked.description.weights_sha256,
        "seed": seed,
        "before": dict(zip(map(str, asked.classes), before.tolist(), strict=True)),
    }
    table = table_of(answered, asked.classes, about)
    if output is not None:
        write_table(output, table)
    text = _of_every_set(before, answered, places) if classes is None else _of_one_set(asked.classes, before, answered)
    text = text if output is None else f"wrote {output}\n{text}"
    told = table.attrs | ({} if classes is None else {"answers": table.to_dict("records")})
    print_result(told, as_json, text)


def _of_one_set(labels: Sequence[int], before: "Tensor", answered: "Answered") -> str:
    from hyperforget.provenance.text import aligned

    [after] = answered.accuracies.tolist()
    rows = zip(labels, before.tolist(), after, strict=True)
    return "\n".join(
        aligned([["class", "before", "without"], *([f"{name}", f"{old:.4f}", f"{new:.4f}"] for name, old, new in rows)])
    )


def _of_every_set(before: "Tensor", answered: "Answered", places: Sequence[int]) -> str:
    from hyperforget.what_if.sets import masks_of

    masks = masks_of(answered.numbers, places, len(before))[1:]
    found = answered.accuracies[1:]
    forgotten, retained = (((found * mask).sum(dim=1) / mask.sum(dim=1)).median().item() for mask in (masks, ~masks))
    return "\n".join(
        [
            f"{len(masks):,} sets of {len(places)} classes; mean accuracy by class, medians over sets:",
            f"  {forgotten:7.2%} of forgotten classes",
            f"  {retained:7.2%} of the others (all classes before: {before.mean().item():.2%})",
        ]
    )
