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
        spec=spec("train_reference", method=ORIGINAL),
        code=code("train_reference"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages train_reference --task {wildcards.task}"
        " --method original --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --token {output.token} >{log} 2>&1"


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
        spec=spec("train_reference", method=STRANGERS),
        code=code("train_reference"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages train_reference --task {wildcards.task}"
        " --method strangers --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --token {output.token} >{log} 2>&1"


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
        spec=spec("train_reference", method=RETRAINED),
        code=code("train_reference"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages train_reference --task {wildcards.task}"
        " --method retrained --forget {wildcards.forget} --spec {params.spec:q} {params.store}"
        " {params.hardware} --dataset {input.dataset}"
        " --token {output.token} --network {output.network} >{log} 2>&1"


rule look_up_checkpoints:
    input:
        dataset="results/{task}/dataset.json",
        corpus=f"results/{{task}}/{MAIN_CORPUS}.json",
    output:
        token=f"results/{{task}}/{NEAREST}/forget-{{forget}}.json",
        network=f"results/{{task}}/{NEAREST}/forget-{{forget}}.safetensors",
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
        spec=spec("look_up_checkpoints"),
        code=code("look_up_checkpoints"),
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages look_up_checkpoints --task {wildcards.task}"
        " --method nearest --forget {wildcards.forget} --spec {params.spec:q} {params.store}"
        " {params.hardware} --dataset {input.dataset}"
        " --corpus {input.corpus} --token {output.token} --network {output.network} >{log} 2>&1"


rule edit_original:
    input:
        dataset="results/{task}/dataset.json",
        originals=trained_networks,
        code=own_file,
    output:
        token="results/{task}/{method}/forget-{forget}.json",
        network="results/{task}/{method}/forget-{forget}.safetensors",
    log:
        "results/logs/edit_original/{task}/{method}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/edit_original/{task}/{method}/forget-{forget}.jsonl"
    wildcard_constraints:
        task=but(quick_edits().values()),
        method=names(editing_methods(of_models=False)),
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(5),
        gpu=GPUS,
    params:
        spec=spec("edit_original"),
        code=code("edit_original"),
        own=own_code,
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages edit_original {params.own} --task {wildcards.task}"
        " --method {wildcards.method} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} {params.hardware}"
        " --dataset {input.dataset} --originals {input.originals} --token {output.token}"
        " --network {output.network} >{log} 2>&1"


# What takes milliseconds shares a job. Tasks with strangers have further methods.
for quick, (tasks, methods) in quick_edits().items():

    rule:
        name:
            quick
        input:
            dataset="results/{task}/dataset.json",
            originals=list(map(edited_networks, methods)),
        output:
            tokens=expand("results/{{task}}/{method}/forget-{{forget}}.json", method=methods),
            networks=expand("results/{{task}}/{method}/forget-{{forget}}.safetensors", method=methods),
        log:
            "results/logs/edit_quickly/{task}/forget-{forget}.log",
        benchmark:
            "results/benchmarks/edit_quickly/{task}/forget-{forget}.jsonl"
        wildcard_constraints:
            task=names(tasks),
        conda:
            "../../envs/hyperforget.yaml"
        threads: 1
        resources:
            mem_mb=memory(2000),
            runtime=minutes(5),
            gpu=GPUS,
        params:
            methods=methods,
            spec=spec("edit_original"),
            code=code("edit_original"),
            store=STORE,
            hardware=hardware,
        shell:
            "python -m hyperforget.stages edit_original --task {wildcards.task}"
            " --method {params.methods} --forget {wildcards.forget}"
            " --spec {params.spec:q} {params.store} {params.hardware}"
            " --dataset {input.dataset} --originals {input.originals} --token {output.tokens}"
            " --network {output.networks} >{log} 2>&1"


rule evaluate:
    input:
        dataset="results/{task}/dataset.json",
        networks=all_networks,
        code=[metric.file for metric in settings.metrics.values() if metric.file],
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
        spec=spec("evaluate"),
        code=code("evaluate"),
        own=own_code,
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages evaluate {params.own} --task {wildcards.task} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} {params.hardware} --dataset {input.dataset}"
        " --networks {input.networks} --metrics {output.metrics}"
        " --candidates {output.candidates} --confusion {output.confusion} >{log} 2>&1"


rule audit:
    input:
        dataset="results/{task}/dataset.json",
        originals=f"results/{{task}}/{ORIGINAL}.json",
        networks=all_networks,
        trade_offs=audited_trade_offs,
    output:
        metrics="results/{task}/audit-{forget}.csv",
        criteria="results/{task}/audit-{forget}-criteria.csv",
        comparisons="results/{task}/audit-{forget}-comparisons.csv",
        judged="results/{task}/audit-{forget}-judged.csv",
    log:
        "results/logs/audit/{task}/forget-{forget}.log",
    benchmark:
        "results/benchmarks/audit/{task}/forget-{forget}.jsonl"
    conda:
        "../../envs/hyperforget.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(20),
        gpu=GPUS,
    params:
        spec=spec("audit"),
        code=code("audit"),
        trade_offs=trade_offs,
        store=STORE,
        hardware=hardware,
    shell:
        "python -m hyperforget.stages audit {params.trade_offs} --task {wildcards.task} --forget {wildcards.forget}"
        " --spec {params.spec:q} {params.store} {params.hardware} --dataset {input.dataset}"
        " --networks {input.originals} {input.networks} --metrics {output.metrics}"
        " --criteria {output.criteria} --comparisons {output.comparisons} --judged {output.judged} >{log} 2>&1"
