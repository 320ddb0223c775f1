"""The report's plain tables: what was collected, verdicts against rivals, and how the report was made."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperforget.config.report_specs import CorpusSpec, ReportSpec, TaskSpec
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.report.findings import ACCURACY_MARGIN, DISTANCE_MARGIN, judge, outcome
from hyperforget.report.results import Metrics, read_csv
from hyperforget.report.run_record import Timing, Token
from hyperforget.report.spec import corpus_title, forget_title, method_title

_CLASS_COLUMNS = ("class", "role", "checkpoints", "forgotten", "lowest", "median", "highest")
_SET_COLUMNS = ("forget", "holdout", "checkpoints", "forgotten")
_BIN_COLUMNS = ("class", "low", "high", "cap", "admitted", "rejected")
# Upper edges from here on stand for "no upper edge".
_UNBOUNDED = 1e6


@dataclass(frozen=True)
class Listing:
    """A table of text: the first cell of a row heads it; columns from ``numeric`` on align as numbers."""

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: int = 1


def corpus_listings(task: TaskSpec, corpus: CorpusSpec, folder: Path) -> list[Listing]:
    """What was collected for a corpus, from its three files in the folder of the task: ``corpus-classes.csv``
    and those of forget sets and bins.
    """
    classes = read_csv(folder / f"{corpus.name}-classes.csv", _CLASS_COLUMNS)
    title = corpus_title(task, corpus)
    by_class = Listing(
        f"{task.name}-{corpus.name}-classes",
        f"Checkpoints collected for {title}, by class, with lowest, median and highest loss of the "
        f"class among them. Forgotten are those with an accuracy of the class of at most {FORGOTTEN_ACCURACY}. Good: "
        "free classes have thousands of forgotten checkpoints and many that know the class; pivots have "
        "none forgotten.",
        ("Class", "Role", "Checkpoints", "Forgotten", "Lowest loss (nats)", "Median", "Highest"),
        tuple(
            (row[0], row[1], _count(row[2]), _count(row[3]), *(f"{loss:.3f}" for loss in row[4:]))
            for row in classes.itertuples(index=False, name=None)
        ),
        numeric=2,
    )
    by_set = Listing(
        f"{task.name}-{corpus.name}-forget-sets",
        f"Checkpoints of {title} from runs that deleted exactly this set, and how many of them have "
        "really forgotten all of it. Good: hundreds or more for sets that were collected, none for those "
        "kept out; of a set with none forgotten a generator has little to learn.",
        ("Forget set", "Collection", "Checkpoints", "Forgotten"),
        tuple(
            (
                forget_title(forget),
                "kept out" if held_out else "collected",
                _count(checkpoints),
                _count(forgotten),
            )
            for forget, held_out, checkpoints, forgotten in corpus_sets(corpus, folder)
        ),
        numeric=2,
    )
    bins = _bin_listing(task, corpus, folder)
    return [by_class, by_set, *([bins] if bins.rows else [])]


def corpus_sets(corpus: CorpusSpec, folder: Path) -> list[tuple[str, bool, int, int]]:
    """(forget set, held out, checkpoints, forgotten) of every set of a corpus, from its file in the folder of
    the task, such as ``corpus-forget-sets.csv``.
    """
    frame = read_csv(folder / f"{corpus.name}-forget-sets.csv", _SET_COLUMNS, may_be_empty=True)
    return [
        (row[0], bool(row[1]), int(row[2]), int(row[3])) for row in frame.itertuples(index=False, name=None)
    ]


def verdict_listing(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> Listing | None:
    """Every generator against every free rival; None where the report has no such pair."""
    rows = []
    for generator in spec.generators:
        for rival in spec.rivals:
            for forget in task.forget_sets:
                verdict = judge(
                    outcome(metrics, task.name, generator, forget), outcome(metrics, task.name, rival, forget)
                )
                held_out = " (kept out)" if forget in task.holdout else ""
                rows.append((
                    method_title(generator), method_title(rival), forget_title(forget) + held_out,
                    f"{verdict.accuracy}: {verdict.accuracy_reason}",
                    f"{verdict.closeness}: {verdict.closeness_reason}",
                ))  # fmt: skip
    if not rows:
        return None
    caption = (
        f"Each generator on {task.name} against the rivals that need no training. Accuracy: a network that "
        f"forgets (at most {FORGOTTEN_ACCURACY} on the forgotten classes) beats one that does not; between two "
        f"alike, the accuracy on retained classes decides, level within {ACCURACY_MARGIN}. Closeness: "
        f"activation distance to the retrained network, level within {DISTANCE_MARGIN * 100:.0f} %. Good: "
        "better in both, above all on sets kept out of collection, where there is no checkpoint to look up."
    )
    headings = ("Generator", "Rival", "Forget set", "Accuracy", "Closeness to retraining")
    return Listing(f"{task.name}-verdicts", caption, headings, tuple(rows), numeric=len(headings))


def version_listing(versions: Sequence[tuple[str, str]]) -> Listing:
    return Listing(
        "versions",
        "Software that this report was made with.",
        ("Package", "Version"),
        tuple(versions),
        numeric=2,
    )


def token_listing(tokens: Iterable[Token]) -> Listing:
    caption = (
        "Objects behind this report: each id is a digest of the content, so equal ids mean equal data. "
        "Good: a rerun of the same config gives the same ids."
    )
    rows = tuple((token.path, token.kind, token.object_id) for token in tokens)
    return Listing("objects", caption, ("Token", "Kind", "Object id"), rows, numeric=3)


def timing_listing(timings: Sequence[Timing]) -> Listing:
    caption = (
        "Wall-clock seconds of each stage, longest first: all jobs together, the longest job, and the "
        "largest memory of a job. Jobs run side by side, so the whole run takes less than the sum."
    )
    rows = [
        (timing.stage, str(timing.jobs), f"{timing.total:,.1f}", f"{timing.longest:,.1f}",
         "–" if math.isnan(timing.memory) else f"{timing.memory:,.0f}")
        for timing in timings
    ]  # fmt: skip
    if timings:
        total, longest = sum(timing.total for timing in timings), max(timing.longest for timing in timings)
        rows.append(
            (
                "all stages",
                str(sum(timing.jobs for timing in timings)),
                f"{total:,.1f}",
                f"{longest:,.1f}",
                "",
            )
        )
    headings = ("Stage", "Jobs", "Seconds in all", "Longest job (s)", "Memory (MB)")
    return Listing("timings", caption, headings, tuple(rows))


def _bin_listing(task: TaskSpec, corpus: CorpusSpec, folder: Path) -> Listing:
    frame = read_csv(folder / f"{corpus.name}-bins.csv", _BIN_COLUMNS, may_be_empty=True)
    frame["high"] = frame["high"].fillna(math.inf)
    edges = sorted(set(zip(frame["low"], frame["high"], strict=True)))
    cells = {
        (row[0], row[1], row[2]): f"{_count(row[4])} ({_count(row[5])})"
        for row in frame.itertuples(index=False, name=None)
    }
    rows = tuple(
        (label, *(cells.get((label, *edge), "–") for edge in edges))
        for label in dict.fromkeys(frame["class"])
    )
    caps = frame["cap"].dropna()
    rule = "every one with accurate pivots" if caps.empty else f"at most {_count(caps.max())} a joint bin"
    caption = (
        f"Admission of checkpoints on {corpus_title(task, corpus)} (thesis, figure 3.7; {rule}), by the loss "
        "of each free class in nats: admitted (turned away although the pivots were accurate). Good: no level is "
        "empty, and rare ones are not crowded out by common ones."
    )
    headings = ("Class", *(_bin(*edge) for edge in edges))
    return Listing(f"{task.name}-{corpus.name}-bins", caption, headings, rows)


def _bin(low: float, high: float) -> str:
    return f"{low:g} and more" if high >= _UNBOUNDED else f"{low:g} to {high:g}"


def _count(value: float) -> str:
    return "–" if math.isnan(value) else "∞" if math.isinf(value) else f"{int(value):,}"
