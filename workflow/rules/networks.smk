rule train_original:
    input:
        dataset="results/{task}/dataset.json",
    output:
        token="results/{task}/original.json",
    log:
        "results/logs/train_original/{task}.log",
    benchmark:
        "results/benchmarks/train_original/{task}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=original_spec,
        code=code("train_reference"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.train_reference --task {wildcards.task} --spec {params.spec:q}"
        " {params.store} --threads {threads} --dataset {input.dataset} --token {output.token} &>{log}"


rule train_strangers:
    input:
        dataset="results/{task}/dataset.json",
    output:
        token="results/{task}/strangers.json",
    log:
        "results/logs/train_strangers/{task}.log",
    benchmark:
        "results/benchmarks/train_strangers/{task}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=strangers_spec,
        code=code("train_reference"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.train_reference --task {wildcards.task} --strangers"
        " --spec {params.spec:q} {params.store} --threads {threads} --dataset {input.dataset}"
        " --token {output.token} &>{log}"


rule train_retrained:
    input:
        dataset="results/{task}/dataset.json",
    output:
        token=f"results/{{task}}/{RETRAINED}/forget-{{forget}}.json",
        network=f"results/{{task}}/{RETRAINED}/forget-{{forget}}.safetensors",
    log:
        "results/logs/train_retrained/{task}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/train_retrained/{task}/forget-{forget}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
        gpu=GPUS,
    params:
        spec=retrained_spec,
        code=code("train_reference"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.train_reference --task {wildcards.task} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} --threads {threads} --dataset {input.dataset}"
        " --token {output.token} --network {output.network} &>{log}"


rule look_up_checkpoints:
    input:
        dataset="results/{task}/dataset.json",
        corpus=f"results/{{task}}/{MAIN_CORPUS}.json",
    output:
        token=f"results/{{task}}/{LOOKUP}/forget-{{forget}}.json",
        network=f"results/{{task}}/{LOOKUP}/forget-{{forget}}.safetensors",
    log:
        "results/logs/look_up_checkpoints/{task}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/look_up_checkpoints/{task}/forget-{forget}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(5),
    params:
        spec=lookup_spec,
        code=code("look_up_checkpoints"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.look_up_checkpoints --task {wildcards.task} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} --threads {threads} --dataset {input.dataset}"
        " --corpus {input.corpus} --token {output.token} --network {output.network} &>{log}"


rule edit_original:
    input:
        dataset="results/{task}/dataset.json",
        originals=trained_networks,
    output:
        token="results/{task}/{method}{strangers}/forget-{forget}.json",
        network="results/{task}/{method}{strangers}/forget-{forget}.safetensors",
    log:
        "results/logs/edit_original/{task}/{method}{strangers}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/edit_original/{task}/{method}{strangers}/forget-{forget}.jsonl"
    wildcard_constraints:
        method="|".join(rival for rival in settings.rivals if rival != LOOKUP) or "none",
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(5),
        gpu=GPUS,
    params:
        spec=edit_spec,
        code=code("edit_original"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.edit_original --task {wildcards.task}"
        " --method {wildcards.method}{wildcards.strangers} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} --threads {threads}"
        " --dataset {input.dataset} --originals {input.originals} --token {output.token}"
        " --network {output.network} &>{log}"


rule evaluate:
    input:
        dataset="results/{task}/dataset.json",
        networks=all_networks,
    output:
        metrics="results/{task}/forget-{forget}.csv",
        candidates="results/{task}/forget-{forget}-candidates.csv",
        confusion="results/{task}/forget-{forget}-confusion.csv",
    log:
        "results/logs/evaluate/{task}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/evaluate/{task}/forget-{forget}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        spec=evaluation_spec,
        methods=methods_of,
        code=code("evaluate"),
        store=COMPUTE,
    shell:
        "python -m hyperforget.stages.evaluate --task {wildcards.task} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} --threads {threads} --dataset {input.dataset}"
        " --methods {params.methods} --networks {input.networks} --metrics {output.metrics}"
        " --candidates {output.candidates} --confusion {output.confusion} &>{log}"
