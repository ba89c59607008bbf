# Trained models.
#   needs   config: models, training; the training sets (data.smk)
#   makes   results/models/{model}.safetensors with its card (.json) and loss log (.csv), and the weights
#           along the way in results/snapshots/{model}/
#   steps   decode_pictures: once for each combination of sets; train_model: one job a model; killed jobs go on from
#           results/checkpoints/{model}.pt


rule decode_pictures:
    """The pictures of packed sets, decoded once for all training jobs, which map the file into memory."""
    input:
        packs=lambda wildcards: expand("results/training_sets/{set}.zip", set=wildcards.sets.split("+")),
        code=code_of("scripts/decode_pictures.py"),
    output:
        "results/training_sets/{sets}.safetensors",
    log:
        "results/logs/decode_pictures/{sets}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
    shell:
        "python scripts/decode_pictures.py {input.packs:q} --out {output:q} 2> {log:q}"


rule train_model:
    """Train one network of the paper as its recipe in the config says."""
    input:
        data=lambda wildcards: decoded("+".join(settings.training_sets(config, wildcards.model))),
        validation=decoded(config["training"]["validation"]),
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
        mem_mb=8000,
        runtime=24 * 60,
    params:
        arguments=training_arguments,
    shell:
        "python scripts/train.py {params.arguments} --data {input.data:q} --validation {input.validation:q}"
        " --weights {output.weights:q} --log {output.losses:q} --threads {threads} 2>&1 | tee {log:q}"
