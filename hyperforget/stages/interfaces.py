"""The pipeline on one page: every stage with what it is told, what it reads and what it writes.

A stage's work is the function ``run`` of the module of its name beside this file, which is imported only where the
store does not know the result. An argument that ends in ``*`` is several files, one in ``?`` may be left out.
"""

from hyperforget.runtime.interface import Stage

STAGES = {
    "fetch_dataset": Stage(
        "Read a dataset, split it and store it.",
        "hyperforget.config.specs:DatasetSpec",
        names=("task",),
        outputs=("token",),
    ),
    "collect_checkpoints": Stage(
        "Train one shard of runs and store their admitted checkpoints as a segment.",
        "hyperforget.config.specs:CollectionSpec",
        names=("task", "corpus", "shard"),
        inputs=("dataset",),
        outputs=("token",),
        computes=True,
    ),
    "assemble_corpus": Stage(
        "List the segments of a corpus, check that it can teach forgetting, and summarise it.",
        "hyperforget.config.specs:CorpusSpec",
        names=("task", "corpus"),
        inputs=("dataset", "segments*"),
        outputs=("token", "classes", "forget_sets", "bins"),
    ),
    "train_hypernet": Stage(
        "Train a hypernetwork on a corpus, or on those of several widths of main networks together.",
        "hyperforget.config.specs:TrainingSpec",
        names=("task", "model"),
        inputs=("dataset", "corpora*"),
        outputs=("token", "history"),
        computes=True,
    ),
    "probe_hypernet": Stage(
        "Measure prompt alignment of a hypernetwork, over its training and at its end.",
        "hyperforget.config.specs:ProbeSpec",
        names=("task",),
        inputs=("dataset", "corpus", "hypernet"),
        outputs=("alignment", "prompts", "distribution"),
        computes=True,
    ),
    "compare_optimizers": Stage(
        "Compare a hypernetwork that reads a start, as a learned optimiser, with SGD and Adam.",
        "hyperforget.config.specs:OptimizersSpec",
        names=("task", "model"),
        inputs=("dataset", "corpus", "hypernet"),
        outputs=("curves",),
        computes=True,
    ),
    "train_reference": Stage(
        "Train many networks at once: originals or strangers on everything, or without a forget set.",
        "hyperforget.config.specs:ReferenceSpec",
        names=("task", "method", "forget?"),
        inputs=("dataset",),
        outputs=("token", "network?"),
        computes=True,
    ),
    "sample_unlearned": Stage(
        "Sample networks that have forgotten a forget set, from random starts or from noise.",
        "hyperforget.config.specs:SamplingSpec",
        names=("task", "method", "forget"),
        inputs=("dataset", "corpus", "hypernet"),
        outputs=("token", "network"),
        computes=True,
    ),
    "sample_edited": Stage(
        "Edit trained networks with a hypernetwork, so that they forget a forget set.",
        "hyperforget.config.specs:EditingSpec",
        names=("task", "method", "forget"),
        inputs=("dataset", "corpus", "hypernet", "originals"),
        outputs=("token", "network"),
        computes=True,
    ),
    "sweep_unlearned": Stage(
        "What sampled networks keep and hide of each forget set, as the prompt asks for more or less of it.",
        "hyperforget.config.specs:UnlearnedSweepSpec",
        names=("task", "method"),
        inputs=("dataset", "corpus", "hypernet"),
        outputs=("trade_off",),
        computes=True,
    ),
    "sweep_edited": Stage(
        "What edited networks keep and hide of each forget set, as the prompt asks for more or less of it.",
        "hyperforget.config.specs:EditedSweepSpec",
        names=("task", "method"),
        inputs=("dataset", "corpus", "hypernet", "originals"),
        outputs=("trade_off",),
        computes=True,
    ),
    "look_up_checkpoints": Stage(
        "The rival `nearest`: the checkpoint that the rule of selection takes of a whole corpus.",
        "hyperforget.config.specs:LookupSpec",
        names=("task", "method", "forget"),
        inputs=("dataset", "corpus"),
        outputs=("token", "network"),
        computes=True,
        light=True,
    ),
    "edit_original": Stage(
        "Apply an unlearning method without a hypernetwork to trained networks.",
        "hyperforget.config.specs:RivalSpec",
        names=("task", "method", "forget"),
        inputs=("dataset", "originals", "code?"),
        outputs=("token", "network"),
        computes=True,
        # Most take milliseconds.
        each=("method", "originals", "token", "network"),
    ),
    "evaluate": Stage(
        "Evaluate all methods on one forget set, on test images that nothing was made or chosen by.",
        "hyperforget.config.specs:EvaluationSpec",
        names=("task", "forget"),
        inputs=("dataset", "networks*", "code*?"),
        outputs=("metrics", "candidates", "confusion"),
        computes=True,
        light=True,
    ),
    "audit": Stage(
        "Measure further metrics of all methods on one forget set, and of the originals, and hold them side by side.",
        "hyperforget.config.specs:AuditSpec",
        names=("task", "forget"),
        inputs=("dataset", "networks*", "trade_offs*?"),
        outputs=("metrics", "criteria", "comparisons", "judged"),
        computes=True,
    ),
    "export_generator": Stage(
        "Make a folder of a hypernetwork that needs neither store nor data, for whoever has a network.",
        "hyperforget.config.specs:GeneratorSpec",
        names=("task", "model"),
        inputs=("dataset", "corpus", "hypernet", "metrics*"),
        outputs=("description", "weights", "card"),
    ),
    "gather_metrics": Stage(
        "Join the metrics of all forget sets into one long table.",
        inputs=("parts*",),
        outputs=("metrics",),
    ),
    "measure_requests": Stage(
        "Time requests to everything that forgets on a task, and retraining, on one thread.",
        "hyperforget.config.specs:RequestsSpec",
        names=("task",),
        inputs=("dataset", "originals", "corpus", "corpora*", "hypernets*"),
        outputs=("requests",),
        computes=True,
        light=True,
        # Of another time it is another measurement.
        repeatable=False,
    ),
    "gather_costs": Stage(
        "Gather what collections and trainings took when they were made, and what requests and retraining take.",
        "hyperforget.config.specs:CostsSpec",
        inputs=("tokens*", "requests*?"),
        outputs=("costs",),
        # Equal tokens can have been made anew in another time.
        repeatable=False,
    ),
    "build_tables": Stage(
        "Build every table of the report as CSV, LaTeX and HTML.",
        "hyperforget.config.report_specs:TablesSpec",
        inputs=("metrics", "images*", "audited*?"),
        outputs=("tables*",),
    ),
    "build_figures": Stage(
        "Build every figure of one task as SVG.",
        "hyperforget.config.report_specs:FiguresSpec",
        names=("task",),
        inputs=("inputs*",),
        outputs=("figures*",),
    ),
    "build_report": Stage(
        "Build the report, one HTML file with all tables and figures.",
        "hyperforget.config.report_specs:ReportSpec",
        inputs=("inputs*",),
        outputs=("page",),
        # It tells when and how it was made.
        repeatable=False,
    ),
}
