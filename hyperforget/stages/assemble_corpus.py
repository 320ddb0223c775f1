"""Stage: list the segments of a corpus, check that it can teach forgetting, and summarise it."""

from pathlib import Path

import numpy as np
import torch

from hyperforget import store
from hyperforget.admission import sum_counts
from hyperforget.command import run_command, stage_parser
from hyperforget.config import CollectionConfig
from hyperforget.corpus import admitted_mask, read_segments
from hyperforget.forget import parse_forget_set
from hyperforget.metrics.classes import class_sizes
from hyperforget.rows import write_rows
from hyperforget.summary import check_forgetting, check_runs, summarise_classes, summarise_forget_sets
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--segments", type=Path, nargs="+", required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--classes", type=Path, required=True)
    parser.add_argument("--forget-sets", type=Path, required=True)
    parser.add_argument("--bins", type=Path, required=True)
    options = parser.parse_args(arguments)
    spec = options.spec
    config = CollectionConfig(**spec["collection"])
    data = load_task_data(options.store, options.dataset)
    tokens = [store.read_token(path, kind="segment") for path in options.segments]
    segments = [token.object_id for token in tokens]
    names = ["loss", "correct", "saved", "switch", "step", "rate_after"]
    arrays = read_segments(options.store, segments, names)
    sizes = class_sizes(conditioning_split(data, spec["protocol"]).labels, data.classes).numpy()
    mask = admitted_mask(torch.from_numpy(arrays["saved"]), arrays["loss"].shape[1]).numpy()
    counts = sum_counts([token.summary["admission"] for token in tokens])
    runs = int((arrays["saved"] >= 2).sum())
    check_runs(runs, config, options.task, counts)
    classes = summarise_classes(arrays["loss"][mask], arrays["correct"][mask] / sizes, spec["pivots"])
    check_forgetting(classes, config, options.task)
    forget, holdout = (
        [parse_forget_set(text, data.classes) for text in spec[key]] for key in ("forget", "holdout")
    )
    write_rows(options.classes, classes)
    write_rows(options.forget_sets, summarise_forget_sets(arrays, sizes, forget, holdout))
    write_rows(options.bins, counts.levels)
    object_id = store.publish(options.store, "corpus", {}, {"task": options.task, "segments": segments})
    summary = {
        "task": options.task,
        "runs": int(arrays["saved"].shape[0]),
        "runs_with_checkpoints": runs,
        "checkpoints": int(np.sum(mask)),
        "reviewed": counts.reviewed,
        "pivots_rejected": counts.pivots_rejected,
    }
    store.write_token(options.token, "corpus", object_id, summary)


if __name__ == "__main__":
    run_command(main)
