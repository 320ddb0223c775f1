rule train_hypernet:
    input:
        dataset="results/{task}/dataset.json",
        corpora=taught_corpora,
    output:
        token="results/{task}/{model}/hypernet.json",
        history="results/{task}/{model}/history.csv",
    log:
        "results/logs/train_hypernet/{task}/{model}.log",
    benchmark:
        "results/benchmarks/train_hypernet/{task}/{model}.jsonl"
    priority: 10
    conda:
        "../../envs/hyperforget.yaml"
    threads: settings.hardware.processes
    resources:
        mem_mb=memory(4000),
        runtime=minutes(90),
        gpu=GPUS * settings.hardware.processes,
    params:
        spec=spec("train_hypernet"),
        code=code("train_hypernet"),
        store=STORE,
        hardware=hardware,
        python=launcher,
    shell:
        "{params.python} -m hyperforget.stages train_hypernet --task {wildcards.task} --model {wildcards.model}"
        " --spec {params.spec:q} {params.store} {params.hardware} --dataset {input.dataset}"
        " --corpora {input.corpora} --token {output.token} --history {output.history} >{log} 2>&1"


rule probe_hypernet:
    input:
        dataset="results/{task}/dataset.json",
        corpus=own_corpus,
        hypernet=hypernet,
    output:
        alignment="results/{task}/{model}/alignment.csv",
        prompts="results/{task}/{model}/prompts.csv",
        distribution="results/{task}/{model}/distribution.csv",
    log:
        "results/logs/probe_hypernet/{task}/{model}.log",
    benchmark:
        "results/benchmarks/probe_hypernet/{task}/{model}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(20),
        gpu=GPUS,
    params:
        spec=spec("probe_hypernet"),
        code=code("probe_hypernet"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages probe_hypernet --task {wildcards.task} --spec {params.spec:q}"
        " {params.store} {params.hardware} --dataset {input.dataset} --corpus {input.corpus}"
        " --hypernet {input.hypernet} --alignment {output.alignment} --prompts {output.prompts}"
        " --distribution {output.distribution} >{log} 2>&1"


rule compare_optimizers:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
    output:
        curves="results/{task}/{model}/optimizers.csv",
    log:
        "results/logs/compare_optimizers/{task}/{model}.log",
    benchmark:
        "results/benchmarks/compare_optimizers/{task}/{model}.jsonl"
    wildcard_constraints:
        model=names(settings.learned_optimizers),
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=spec("compare_optimizers"),
        code=code("compare_optimizers"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages compare_optimizers --task {wildcards.task} --model {wildcards.model}"
        " --spec {params.spec:q} {params.store} {params.hardware} --dataset {input.dataset}"
        " --corpus {input.corpus} --hypernet {input.hypernet} --curves {output.curves} >{log} 2>&1"


rule sample_unlearned:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
    output:
        token="results/{task}/{model}/forget-{forget}.json",
        network="results/{task}/{model}/forget-{forget}.safetensors",
    log:
        "results/logs/sample_unlearned/{task}/{model}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/sample_unlearned/{task}/{model}/forget-{forget}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=spec("sample_unlearned"),
        code=code("sample_unlearned"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages sample_unlearned --task {wildcards.task}"
        " --method {wildcards.model} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --corpus {input.corpus} --hypernet {input.hypernet}"
        " --token {output.token} --network {output.network} >{log} 2>&1"


rule sample_edited:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
        originals=trained_networks,
    output:
        token="results/{task}/{method}/forget-{forget}.json",
        network="results/{task}/{method}/forget-{forget}.safetensors",
    log:
        "results/logs/sample_edited/{task}/{method}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/sample_edited/{task}/{method}/forget-{forget}.jsonl"
    wildcard_constraints:
        method=names(editing_methods(of_models=True)),
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=spec("sample_edited"),
        code=code("sample_edited"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages sample_edited --task {wildcards.task} --method {wildcards.method}"
        " --forget {wildcards.forget} --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --corpus {input.corpus} --hypernet {input.hypernet}"
        " --originals {input.originals} --token {output.token} --network {output.network} >{log} 2>&1"


rule sweep_unlearned:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
    output:
        trade_off="results/{task}/{model}/trade-off.csv",
    log:
        "results/logs/sweep_unlearned/{task}/{model}.log",
    benchmark:
        "results/benchmarks/sweep_unlearned/{task}/{model}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15),
        gpu=GPUS,
    params:
        spec=spec("sweep_unlearned"),
        code=code("sweep_unlearned"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages sweep_unlearned --task {wildcards.task}"
        " --method {wildcards.model} --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --corpus {input.corpus} --hypernet {input.hypernet}"
        " --trade-off {output.trade_off} >{log} 2>&1"


rule sweep_edited:
    input:
        dataset="results/{task}/dataset.json",
        corpus=prompting_corpus,
        hypernet=hypernet,
        originals=trained_networks,
    output:
        trade_off="results/{task}/{method}/trade-off.csv",
    log:
        "results/logs/sweep_edited/{task}/{method}.log",
    benchmark:
        "results/benchmarks/sweep_edited/{task}/{method}.jsonl"
    wildcard_constraints:
        method=names(editing_methods(of_models=True)),
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15),
        gpu=GPUS,
    params:
        spec=spec("sweep_edited"),
        code=code("sweep_edited"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages sweep_edited --task {wildcards.task} --method {wildcards.method}"
        " --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --corpus {input.corpus} --hypernet {input.hypernet}"
        " --originals {input.originals} --trade-off {output.trade_off} >{log} 2>&1"
