rule export_generator:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
        metrics=metrics_of_task,
    output:
        description="results/{task}/{model}/generator/config.json",
        weights="results/{task}/{model}/generator/model.safetensors",
        card="results/{task}/{model}/generator/README.md",
    log:
        "results/logs/export_generator/{task}/{model}.log",
    benchmark:
        "results/benchmarks/export_generator/{task}/{model}.jsonl"
    wildcard_constraints:
        model=names(settings.generators),
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(5),
    params:
        spec=spec("export_generator"),
        code=code("export_generator"),
        store=STORE,
    shell:
        "python -m hyperforget.stages export_generator --task {wildcards.task} --model {wildcards.model}"
        " --spec {params.spec:q} {params.store} --dataset {input.dataset} --corpus {input.corpus}"
        " --hypernet {input.hypernet} --metrics {input.metrics} --description {output.description}"
        " --weights {output.weights} --card {output.card} >{log} 2>&1"


rule measure_requests:
    input:
        dataset="results/{task}/dataset.json",
        originals="results/{task}/original.json",
        corpus=f"results/{{task}}/{MAIN_CORPUS}.json",
        corpora=prompting_corpora,
        hypernets=hypernets,
    output:
        requests="results/{task}/requests.csv",
    log:
        "results/logs/measure_requests/{task}.log",
    benchmark:
        "results/benchmarks/measure_requests/{task}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        spec=spec("measure_requests"),
        code=code("measure_requests"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages measure_requests --task {wildcards.task} --spec {params.spec:q}"
        " {params.store} {params.hardware} --dataset {input.dataset} --originals {input.originals}"
        " --corpus {input.corpus} --corpora {input.corpora} --hypernets {input.hypernets}"
        " --requests {output.requests} >{log} 2>&1"
