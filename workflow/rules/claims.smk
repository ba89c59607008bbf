# The paper's claims, judged.
#   needs   config: rate_target_bpp; the rows (encode.smk), Figure 5 (figures.smk), the models' cards (train.smk or
#           shipped), rows of half-trained models (encode.smk), the published numbers (workflow/resources/paper)
#   makes   results/claims.csv, results/claims.md
#   steps   judge_claims

PUBLISHED = ["table1", "table2", "table4", "table5", "figure5", "figure6", "text"]
BESIDES_ROWS = {
    "figure5": PLAN.figure5,
    "half_trained": [f"results/half_trained/{DATASET.id}.csv"] if PLAN.half_trained_codecs else [],
}


rule judge_claims:
    """What the paper claims, measured with its uncertainty, and a verdict by a rule fixed beforehand."""
    input:
        **BESIDES_ROWS,
        rows=rows_in_use(),
        paper=expand(own("workflow/resources/paper/{name}.csv"), name=PUBLISHED),
        cards=cards_in_use,
        template=own("workflow/report/claims.md"),
        code=code_of("scripts/claims.py"),
    output:
        csv=report("results/claims.csv", caption="../report/claims.rst", category="Claims"),
        page="results/claims.md",
    log:
        "results/logs/judge_claims.log",
    benchmark:
        "results/benchmarks/judge_claims.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        options=PLAN.claims_options,
    shell:
        "python {input.code[0]:q} {input.rows:q} --figure5 {input.figure5:q} --half-trained {input.half_trained:q}"
        " --paper {input.paper:q} --cards {input.cards:q} {params.options} --template {input.template:q}"
        " --csv {output.csv:q} --page {output.page:q} 2> {log:q}"
