# What the results were made with.
#   needs   the config and the environment
#   makes   results/provenance/config.yaml, versions.json and rulegraph.mmd
#   steps   record_provenance, record_rule_graph


localrules:
    record_provenance,


rule record_provenance:
    """The config in force, the versions of every package, and the hashes of models and rows."""
    input:
        rows=rows_in_use(),
        code=code_of("scripts/provenance.py"),
    output:
        config="results/provenance/config.yaml",
        versions="results/provenance/versions.json",
    log:
        "results/logs/record_provenance.log",
    benchmark:
        "results/benchmarks/record_provenance.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        config=lambda wildcards: json.dumps(config),
        weights=PLAN.weights,
    shell:
        "python {input.code[0]:q} --config {params.config:q} --weights {params.weights:q} --rows {input.rows:q}"
        " --out-config {output.config:q} --out-versions {output.versions:q} 2> {log:q}"


rule record_rule_graph:
    """The rules that lead to everything, as Snakemake plans them with the config in force."""
    input:
        config="results/provenance/config.yaml",
        snakefile=own("Snakefile"),
        rules=[own(path.relative_to(ROOT)) for path in sorted(ROOT.glob("workflow/rules/*.smk"))],
    output:
        "results/provenance/rulegraph.mmd",
    log:
        "results/logs/record_rule_graph.log",
    benchmark:
        "results/benchmarks/record_rule_graph.tsv"
    conda:
        "../../envs/tables.yaml"
    shell:
        # Snakemake numbers the rules as a set of strings holds them: in another order in every process
        "PYTHONHASHSEED=0 snakemake --snakefile {input.snakefile:q} --nolock --configfile {input.config:q}"
        " --rulegraph mermaid-js > {output:q} 2> {log:q}"
