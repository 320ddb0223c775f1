rule fetch_dataset:
    output:
        token="results/{task}/dataset.json",
    log:
        "results/logs/fetch_dataset/{task}.log",
    benchmark:
        "results/benchmarks/fetch_dataset/{task}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15),
    params:
        spec=spec("fetch_dataset"),
        code=code("fetch_dataset"),
        store=STORE,
    shell:
        "python -m hyperforget.stages fetch_dataset --task {wildcards.task} --spec {params.spec:q}"
        " {params.store} --threads {threads} --token {output.token} >{log} 2>&1"


rule collect_checkpoints:
    input:
        dataset="results/{task}/dataset.json",
    output:
        token="results/{task}/{corpus}/shard-{shard}.json",
    log:
        "results/logs/collect_checkpoints/{task}/{corpus}/shard-{shard}.log",
    benchmark:
        "results/benchmarks/collect_checkpoints/{task}/{corpus}/shard-{shard}.jsonl"
    # The longest chain of jobs first, so that the last of them does not run alone.
    priority: 20
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
        gpu=GPUS,
    params:
        spec=spec("collect_checkpoints"),
        code=code("collect_checkpoints"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages collect_checkpoints --task {wildcards.task} --corpus {wildcards.corpus}"
        " --shard {wildcards.shard} --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --token {output.token} >{log} 2>&1"


rule assemble_corpus:
    input:
        dataset="results/{task}/dataset.json",
        segments=segments,
    output:
        token="results/{task}/{corpus}.json",
        classes="results/{task}/{corpus}-classes.csv",
        forget_sets="results/{task}/{corpus}-forget-sets.csv",
        bins="results/{task}/{corpus}-bins.csv",
    log:
        "results/logs/assemble_corpus/{task}/{corpus}.log",
    benchmark:
        "results/benchmarks/assemble_corpus/{task}/{corpus}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15),
    params:
        spec=spec("assemble_corpus"),
        code=code("assemble_corpus"),
        store=STORE,
    shell:
        "python -m hyperforget.stages assemble_corpus --task {wildcards.task} --corpus {wildcards.corpus}"
        " --spec {params.spec:q} {params.store} --threads {threads} --dataset {input.dataset}"
        " --segments {input.segments} --token {output.token} --classes {output.classes}"
        " --forget-sets {output.forget_sets} --bins {output.bins} >{log} 2>&1"
