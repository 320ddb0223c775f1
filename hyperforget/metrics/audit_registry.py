"""Further metrics, measured where `audit` of the configuration names them: their sets, and which values are good."""

from hyperforget.metrics.registry import Metric

_METRICS = (
    Metric("zrf", ("forget",), paired=False, better="retrained"),
    Metric("tow", ("test",), paired=False, better="higher"),
    Metric("mia_matched", ("forget-train",), paired=False, better="retrained"),
    Metric("cka", ("forget", "test"), paired=False, better="higher"),
    Metric("layer_distance", ("parameters",), paired=False, better="lower"),
    Metric("accuracy_8bit", ("retain", "forget"), paired=False, better="retrained"),
    Metric("accuracy_4bit", ("retain", "forget"), paired=False, better="retrained"),
    Metric("fisher_trace", ("forget-train",), paired=False, better="retrained"),
    Metric("idi", ("forget",), paired=False, better="retrained"),
    Metric("ain", ("forget",), paired=False, better="retrained"),
    Metric("klom", ("retain", "forget"), paired=False, better="lower"),
    Metric("challenge", ("forget-train",), paired=False, better="higher"),
    Metric("two_sample", ("forget", "test"), paired=False, better="retrained"),
    Metric("tv", ("forget",), paired=False, better="lower"),
    Metric("cmia", ("forget-train",), paired=False, better="retrained"),
    Metric("ulira", ("forget-train",), paired=False, better="retrained"),
    Metric("ulira_tpr", ("forget-train",), paired=False, better="retrained"),
    Metric("leakage", ("forget-train",), paired=False, better="retrained"),
    Metric("relearn_time", ("forget-train", "train"), paired=False, better="retrained"),
    Metric("probe_layers", ("layer-1", "layer-2", "layer-3", "layer-4"), paired=False, better="retrained"),
    Metric("hypervolume", ("test",), paired=False, better="higher"),
)

AUDIT = {metric.name: metric for metric in _METRICS}
