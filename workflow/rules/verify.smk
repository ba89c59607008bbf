# Results compared with their files and with the reference results of the repository.
#   needs   everything that `all` makes; workflow/resources/reference/{dataset} of a dataset that was kept
#   makes   nothing (verify), or workflow/resources/reference/{dataset} (keep_reference)
#   steps   verify, keep_reference: targets, which run whenever they are asked for, since they have no output


localrules:
    keep_reference,


rule verify:
    """Target: every row against its file, every file decoded again, every table against the reference results."""
    input:
        rows=rows_in_use(),
        tables=PLAN.tables,
        made_with=multiext("results/provenance/", "config.yaml", "versions.json"),
        code=own("scripts/verify.py"),
    log:
        "results/logs/verify.log",
    conda:
        "../../envs/codecs.yaml"
    threads: 8
    resources:
        mem_mb=lambda wildcards, threads, attempt: threads * memory_to_decode(wildcards, attempt),
    params:
        dataset=DATASET.id,
        weights=PLAN.weights,
    shell:
        "python {input.code:q} {input.rows:q} --weights {params.weights:q} --decode --processes {threads}"
        " --tables {input.tables:q} --dataset {params.dataset:q} --made-with {input.made_with:q}"
        " 2>&1 | tee {log:q}"


rule keep_reference:
    """Target: keep the tables of this run as the reference results of its dataset, after each change of a model."""
    input:
        tables=PLAN.tables,
        made_with=multiext("results/provenance/", "config.yaml", "versions.json"),
        code=own("scripts/reference_results.py"),
    log:
        "results/logs/keep_reference.log",
    conda:
        "../../envs/codecs.yaml"
    params:
        dataset=DATASET.id,
    shell:
        "python {input.code:q} {input.tables:q} --dataset {params.dataset:q}"
        " --made-with {input.made_with:q} 2>&1 | tee {log:q}"
