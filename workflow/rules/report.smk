localrules:
    gather_metrics,
    gather_costs,
    build_tables,
    build_report,


# They tell how many images accuracies are of.
COUNTS_OF_PREDICTIONS = [
    f"results/{task}/forget-{forget}-confusion.csv" for task in settings.tasks for forget in forget_sets(task)
]


rule gather_metrics:
    input:
        parts=[
            part
            for kind in ["forget", *["audit"] * bool(settings.audit)]
            for part in all_forget_sets(
                f"results/{{task}}/{kind}-{{forget}}.csv", [*settings.tasks, *settings.repetitions]
            )
        ],
    output:
        metrics="results/metrics.csv",
    log:
        "results/logs/gather_metrics.log",
    benchmark:
        "results/benchmarks/gather_metrics/all.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        code=code("gather_metrics"),
        store=STORE,
    shell:
        "python -m hyperforget.stages gather_metrics {params.store} --parts {input.parts}"
        " --metrics {output.metrics} >{log} 2>&1"


rule gather_costs:
    input:
        hypernets=sorted({hypernet_of(task, model) for task in settings.tasks for model in settings.models}),
        corpora=expand(f"results/{{task}}/{MAIN_CORPUS}.json", task=settings.tasks),
        requests=expand("results/{task}/requests.csv", task=tasks_of_classes()),
        # Of methods of one's own the requests are timed as their networks are made.
        own=expand(all_forget_sets("results/{task}/{{method}}/forget-{forget}.json"), method=list(settings.methods)),
    output:
        costs="results/costs.csv",
    log:
        "results/logs/gather_costs.log",
    benchmark:
        "results/benchmarks/gather_costs/all.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        spec=spec("gather_costs"),
        code=code("gather_costs"),
        store=STORE,
        requests=timed_requests,
    shell:
        "python -m hyperforget.stages gather_costs --spec {params.spec:q} {params.store}"
        " --tokens {input.hypernets} {input.corpora} {input.own} {params.requests}"
        " --costs {output.costs} >{log} 2>&1"


rule build_tables:
    input:
        metrics="results/metrics.csv",
        audited=audited([*settings.tasks, *settings.repetitions]),
        images=COUNTS_OF_PREDICTIONS,
    output:
        tables=report(TABLES, category="Tables"),
    log:
        "results/logs/build_tables.log",
    benchmark:
        "results/benchmarks/build_tables/all.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        spec=spec("build_tables"),
        code=code("build_tables"),
        audited=audited_files,
        store=STORE,
    shell:
        "python -m hyperforget.stages build_tables --metrics {input.metrics} --images {input.images}"
        " {params.audited} --spec {params.spec:q} {params.store} --tables {output.tables} >{log} 2>&1"


for task in settings.tasks:

    rule:
        name:
            f"build_figures_{task.replace('-', '_')}"
        input:
            corpora(task, "classes"),
            expand(
                "results/{home}/{model}/history.csv",
                home=home_of_hypernetworks(settings, task),
                model=settings.models,
            ),
            expand(
                "results/{task}/{model}/{file}.csv",
                task=task,
                model=settings.models,
                file=["alignment", "prompts", "distribution"],
            ),
            expand(
                "results/{task}/{model}/optimizers.csv",
                task=task,
                model=settings.learned_optimizers,
            ),
            expand(
                "results/{task}/{method}/trade-off.csv",
                task=tasks_of_classes([task]),
                method=REPORT.generators,
            ),
            expand(
                "results/{task}/forget-{forget}{kind}.csv",
                task=task,
                forget=forget_sets(task),
                kind=["", "-candidates", "-confusion"],
            ),
            audited([task], ["criteria"]),
            *["results/costs.csv"] * bool(settings.audit),
        output:
            figures=report(figures(task), category="Figures", subcategory=task),
        log:
            f"results/logs/build_figures/{task}.log",
        benchmark:
            f"results/benchmarks/build_figures/{task}.jsonl"
        localrule: True
        conda:
            "../../envs/hyperforget.yaml"
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=minutes(5),
        params:
            task=task,
            spec=spec("build_figures", task=task),
            code=code("build_figures"),
            store=STORE,
        shell:
            "python -m hyperforget.stages build_figures --task {params.task}"
            " --spec {params.spec:q} {params.store} --inputs {input} --figures {output.figures} >{log} 2>&1"


# What people ask for by name.
FILES = [
    "results/report.html",
    "results/metrics.csv",
    "results/costs.csv",
    *TABLES,
    *[figure for task in settings.tasks for figure in figures(task)],
    *all_forget_sets("results/{task}/forget-{forget}.csv"),
    *[
        file
        for method in REPORT.methods
        for suffix in ["json", "safetensors"]
        for file in all_forget_sets(f"results/{{task}}/{method}/forget-{{forget}}.{suffix}")
    ],
]


rule build_report:
    input:
        metrics="results/metrics.csv",
        costs="results/costs.csv",
        tables=TABLES,
        figures=[figure for task in settings.tasks for figure in figures(task)],
        generators=expand(
            "results/{task}/{model}/generator/config.json", task=tasks_of_classes(), model=settings.generators
        ),
        corpora=[file for task in settings.tasks for file in corpora(task, "classes", "forget-sets", "bins")],
        optimizers=expand(
            "results/{task}/{model}/optimizers.csv",
            task=settings.tasks,
            model=settings.learned_optimizers,
        ),
        audited=audited([*settings.tasks, *settings.repetitions]),
        images=COUNTS_OF_PREDICTIONS,
        # Of tasks of classes the page can run the networks.
        datasets=expand("results/{task}/dataset.json", task=tasks_of_classes()),
        originals=expand(f"results/{{task}}/{ORIGINAL}.json", task=tasks_of_classes()),
        networks=[
            f"results/{task}/{method}/forget-{forget}.safetensors"
            for task in tasks_of_classes()
            for method in REPORT.methods
            for forget in forget_sets(task)
        ],
    output:
        page="results/report.html",
    log:
        "results/logs/build_report.log",
    benchmark:
        "results/benchmarks/build_report/all.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        spec=spec("build_report"),
        code=code("build_report"),
        store=STORE,
    shell:
        "python -m hyperforget.stages build_report --spec {params.spec:q}"
        " {params.store} --inputs {input} --page {output.page} >{log} 2>&1"
