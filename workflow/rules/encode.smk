# Measured operating points.
#   needs   config: codecs, settings, weights; the pictures (data.smk), the models (train.smk or shipped)
#   makes   results/points/{dataset}/{codec}/{image}.csv and the streams behind it, results/points/{dataset}.csv
#   steps   measure_image: one picture with one codec, all operating points; collect_points: all rows, complete


rule measure_image:
    """Encode, decode from the file alone, and score one picture at every operating point of one codec."""
    input:
        picture="results/data/{dataset}/{image}.png",
        models=models_of,
        code=lambda wildcards: code_of("scripts/measure.py", codecs=[wildcards.codec]),
    output:
        rows="results/points/{dataset}/{codec}/{image}.csv",
        streams=directory("results/streams/{dataset}/{codec}/{image}"),
    log:
        "results/logs/measure_image/{dataset}/{codec}/{image}.log",
    benchmark:
        "results/benchmarks/measure_image/{dataset}/{codec}/{image}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        settings=lambda wildcards: to_json(config["settings"][wildcards.codec]),
        weights=weights_folder(),
    shell:
        "python scripts/measure.py {input.picture:q} --dataset {wildcards.dataset:q} --image {wildcards.image:q}"
        " --codec {wildcards.codec:q} --settings {params.settings:q} --weights {params.weights:q}"
        " --streams {output.streams:q} --rows {output.rows:q} 2> {log:q}"


rule collect_points:
    """All rows of a dataset in one table; refuses a missing, doubled or unasked row."""
    input:
        rows=lambda wildcards: expand(
            "results/points/{{dataset}}/{codec}/{image}.csv", codec=config["codecs"], image=images()
        ),
        code=code_of("scripts/collect.py", codecs=config["codecs"]),
    output:
        "results/points/{dataset}.csv",
    log:
        "results/logs/collect_points/{dataset}.log",
    conda:
        "../../envs/codecs.yaml"
    params:
        images=images,
        settings=to_json({codec: config["settings"][codec] for codec in config["codecs"]}),
    shell:
        "python scripts/collect.py {input.rows:q} --dataset {wildcards.dataset:q} --images {params.images:q}"
        " --settings {params.settings:q} --out {output:q} 2> {log:q}"
