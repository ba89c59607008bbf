# What a reviewer asks for; none of it is part of `all`.
#   needs   config: table5, contest, rate_target_bpp, pack; the rows and streams (encode.smk), Tables 5 and contest
#           (tables.smk), the models (train.smk or shipped)
#   makes   results/protocol.csv, results/table5_allocated.csv and ..._points.csv, results/fidelity.csv,
#           results/pack.tar.gz
#   steps   audit_protocol, make_table5_allocated, make_fidelity: Table 5 under other protocols, with a point for each
#           image, and as distances; pack_results: the archive


localrules:
    audit_protocol,
    make_table5_allocated,
    make_fidelity,
    pack_results,


rule audit_protocol:
    """Table 5 under other protocols, one thing changed at a time: how far numbers and ranking move."""
    input:
        rows=rows_to_fill("table5"),
        code=code_of("scripts/protocol.py", codecs=PLAN.codecs_of_table5),
    output:
        report("results/protocol.csv", caption="../report/protocol.rst", category="Tables"),
    log:
        "results/logs/audit_protocol.log",
    benchmark:
        "results/benchmarks/audit_protocol.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        entries=json.dumps(PLAN.entries("table5")),
        target=config["rate_target_bpp"],
    shell:
        "python {input.code[0]:q} {input.rows:q} --entries {params.entries:q} --target-bpp {params.target}"
        " --out {output:q} 2> {log:q}"


rule make_table5_allocated:
    """Table 5 where each codec chooses a point for each image under the same total of bytes."""
    input:
        rows=rows_to_fill("table5"),
        code=code_of("scripts/table5_allocated.py", codecs=PLAN.codecs_of_table5),
    output:
        table=report("results/table5_allocated.csv", caption="../report/protocol.rst", category="Tables"),
        points="results/table5_allocated_points.csv",
    log:
        "results/logs/make_table5_allocated.log",
    benchmark:
        "results/benchmarks/make_table5_allocated.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        entries=json.dumps(PLAN.entries("table5")),
        target=config["rate_target_bpp"],
    shell:
        "python {input.code[0]:q} {input.rows:q} --entries {params.entries:q} --target-bpp {params.target}"
        " --table {output.table:q} --points {output.points:q} 2> {log:q}"


rule make_fidelity:
    """The distance of each codec of Table 5 to JPEG and to BPG, measured and published."""
    input:
        table="results/table5.csv",
        code=code_of("scripts/fidelity.py"),
    output:
        report("results/fidelity.csv", caption="../report/protocol.rst", category="Tables"),
    log:
        "results/logs/make_fidelity.log",
    benchmark:
        "results/benchmarks/make_fidelity.tsv"
    conda:
        "../../envs/codecs.yaml"
    shell:
        "python {input.code[0]:q} {input.table:q} --out {output:q} 2> {log:q}"


rule pack_results:
    """One archive for a reviewer: streams, rows, models and a checker that decodes and compares them."""
    input:
        rows=rows_in_use()[: len(PLAN.packed)],
        tables=packed_tables,
        streams=packed_streams,
        models=packed_models,
        code=[*code_of("scripts/pack.py"), own("scripts/check_pack.py"), *LIBRARY],
    output:
        "results/pack.tar.gz",
    log:
        "results/logs/pack_results.log",
    benchmark:
        "results/benchmarks/pack_results.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        options=PLAN.pack_options,
    shell:
        "python {input.code[0]:q} {input.rows:q} --tables {input.tables:q} {params.options} --out {output:q} 2> {log:q}"
