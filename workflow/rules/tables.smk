# The paper's tables.
#   needs   config: table5, contest, rate_target_bpp; the rows (encode.smk), the models' cards (train.smk or
#           shipped), the published numbers (workflow/resources/paper)
#   makes   results/table{1..5}.csv, results/contest.csv, results/tables.md
#   steps   tables1to4, table5, contest, tables_page


localrules:
    tables1to4,
    table5,
    contest,
    tables_page,


rule tables1to4:
    """The lines of Tables 1 to 4 as printed, measured where the rows hold their points."""
    input:
        # The GAN's points may stand in either file; Table 1 has none
        rows=lambda wildcards: rows_in_use()[:1] if wildcards.table == "table1" else rows_in_use(),
        paper=own("workflow/resources/paper/{table}.csv"),
        cards=cards_in_use,
        code=code_of("scripts/tables1to4.py"),
    output:
        report("results/{table}.csv", caption="../report/tables1to4.rst", category="Tables"),
    log:
        "results/logs/{table}.log",
    wildcard_constraints:
        table="table[1-4]",
    conda:
        "../../envs/tables.yaml"
    params:
        budget=to_json(configuration.paper_budget(config)),
    shell:
        "python {input.code[0]:q} {wildcards.table} {input.rows:q} --paper {input.paper:q}"
        " --cards {input.cards:q} --budget {params.budget:q} --out {output:q} 2> {log:q}"


rule table5:
    """Best operating point of each codec at the target rate, beside the published values (Table 5)."""
    input:
        rows=rows_to_fill("table5"),
        paper=own("workflow/resources/paper/table5.csv"),
        code=code_of("scripts/table5.py"),
    output:
        report("results/table5.csv", caption="../report/table5.rst", category="Tables"),
    log:
        "results/logs/table5.log",
    conda:
        "../../envs/tables.yaml"
    params:
        table="table5",
        contenders=to_json(contenders("table5")),
        target=config["rate_target_bpp"],
    shell:
        "python {input.code[0]:q} {params.table} {input.rows:q} --paper {input.paper:q} --contenders {params.contenders:q}"
        " --target-bpp {params.target} --out {output:q} 2> {log:q}"


use rule table5 as contest with:
    input:
        rows=rows_to_fill("contest"),
        paper=own("workflow/resources/paper/clic2018_leaderboard.csv"),
        code=code_of("scripts/table5.py"),
    output:
        report("results/contest.csv", caption="../report/contest.rst", category="Tables"),
    log:
        "results/logs/contest.log",
    params:
        table="contest",
        contenders=to_json(contenders("contest")),
        target=config["rate_target_bpp"],


rule tables_page:
    """All five tables on one page, with what is compared and which published numbers contradict each other."""
    input:
        tables=[table for table in TABLES if table != "results/claims.csv"],
        rows=f"results/points/{DATASET.id}.csv",
        template=own("workflow/report/tables.md"),
        code=code_of("scripts/tables_page.py"),
    output:
        "results/tables.md",
    log:
        "results/logs/tables_page.log",
    conda:
        "../../envs/tables.yaml"
    shell:
        "python {input.code[0]:q} {input.tables:q} --rows {input.rows:q} --template {input.template:q}"
        " --out {output:q} 2> {log:q}"
