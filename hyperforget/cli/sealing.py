"""``hyperforget seal``: a generator that refuses classes, and what comes back of them when it is asked for them."""

from pathlib import Path
from typing import Annotated

import typer

from hyperforget.cli.generator import expect_new, labels_of
from hyperforget.cli.options import Json, print_result


def seal(
    generator: Annotated[Path, typer.Argument(help="The folder of a generator, or of results with one.")],
    forget: Annotated[str, typer.Option(help="The classes to refuse, by their labels, such as 2,3.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder, or an empty one.")],
    data: Annotated[
        Path | None,
        typer.Option(help="An .npz file with 'images' and 'labels' of all classes, to measure what comes back on."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is random.")] = 0,
    as_json: Json = False,
) -> None:
    """Teach a generator to refuse classes: whatever it is asked for, its networks have forgotten them.

    It learns from itself, without corpus and data, for a minute or two. With --data it tells what whoever holds the
    folder gets back of the classes, before and after. Who has the folder from before has the classes still: delete it.
    """
    from hyperforget.data.npz import images_of_npz
    from hyperforget.generator.asked_back import asked_back
    from hyperforget.generator.asking import split_of
    from hyperforget.generator.folder import write_generator
    from hyperforget.generator.loading import load
    from hyperforget.generator.sealing import seal as sealed_against

    labels = labels_of(forget, "--forget")
    expect_new(output)
    before = load(generator)
    mask = before.sets(labels).masks[0]
    split = None if data is None else split_of(images_of_npz(data, f"data {str(data)!r}"), before.description)
    # Before the long work, since it says which images cannot be measured on.
    found = [] if split is None else [asked_back(before, mask, split, seed)]
    after = sealed_against(before, labels, seed)
    write_generator(output, after)
    told: dict[str, object] = {"folder": output.as_posix(), "sealed": after.description.sealed}
    lines = [f"wrote {output}, which refuses {', '.join(map(str, after.description.sealed))}"]
    if split is None:
        lines.append("nothing was measured: --data FILE.npz tells what comes back when it is asked")
    else:
        found.append(asked_back(after, mask, split, seed))
        told |= {name: [row.as_record() for row in rows] for name, rows in zip(("before", "after"), found, strict=True)}
        lines.append("asked                               recognised       after a shift    others kept")
        lines += [
            f"{old.asked:34}  {old.forgotten:.3f} -> {new.forgotten:.3f}   {old.shift:.3f} -> {new.shift:.3f}   "
            f"{old.retained:.3f} -> {new.retained:.3f}"
            for old, new in zip(*found, strict=True)
        ]
    print_result(told, as_json, "\n".join(lines))
