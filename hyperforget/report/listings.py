"""The report's plain tables: what was collected, verdicts against rivals, and how the report was made."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperforget.config.report_specs import CorpusSpec, ReportSpec, TaskSpec
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.records.corpora import ClassSummary, ForgetSummary, LevelCount
from hyperforget.records.files import read_rows
from hyperforget.report.findings import set_name
from hyperforget.report.results import Metrics
from hyperforget.report.run_record import Timing, Token
from hyperforget.report.spec import corpus_title, forget_title, method_title
from hyperforget.report.verdicts import ACCURACY_MARGIN, DISTANCE_MARGIN, verdict

# Upper edges from here on stand for "no upper edge".
_UNBOUNDED = 1e6

_OF_CLASSES = (
    f"Forgotten: an accuracy of at most {FORGOTTEN_ACCURACY}; of these, some never saw the class, and some hide it, "
    "telling it apart better than 97.5 % of those."
)
_OF_GROUPS = (
    f"Forgotten: an accuracy of at most {FORGOTTEN_ACCURACY} above that of 97.5 % of those that never saw the group; "
    "whether others hide it is not known."
)


@dataclass(frozen=True)
class Listing:
    """A table of text: the first cell of a row heads it; columns from ``numeric`` on align as numbers."""

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: int = 1


def corpus_listings(task: TaskSpec, corpus: CorpusSpec, folder: Path) -> list[Listing]:
    """What was collected for a corpus, from its three files in the folder of the task: ``corpus-classes.csv`` and those
    of forget sets and bins.
    """
    classes = read_rows(folder / f"{corpus.name}-classes.csv", ClassSummary)
    title = corpus_title(task, corpus)
    by_class = Listing(
        f"{task.name}-{corpus.name}-classes",
        f"Checkpoints collected for {title}, by {'group' if task.groups else 'class'}. "
        f"{_OF_GROUPS if task.groups else _OF_CLASSES} Good: free "
        "classes have thousands forgotten, hundreds that never saw the class and many that know it, pivots none "
        "forgotten.",
        (
            "Class",
            "Role",
            "Checkpoints",
            "Forgotten",
            "Never seen",
            "Hidden",
            "Lowest loss (nats)",
            "Median",
            "Highest",
        ),
        tuple(
            (
                str(row.class_),
                row.role,
                f"{row.checkpoints:,}",
                f"{row.forgotten:,}",
                f"{row.never_seen:,}",
                f"{row.hidden:,}",
                *(f"{loss:.3f}" for loss in (row.lowest, row.median, row.highest)),
            )
            for row in classes
        ),
        numeric=2,
    )
    by_set = Listing(
        f"{task.name}-{corpus.name}-forget-sets",
        f"Checkpoints of {title} from runs that deleted or never saw exactly this set, those that answer none of it, "
        "and those of them that hide some; of all runs, those that know all classes but these. Good: hundreds of sets "
        "that were collected, far fewer hidden than forgotten, and none of sets kept out.",
        ("Forget set", "Collection", "Checkpoints", "Forgotten", "Hidden", "In that state"),
        tuple(
            (
                forget_title(row.forget),
                "kept out" if row.holdout else "collected",
                f"{row.checkpoints:,}",
                f"{row.forgotten:,}",
                f"{row.hidden:,}",
                f"{row.in_state:,}",
            )
            for row in corpus_sets(corpus, folder)
        ),
        numeric=2,
    )
    bins = _bin_listing(task, corpus, folder)
    return [by_class, by_set, *([bins] if bins.rows else [])]


def corpus_sets(corpus: CorpusSpec, folder: Path) -> list[ForgetSummary]:
    """Every set of a corpus, from its file in the folder of the task, such as ``corpus-forget-sets.csv``."""
    return read_rows(folder / f"{corpus.name}-forget-sets.csv", ForgetSummary, may_be_empty=True)


def verdict_listing(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> Listing | None:
    """Every generator against every free rival; None where the report has no such pair."""
    rows = []
    for generator in spec.generators:
        for rival in spec.rivals:
            for forget in task.forget_sets:
                found = verdict(task, generator, rival, forget, metrics)
                rows.append((
                    method_title(generator), method_title(rival), set_name(task, forget),
                    f"{found.accuracy}: {found.accuracy_reason}",
                    f"{found.closeness}: {found.closeness_reason}",
                ))  # fmt: skip
    if not rows:
        return None
    caption = (
        f"Each generator on {task.name} against the rivals. Accuracy: forgetting beats answering; between two alike "
        f"retained classes decide, level within the 95 % interval (within {ACCURACY_MARGIN} where it is not known). "
        f"Closeness: activation distance to retrained networks, level within {DISTANCE_MARGIN * 100:.0f} %. Good: "
        "better in both, above all on sets kept out."
    )
    headings = ("Generator", "Rival", "Forget set", "Accuracy", "Closeness to retraining")
    return Listing(f"{task.name}-verdicts", caption, headings, tuple(rows), numeric=len(headings))


def version_listing(versions: Sequence[tuple[str, str]]) -> Listing:
    return Listing(
        "versions", "Software that this report was made with.", ("Package", "Version"), tuple(versions), numeric=2
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
        rows.append(("all stages", str(sum(timing.jobs for timing in timings)), f"{total:,.1f}", f"{longest:,.1f}", ""))
    headings = ("Stage", "Jobs", "Seconds in all", "Longest job (s)", "Memory (MB)")
    return Listing("timings", caption, headings, tuple(rows))


def _bin_listing(task: TaskSpec, corpus: CorpusSpec, folder: Path) -> Listing:
    levels = read_rows(folder / f"{corpus.name}-bins.csv", LevelCount, may_be_empty=True)
    edges = sorted({_edges(level) for level in levels})
    counts = {(level.class_, _edges(level)): f"{level.admitted:,} ({level.rejected:,})" for level in levels}
    rows = tuple(
        (str(label), *(counts.get((label, edge), "–") for edge in edges))
        for label in dict.fromkeys(level.class_ for level in levels)
    )
    caps = [level.cap for level in levels if level.cap is not None]
    rule = f"at most {max(caps):,} a joint bin" if caps else "every one with accurate pivots"
    caption = (
        f"Admission of checkpoints on {corpus_title(task, corpus)} (thesis, figure 3.7; {rule}), by the loss "
        "of each free class in nats: admitted (turned away although the pivots were accurate). Good: no "
        "level is empty, and rare ones are not crowded out by common ones."
    )
    headings = ("Class", *(_bin(*edge) for edge in edges))
    return Listing(f"{task.name}-{corpus.name}-bins", caption, headings, rows)


def _edges(level: LevelCount) -> tuple[float, float]:
    return level.low, math.inf if level.high is None else level.high


def _bin(low: float, high: float) -> str:
    return f"{low:g} and more" if high >= _UNBOUNDED else f"{low:g} to {high:g}"
