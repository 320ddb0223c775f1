"""List the segments of a corpus, check that it can teach forgetting, and summarise it."""

from hyperforget.collection.admission import sum_counts
from hyperforget.collection.checkpoints import RATES, read_segments
from hyperforget.collection.summary import (
    check_forgetting,
    check_runs,
    forgetting_of,
    summarise_classes,
    summarise_forget_sets,
)
from hyperforget.config.specs import CorpusSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.forget_set import ForgetSet
from hyperforget.records.files import write_rows
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token, write_token


def run(job: Job[CorpusSpec]) -> None:
    """Load, call, save."""
    spec = job.spec
    data = load_task_data(job.store, job.input("dataset"))
    sizes = conditioning_split(data, spec.protocol).class_sizes.numpy()
    tokens = [read_token(path, kind="segment") for path in job.inputs["segments"]]
    segments = [token.object_id for token in tokens]
    names = ["loss", "correct", "discriminability", "saved", "step", *RATES]
    arrays = read_segments(job.store, segments, names)
    counts = sum_counts([token.summary["admission"] for token in tokens])
    runs = int((arrays["saved"] >= 2).sum())
    check_runs(runs, spec.requirements, counts)
    found = forgetting_of(arrays, sizes, data.noun)
    classes = summarise_classes(found, arrays["loss"], data.labels, spec.pivots)
    check_forgetting(classes, spec.requirements, data.noun)
    forget, holdout = ([ForgetSet(classes) for classes in sets] for sets in (spec.forget, spec.holdout))
    write_rows(job.output("classes"), classes)
    write_rows(job.output("forget_sets"), summarise_forget_sets(found, arrays, data.labels, forget, holdout))
    write_rows(job.output("bins"), counts.levels)
    object_id = job.store.publish("corpus", {}, {**job.names, "segments": segments, **found.bounds.attributes})
    summary = {
        **job.names,
        "runs": int(arrays["saved"].shape[0]),
        "runs_with_checkpoints": runs,
        "checkpoints": int(found.admitted.sum()),
        "reviewed": counts.reviewed,
        "diverged": counts.diverged,
        "pivots_rejected": counts.pivots_rejected,
        "holdout_rejected": counts.holdout_rejected,
    }
    write_token(job.output("token"), "corpus", object_id, summary)
