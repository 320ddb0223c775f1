localrules:
    gather_metrics,
    build_tables,
    build_report,


rule gather_metrics:
    input:
        parts=all_forget_sets("results/{task}/forget-{forget}.csv"),
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
        runtime="10m",
    params:
        code=code("gather_metrics"),
        store=STORE,
    shell:
        "python -m hyperforget.stages.gather_metrics {params.store} --parts {input.parts}"
        " --metrics {output.metrics} &>{log}"


rule build_tables:
    input:
        metrics="results/metrics.csv",
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
        runtime="10m",
    params:
        spec=canonical(REPORT),
        code=code("build_tables"),
        store=STORE,
    shell:
        "python -m hyperforget.stages.build_tables --metrics {input.metrics} --spec {params.spec:q}"
        " {params.store} --tables {output.tables} &>{log}"


for task in settings.tasks:

    rule:
        name:
            f"build_figures_{task.replace('-', '_')}"
        input:
            expand("results/{task}/corpus-classes.csv", task=task),
            expand(
                "results/{task}/{model}/{file}.csv",
                task=task,
                model=settings.models,
                file=["history", "alignment", "prompts"],
            ),
            expand(
                "results/{task}/forget-{forget}-{kind}.csv",
                task=task,
                forget=forget_sets(task),
                kind=["candidates", "confusion"],
            ),
        output:
            figures=report(figures(task), category="Figures", subcategory=task),
        log:
            f"results/logs/build_figures/{task}.log",
        benchmark:
            f"results/benchmarks/build_figures/{task}.jsonl"
        conda:
            "../../envs/hyperforget.yaml"
        threads: 1
        resources:
            mem_mb=memory(2000),
            runtime="20m",
        params:
            task=task,
            spec=canonical(REPORT),
            code=code("build_figures"),
            store=STORE,
        shell:
            "python -m hyperforget.stages.build_figures --task {params.task} --results results"
            " --spec {params.spec:q} {params.store} --inputs {input} --figures {output.figures} &>{log}"


rule build_report:
    input:
        metrics="results/metrics.csv",
        tables=TABLES,
        figures=[figure for task in settings.tasks for figure in figures(task)],
        corpora=expand(
            "results/{task}/corpus-{file}.csv",
            task=settings.tasks,
            file=["classes", "forget-sets", "bins"],
        ),
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
        runtime="10m",
    params:
        spec=canonical(REPORT | {"config": settings.model_dump()}),
        code=code("build_report"),
        store=STORE,
    shell:
        "python -m hyperforget.stages.build_report --results results --spec {params.spec:q}"
        " {params.store} --inputs {input} --page {output.page} &>{log}"
