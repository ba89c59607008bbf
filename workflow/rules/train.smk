# Trained models.
#   needs   config: models, training; the training sets (data.smk)
#   makes   results/models/{model}.safetensors with its card (.json) and loss log (.csv), and the models along the way
#           in results/snapshots/{model}; asked for by name: results/super_resolution.csv and
#           results/training_curves/{dataset}/{model}.csv (with .png and .pdf)
#   steps   decode_training_set: once for each combination of sets; code_training_crops: those of the restorer, coded;
#           train_model: one job a model; interrupted jobs resume from results/checkpoints/{model}.pt;
#           evaluate_srcnn: SRCNN on BSDS500 test; measure_training_curve: snapshots, measured


rule decode_training_set:
    """The images of packed sets, decoded once for all training jobs, which map the file into memory."""
    input:
        packs=lambda wildcards: expand("results/training_sets/{set}.zip", set=wildcards.sets.split("+")),
        code=code_of("scripts/decode_training_set.py"),
    output:
        "results/training_sets/{sets}.safetensors",
    log:
        "results/logs/decode_training_set/{sets}.log",
    benchmark:
        "results/benchmarks/decode_training_set/{sets}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
    shell:
        "python {input.code[0]:q} {input.packs:q} --out {output:q} 2> {log:q} && cat {log:q} >&2"


rule code_training_crops:
    """Crops of decoded images as BPG codes them, next to the crops themselves: what the restorer is trained on."""
    input:
        images="results/training_sets/{sets}.safetensors",
        code=code_of("scripts/code_training_crops.py"),
    output:
        "results/coded_crops/{model}/{sets}.safetensors",
    log:
        "results/logs/code_training_crops/{model}/{sets}.log",
    benchmark:
        "results/benchmarks/code_training_crops/{model}/{sets}.tsv"
    conda:
        "../../envs/codecs.yaml"
    resources:
        mem_mb=4000,
    params:
        settings=lambda wildcards: PLAN.crop_settings(wildcards.model, wildcards.sets),
    shell:
        "python {input.code[0]:q} {input.images:q} --settings {params.settings:q} --out {output:q} 2>&1 | tee {log:q}"


rule train_model:
    """Train one network as its recipe in the config says."""
    input:
        data=lambda wildcards: PLAN.training_images(wildcards.model),
        validation=lambda wildcards: PLAN.validation_images(wildcards.model),
        start=lambda wildcards: PLAN.starting_files(wildcards.model),
        code=lambda wildcards: code_of("scripts/train.py", f"scripts/licbench/training/{network_of(wildcards)}.py"),
    output:
        multiext("results/models/{model}", weights=".safetensors", card=".json", losses=".csv"),
    log:
        "results/logs/train_model/{model}.log",
    benchmark:
        "results/benchmarks/train_model/{model}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: config["training"]["threads"]
    resources:
        **TRAINING_RESOURCES,
    params:
        arguments=lambda wildcards: PLAN.training_arguments(wildcards.model),
    shell:
        "python {input.code[0]:q} {params.arguments} --data {input.data:q} --validation {input.validation:q}"
        " --weights {output.weights:q} --log {output.losses:q} --threads {threads} 2>&1 | tee {log:q}"


rule evaluate_srcnn:
    """SRCNN against bicubic interpolation on photographs that it never saw, as its literature measures it."""
    input:
        images=decoded("bsds500_test"),
        weights=f"{PLAN.weights}/{config['settings']['sr']['model']}.safetensors",
        card=f"{PLAN.weights}/{config['settings']['sr']['model']}.json",
        code=code_of("scripts/evaluate_srcnn.py"),
    output:
        "results/super_resolution.csv",
    log:
        "results/logs/evaluate_srcnn.log",
    benchmark:
        "results/benchmarks/evaluate_srcnn.tsv"
    conda:
        "../../envs/codecs.yaml"
    shell:
        "python {input.code[0]:q} {input.images:q} --model {input.weights:q} --out {output:q} 2>&1 | tee {log:q}"


rule measure_training_curve:
    """Rate and quality of a model after each share of its training: its snapshots on the dataset's images."""
    input:
        model=lambda wildcards: f"{PLAN.snapshots(wildcards.model)[1]}/{wildcards.model}.safetensors",
        images=lambda wildcards: expand("results/data/{{dataset}}/{image}.png", image=images()),
        rows="results/points/{dataset}.csv",
        paper=own("workflow/resources/paper/training.csv"),
        code=lambda wildcards: code_of("scripts/training_curve.py", codecs=[network_of(wildcards)]),
    output:
        csv="results/training_curves/{dataset}/{model}.csv",
        drawings=multiext("results/training_curves/{dataset}/{model}", ".png", ".pdf"),
    log:
        "results/logs/measure_training_curve/{dataset}/{model}.log",
    benchmark:
        "results/benchmarks/measure_training_curve/{dataset}/{model}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        arguments=training_curve_arguments,
    shell:
        "python {input.code[0]:q} {input.images:q} {params.arguments} --rows {input.rows:q}"
        " --paper {input.paper:q} --csv {output.csv:q} --drawings {output.drawings:q} 2>&1 | tee {log:q}"
