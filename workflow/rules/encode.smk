# Measured operating points.
#   needs   config: codecs, settings, ablations, weights; the pictures (data.smk), the models (train.smk or shipped)
#   makes   results/points/{dataset}/{codec}/{batch}.csv and the streams behind it, results/points/{dataset}.csv; the
#           same of the ablations under results/ablations
#   steps   measure_image: one batch of pictures with one codec, all operating points (a picture is a batch by itself,
#           unless the dataset is large); collect_points: all rows, complete; measure_ablations, collect_ablations:
#           the same beside the sweeps


localrules:
    collect_points,
    collect_ablations,


rule measure_image:
    """Encode, decode from the file alone, and score pictures at every operating point of one codec."""
    input:
        pictures=pictures_of,
        models=lambda wildcards: models_of(wildcards.codec, config["settings"]),
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
        **needs_of_batch("settings"),
    params:
        **given_to_batch("settings"),
        weights=weights_folder(),
    shell:
        "python {input.code[0]:q} {input.pictures:q} --dataset {wildcards.dataset:q} --codec {wildcards.codec:q}"
        " --settings {params.settings:q} --weights {params.weights:q} --streams {output.streams:q}"
        " --rows {output.rows:q} 2> {log:q}"


rule collect_points:
    """All rows of a dataset in one table; refuses a missing, doubled or unasked row."""
    input:
        rows=lambda wildcards: expand(
            "results/points/{{dataset}}/{codec}/{batch}.csv", codec=blocks_in_use("settings"), batch=batches_in_use()
        ),
        code=code_of("scripts/collect.py", codecs=config["codecs"]),
    output:
        "results/points/{dataset}.csv",
    log:
        "results/logs/collect_points/{dataset}.log",
    conda:
        "../../envs/codecs.yaml"
    params:
        rows="results/points/{dataset}",
        images=images,
        pictures=pictures_listed(),
        settings=to_json(blocks_in_use("settings")),
    shell:
        "python {input.code[0]:q} {params.rows:q} --dataset {wildcards.dataset:q} --pictures={params.pictures:q}"
        " --settings {params.settings:q} --out {output:q} 2> {log:q}"


use rule measure_image as measure_ablations with:
    input:
        pictures=pictures_of,
        models=lambda wildcards: models_of(wildcards.codec, config["ablations"]),
        code=lambda wildcards: code_of("scripts/measure.py", codecs=[wildcards.codec]),
    output:
        rows="results/ablations/{dataset}/{codec}/{batch}.csv",
        streams=directory("results/streams/ablations/{dataset}/{codec}/{batch}"),
    log:
        "results/logs/measure_ablations/{dataset}/{codec}/{batch}.log",
    benchmark:
        "results/benchmarks/measure_ablations/{dataset}/{codec}/{batch}.tsv"
    resources:
        **needs_of_batch("ablations"),
    params:
        **given_to_batch("ablations"),
        weights=weights_folder(),


use rule collect_points as collect_ablations with:
    input:
        rows=lambda wildcards: expand(
            "results/ablations/{{dataset}}/{codec}/{batch}.csv",
            codec=blocks_in_use("ablations"),
            batch=batches_in_use(),
        ),
        code=code_of("scripts/collect.py", codecs=blocks_in_use("ablations")),
    output:
        "results/ablations/{dataset}.csv",
    log:
        "results/logs/collect_ablations/{dataset}.log",
    params:
        rows="results/ablations/{dataset}",
        images=images,
        pictures=pictures_listed(),
        settings=to_json(blocks_in_use("ablations")),
