"""Stage: list the segments of a corpus, check that it can teach forgetting, and summarise it."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--corpus", required=True, help="name of the corpus")
    parser.add_input("--dataset")
    parser.add_input("--segments", nargs="+")
    parser.add_output("--token")
    parser.add_output("--classes")
    parser.add_output("--forget-sets")
    parser.add_output("--bins")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import numpy as np
    import torch

    from hyperforget.config import CollectionConfig, collection_key
    from hyperforget.corpus.admission import sum_counts
    from hyperforget.corpus.checkpoints import admitted_mask, read_segments
    from hyperforget.corpus.summary import (
        check_forgetting,
        check_runs,
        summarise_classes,
        summarise_forget_sets,
    )
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.forget_set import parse_forget_set
    from hyperforget.records import write_rows
    from hyperforget.store.tokens import read_token, write_token

    spec = options.spec
    config, where = CollectionConfig(**spec["collection"]), collection_key(options.task, options.corpus)
    data = load_task_data(options.store, options.dataset)
    tokens = [read_token(path, kind="segment") for path in options.segments]
    segments = [token.object_id for token in tokens]
    names = ["loss", "correct", "saved", "switch", "step", "rate_after"]
    arrays = read_segments(options.store, segments, names)
    sizes = conditioning_split(data, spec["protocol"]).class_sizes.numpy()
    mask = admitted_mask(torch.from_numpy(arrays["saved"]), arrays["loss"].shape[1]).numpy()
    counts = sum_counts([token.summary["admission"] for token in tokens])
    runs = int((arrays["saved"] >= 2).sum())
    check_runs(runs, config, where, counts)
    classes = summarise_classes(arrays["loss"][mask], arrays["correct"][mask] / sizes, spec["pivots"])
    check_forgetting(classes, config, where)
    forget, holdout = (
        [parse_forget_set(text, data.classes) for text in spec[key]] for key in ("forget", "holdout")
    )
    write_rows(options.classes, classes)
    write_rows(options.forget_sets, summarise_forget_sets(arrays, sizes, forget, holdout))
    write_rows(options.bins, counts.levels)
    named = {"task": options.task, "corpus": options.corpus}
    object_id = options.store.publish("corpus", {}, named | {"segments": segments})
    summary = named | {
        "runs": int(arrays["saved"].shape[0]),
        "runs_with_checkpoints": runs,
        "checkpoints": int(np.sum(mask)),
        "reviewed": counts.reviewed,
        "pivots_rejected": counts.pivots_rejected,
    }
    write_token(options.token, "corpus", object_id, summary)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("assemble_corpus", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
