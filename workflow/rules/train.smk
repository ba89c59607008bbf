# Trained models.
#   needs   config: models, training; the training sets (data.smk)
#   makes   results/models/{model}.safetensors with its card (.json) and loss log (.csv)
#   steps   train_model: one job a model; killed jobs go on from results/checkpoints/{model}.pt


rule train_model:
    """Train one network of the paper as its recipe in the config says."""
    input:
        packs=expand("results/training_sets/{set}.zip", set=config["training"]["sets"]),
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
        recipe=lambda wildcards: to_json(recipe_of(wildcards.model)),
        checkpoint="results/checkpoints/{model}.pt",
    shell:
        "python scripts/train.py --recipe {params.recipe:q} --data {input.packs:q} --weights {output.weights:q}"
        " --log {output.losses:q} --checkpoint {params.checkpoint:q} --threads {threads} 2>&1 | tee {log:q}"
