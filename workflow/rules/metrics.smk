# Further metrics, scored from the stored streams: nothing is encoded again.
#   needs   config: metrics, metric_settings, weights; the rows and streams (encode.smk), the images (data.smk), the
#           models (train.smk or shipped)
#   makes   results/metrics/{dataset}/{metric}.csv, from results/metrics/{dataset}/{metric}/{codec}/{batch}.csv
#   steps   score_metric: one batch of images of one codec, all operating points; collect_scores: all of a metric, complete


localrules:
    collect_scores,


rule score_metric:
    """Decode the streams of a batch, each from its file alone, and score them by one metric."""
    input:
        images=images_of_batch,
        rows="results/points/{dataset}/{codec}/{batch}.csv",
        streams="results/streams/points/{dataset}/{codec}/{batch}",
        models=lambda wildcards: model_files(wildcards.codec, "settings"),
        code=lambda wildcards: code_of("scripts/score.py", codecs=[wildcards.codec], metrics=[wildcards.metric]),
    output:
        "results/metrics/{dataset}/{metric}/{codec}/{batch}.csv",
    log:
        "results/logs/score_metric/{dataset}/{metric}/{codec}/{batch}.log",
    benchmark:
        "results/benchmarks/score_metric/{dataset}/{metric}/{codec}/{batch}.tsv"
    conda:
        "../../envs/metrics.yaml"
    resources:
        **resources_to_score(),
    params:
        options=lambda wildcards: PLAN.scoring_options(wildcards.metric),
        version=lambda wildcards: version_of_metric(wildcards.metric),
    shell:
        "python {input.code[0]:q} {wildcards.metric} {input.rows:q} --originals {input.images:q} {params.options}"
        " --out {output:q} 2> {log:q}"


rule collect_scores:
    """The scores of all images and codecs by one metric in one table, one for each row."""
    input:
        scores=lambda wildcards: expand(
            "results/metrics/{{dataset}}/{{metric}}/{codec}/{batch}.csv",
            codec=PLAN.blocks("settings"),
            batch=batches_in_use(),
        ),
        rows="results/points/{dataset}.csv",
        code=code_of("scripts/collect_scores.py"),
    output:
        "results/metrics/{dataset}/{metric}.csv",
    log:
        "results/logs/collect_scores/{dataset}/{metric}.log",
    benchmark:
        "results/benchmarks/collect_scores/{dataset}/{metric}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        scores="results/metrics/{dataset}/{metric}",
    shell:
        "python {input.code[0]:q} {input.rows:q} --scores {params.scores:q} --out {output:q} 2> {log:q}"
