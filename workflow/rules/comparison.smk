# Curves compared with each other, and given to others.
#   needs   config: bdrate, published_curves, threshold_scan; the rows (encode.smk), scores of further metrics
#   makes   results/bdrate.{csv,png,pdf}, results/bdrate_over_quality.csv, results/curves/{dataset}/{format}
#   steps   make_bdrate; write_curves: a target, a file for each curve


rule make_bdrate:
    """BD-rate of every curve against every anchor, with its interval over images, and the relative rate over quality."""
    input:
        rows=rows_to_fill("bdrate"),
        published=published_files,
        scores=PLAN.scores,
        code=code_of("scripts/bdrate.py"),
    output:
        csv=report("results/bdrate.csv", caption="../report/bdrate.rst", category="Tables"),
        over_quality="results/bdrate_over_quality.csv",
        drawings=figure_files("bdrate", caption="bdrate"),
    log:
        "results/logs/make_bdrate.log",
    benchmark:
        "results/benchmarks/make_bdrate.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        options=PLAN.bdrate_options,
    shell:
        "python {input.code[0]:q} {input.rows:q} {params.options} --scores {input.scores:q} --csv {output.csv:q}"
        " --over-quality {output.over_quality:q} --drawings {output.drawings:q} 2> {log:q}"


rule write_curves:
    """Target: the curves in the format of another project, a file each."""
    input:
        rows="results/points/{dataset}.csv",
        code=code_of("scripts/write_curves.py"),
    output:
        directory("results/curves/{dataset}/{format}"),
    log:
        "results/logs/write_curves/{dataset}/{format}.log",
    benchmark:
        "results/benchmarks/write_curves/{dataset}/{format}.tsv"
    wildcard_constraints:
        format="compressai|codec_compare",
    conda:
        "../../envs/tables.yaml"
    params:
        **config["threshold_scan"],
    shell:
        "python {input.code[0]:q} {wildcards.format} {input.rows:q} --qp {params.qp} --threshold-db {params.threshold_db}"
        " --out {output:q} 2> {log:q}"
