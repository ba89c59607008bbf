# Measured operating points.
#   needs   config: codecs, settings, ablations, weights; the images (data.smk), the models (train.smk or shipped)
#   makes   results/points/{dataset}/{codec}/{batch}.csv and the streams behind it, results/points/{dataset}.csv; the
#           same of the ablations under results/ablations, and of half-trained models under results/half_trained
#   steps   measure_image: one batch of images with one codec, all operating points (an image is a batch by itself,
#           unless the dataset is large); collect_points: all rows, complete; measure_ablations, collect_ablations:
#           the same, besides the sweeps; measure_half_trained, collect_half_trained: the sweeps of codecs whose models
#           are kept at half of their training, for the claims

# A command line of the config holds placeholders, which Snakemake would take for wildcards but in a function's result

# Where the jobs look up which images there are: the dataset, or the folder that its archives were unpacked to
IMAGES_LISTED = str(config["dataset"]) if DATASET.images is not None else f"results/data/{DATASET.id}"


localrules:
    collect_points,
    collect_ablations,
    collect_half_trained,


rule measure_image:
    """Encode, decode from the file alone, and score images at every operating point of one codec."""
    input:
        images=images_of_batch,
        models=lambda wildcards: model_files(wildcards.codec, "settings"),
        code=lambda wildcards: code_of("scripts/measure.py", codecs=[wildcards.codec]),
    output:
        rows="results/points/{dataset}/{codec}/{batch}.csv",
        streams=directory("results/streams/points/{dataset}/{codec}/{batch}"),
    log:
        "results/logs/measure_image/{dataset}/{codec}/{batch}.log",
    benchmark:
        "results/benchmarks/measure_image/{dataset}/{codec}/{batch}.tsv"
    conda:
        "../../envs/codecs.yaml"
    resources:
        **resources_of_batch("settings"),
    params:
        **params_of_batch("settings"),
        weights=PLAN.weights,
    shell:
        "python {input.code[0]:q} {input.images:q} --dataset {wildcards.dataset:q} --codec {wildcards.codec:q}"
        " --settings {params.settings:q} --weights {params.weights:q} --streams {output.streams:q}"
        " --rows {output.rows:q} 2> {log:q}"


rule collect_points:
    """All rows of a dataset in one table; refuses a missing, duplicate or unknown row."""
    input:
        rows=lambda wildcards: expand(
            "results/points/{{dataset}}/{codec}/{batch}.csv", codec=PLAN.blocks("settings"), batch=batches_in_use()
        ),
        code=code_of("scripts/collect.py", codecs=config["codecs"]),
    output:
        "results/points/{dataset}.csv",
    log:
        "results/logs/collect_points/{dataset}.log",
    benchmark:
        "results/benchmarks/collect_points/{dataset}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        rows="results/points/{dataset}",
        images=images,
        dataset=IMAGES_LISTED,
        settings=lambda wildcards: json.dumps(PLAN.blocks("settings")),
    shell:
        "python {input.code[0]:q} {params.rows:q} --dataset {wildcards.dataset:q} --images={params.dataset:q}"
        " --settings {params.settings:q} --out {output:q} 2> {log:q}"


use rule measure_image as measure_ablations with:
    input:
        images=images_of_batch,
        models=lambda wildcards: model_files(wildcards.codec, "ablations"),
        code=lambda wildcards: code_of("scripts/measure.py", codecs=[wildcards.codec]),
    output:
        rows="results/ablations/{dataset}/{codec}/{batch}.csv",
        streams=directory("results/streams/ablations/{dataset}/{codec}/{batch}"),
    log:
        "results/logs/measure_ablations/{dataset}/{codec}/{batch}.log",
    benchmark:
        "results/benchmarks/measure_ablations/{dataset}/{codec}/{batch}.tsv"
    resources:
        **resources_of_batch("ablations"),
    params:
        **params_of_batch("ablations"),
        weights=PLAN.weights,


use rule collect_points as collect_ablations with:
    input:
        rows=lambda wildcards: expand(
            "results/ablations/{{dataset}}/{codec}/{batch}.csv",
            codec=PLAN.blocks("ablations"),
            batch=batches_in_use(),
        ),
        code=code_of("scripts/collect.py", codecs=PLAN.blocks("ablations")),
    output:
        "results/ablations/{dataset}.csv",
    log:
        "results/logs/collect_ablations/{dataset}.log",
    benchmark:
        "results/benchmarks/collect_ablations/{dataset}.tsv"
    params:
        rows="results/ablations/{dataset}",
        images=images,
        dataset=IMAGES_LISTED,
        settings=lambda wildcards: json.dumps(PLAN.blocks("ablations")),


use rule measure_image as measure_half_trained with:
    input:
        images=images_of_batch,
        models=lambda wildcards: PLAN.half_trained_files(wildcards.codec),
        code=lambda wildcards: code_of("scripts/measure.py", codecs=[wildcards.codec]),
    output:
        rows="results/half_trained/{dataset}/{codec}/{batch}.csv",
        streams=temp(directory("results/streams/half_trained/{dataset}/{codec}/{batch}")),
    log:
        "results/logs/measure_half_trained/{dataset}/{codec}/{batch}.log",
    benchmark:
        "results/benchmarks/measure_half_trained/{dataset}/{codec}/{batch}.tsv"
    params:
        **params_of_batch("settings"),
        weights=own("workflow/resources/half_trained"),


use rule collect_points as collect_half_trained with:
    input:
        rows=lambda wildcards: expand(
            "results/half_trained/{{dataset}}/{codec}/{batch}.csv",
            codec=PLAN.half_trained_codecs,
            batch=batches_in_use(),
        ),
        code=code_of("scripts/collect.py", codecs=PLAN.half_trained_codecs),
    output:
        "results/half_trained/{dataset}.csv",
    log:
        "results/logs/collect_half_trained/{dataset}.log",
    benchmark:
        "results/benchmarks/collect_half_trained/{dataset}.tsv"
    params:
        rows="results/half_trained/{dataset}",
        images=images,
        dataset=IMAGES_LISTED,
        settings=lambda wildcards: json.dumps({codec: config["settings"][codec] for codec in PLAN.half_trained_codecs}),
