# What the results were made with.
#   needs   the config and the environment
#   makes   results/provenance/config.yaml, results/provenance/versions.json
#   steps   record_provenance


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
    conda:
        "../../envs/codecs.yaml"
    params:
        config=to_json(config),
        weights=weights_folder(),
    shell:
        "python scripts/provenance.py --config {params.config:q} --weights {params.weights:q} --rows {input.rows:q}"
        " --out-config {output.config:q} --out-versions {output.versions:q} 2> {log:q}"
