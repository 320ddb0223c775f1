"""Further metrics, which are measured where `audit` names them, by name."""

from typing import Literal, get_args

AuditMetric = Literal[
    "zrf",
    "tow",
    "mia_matched",
    "cka",
    "layer_distance",
    "accuracy_8bit",
    "accuracy_4bit",
    "fisher_trace",
    "idi",
    "ain",
    "klom",
    "challenge",
    "two_sample",
    "tv",
    "cmia",
    "ulira",
    "ulira_tpr",
    "leakage",
    "relearn_time",
    "probe_layers",
    "hypervolume",
]
AUDIT_METRICS: tuple[AuditMetric, ...] = get_args(AuditMetric)
