# The paper's tables.
#   needs   config: table5, rate_target_bpp; the rows (encode.smk), the published numbers (workflow/resources/paper)
#   makes   results/table5.csv
#   steps   table5


rule table5:
    """Best operating point of each codec at the target rate, beside the published values (Table 5)."""
    input:
        rows=f"results/points/{DATASET.id}.csv",
        paper="workflow/resources/paper/table5.csv",
        code=code_of("scripts/table.py"),
    output:
        "results/table5.csv",
    log:
        "results/logs/table5.log",
    conda:
        "../../envs/tables.yaml"
    params:
        contenders=to_json({name: row for name, row in config["table5"].items() if row["codec"] in config["codecs"]}),
        target=config["rate_target_bpp"],
    shell:
        "python scripts/table.py {input.rows:q} --paper {input.paper:q} --contenders {params.contenders:q}"
        " --target-bpp {params.target} --out {output:q} 2> {log:q}"
