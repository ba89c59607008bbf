# Trained models.
#   needs   config: models, training; the training sets (data.smk)
#   makes   results/models/{model}.safetensors with its card (.json) and loss log (.csv), and the models along the way
#           in results/snapshots/{model}; asked for by name: results/super_resolution.csv and
#           results/training_curves/{dataset}/{model}.csv (with .png and .pdf)
#   steps   decode_pictures: once for each combination of sets; train_model: one job a model; killed jobs go on from
#           results/checkpoints/{model}.pt; super_resolution: SRCNN on BSDS500 test; training_curve: snapshots, measured


rule decode_pictures:
    """The pictures of packed sets, decoded once for all training jobs, which map the file into memory."""
    input:
        packs=lambda wildcards: expand("results/training_sets/{set}.zip", set=wildcards.sets.split("+")),
        code=code_of("scripts/decode_training_set.py"),
    output:
        "results/training_sets/{sets}.safetensors",
    log:
        "results/logs/decode_pictures/{sets}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
    shell:
        "python {input.code[0]:q} {input.packs:q} --out {output:q} 2> {log:q} && cat {log:q} >&2"


rule train_model:
    """Train one network of the paper as its recipe in the config says."""
    input:
        data=lambda wildcards: decoded("+".join(configuration.training_sets(config, wildcards.model))),
        validation=decoded(config["training"]["validation"]),
        start=lambda wildcards: starting_files(wildcards.model),
        code=training_code,
    output:
        weights="results/models/{model}.safetensors",
        card="results/models/{model}.json",
        losses="results/models/{model}.csv",
    log:
        "results/logs/train_model/{model}.log",
    conda:
        "../../envs/train.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: attempt * 8000,  # 11 GB at most: the GAN of 256x256 tiles
        runtime=24 * 60,
    params:
        arguments=training_arguments,
    shell:
        "python {input.code[0]:q} {params.arguments} --data {input.data:q} --validation {input.validation:q}"
        " --weights {output.weights:q} --log {output.losses:q} --threads {threads} 2>&1 | tee {log:q}"


rule super_resolution:
    """SRCNN against bicubic interpolation on photographs that it never saw, as its literature measures it."""
    input:
        pictures=decoded("bsds500_test"),
        model=multiext(f"{weights_folder()}/{config['settings']['sr']['model']}", ".safetensors", ".json"),
        code=code_of("scripts/evaluate_srcnn.py"),
    output:
        "results/super_resolution.csv",
    log:
        "results/logs/super_resolution.log",
    conda:
        "../../envs/codecs.yaml"
    shell:
        "python {input.code[0]:q} {input.pictures:q} --model {input.model[0]:q} --out {output:q} 2>&1 | tee {log:q}"


rule training_curve:
    """What a model was worth after each share of its training: its snapshots on the dataset's pictures."""
    input:
        model=lambda wildcards: f"{curve_folders(wildcards.model)[1]}/{wildcards.model}.safetensors",
        pictures=lambda wildcards: expand("results/data/{{dataset}}/{image}.png", image=images()),
        rows="results/points/{dataset}.csv",
        paper=own("workflow/resources/paper/training.csv"),
        code=lambda wildcards: code_of("scripts/training_curve.py", codecs=[recipe_of(wildcards.model)["network"]]),
    output:
        csv="results/training_curves/{dataset}/{model}.csv",
        pictures=multiext("results/training_curves/{dataset}/{model}", ".png", ".pdf"),
    log:
        "results/logs/training_curve/{dataset}/{model}.log",
    conda:
        "../../envs/codecs.yaml"
    params:
        arguments=training_curve_arguments,
    shell:
        "python {input.code[0]:q} {input.pictures:q} {params.arguments} --rows {input.rows:q}"
        " --paper {input.paper:q} --csv {output.csv:q} --pictures {output.pictures:q} 2>&1 | tee {log:q}"
