# The paper's tables.
#   needs   config: table5, contest, rate_target_bpp; the rows (encode.smk), the models' cards (train.smk or
#           shipped), the published values (workflow/resources/paper)
#   makes   results/table{1..5}.csv, results/contest.csv, results/tables.md, and by name results/oracle.csv
#   steps   make_tables1to4, make_table5, make_contest, write_tables_page, bound_choice


localrules:
    make_tables1to4,
    make_table5,
    make_contest,
    write_tables_page,
    bound_choice,


rule make_tables1to4:
    """The lines of Tables 1 to 4 as published, measured where the rows hold their points."""
    input:
        # The GAN's points may be in either file; Table 1 has none
        rows=lambda wildcards: rows_in_use()[:1] if wildcards.table == "table1" else rows_in_use(),
        paper=own("workflow/resources/paper/{table}.csv"),
        cards=cards_in_use,
        code=code_of("scripts/tables1to4.py"),
    output:
        report("results/{table}.csv", caption="../report/tables1to4.rst", category="Tables"),
    log:
        "results/logs/make_tables1to4/{table}.log",
    benchmark:
        "results/benchmarks/make_tables1to4/{table}.tsv"
    wildcard_constraints:
        table="table[1-4]",
    conda:
        "../../envs/tables.yaml"
    params:
        budget=json.dumps(configuration.paper_budget(config)),
    shell:
        "python {input.code[0]:q} {wildcards.table} {input.rows:q} --paper {input.paper:q}"
        " --cards {input.cards:q} --budget {params.budget:q} --out {output:q} 2> {log:q}"


rule make_table5:
    """Best operating point of each codec at the target rate, with the published values (Table 5)."""
    input:
        rows=rows_to_fill("table5"),
        paper=own("workflow/resources/paper/table5.csv"),
        code=code_of("scripts/table5.py"),
    output:
        report("results/table5.csv", caption="../report/table5.rst", category="Tables"),
    log:
        "results/logs/make_table5.log",
    benchmark:
        "results/benchmarks/make_table5.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        table="table5",
        entries=json.dumps(PLAN.entries("table5")),
        target=config["rate_target_bpp"],
    shell:
        "python {input.code[0]:q} {params.table} {input.rows:q} --paper {input.paper:q} --entries {params.entries:q}"
        " --target-bpp {params.target} --out {output:q} 2> {log:q}"


use rule make_table5 as make_contest with:
    input:
        rows=rows_to_fill("contest"),
        paper=own("workflow/resources/paper/clic2018_leaderboard.csv"),
        code=code_of("scripts/table5.py"),
    output:
        report("results/contest.csv", caption="../report/contest.rst", category="Tables"),
    log:
        "results/logs/make_contest.log",
    benchmark:
        "results/benchmarks/make_contest.tsv"
    params:
        table="contest",
        entries=json.dumps(PLAN.entries("contest")),
        target=config["rate_target_bpp"],


rule write_tables_page:
    """All five tables on one page, with what is compared and which published values contradict each other."""
    input:
        tables=[table for table in PLAN.tables if table != "results/claims.csv"],
        rows=f"results/points/{DATASET.id}.csv",
        template=own("workflow/report/tables.md"),
        code=code_of("scripts/tables_page.py"),
    output:
        "results/tables.md",
    log:
        "results/logs/write_tables_page.log",
    benchmark:
        "results/benchmarks/write_tables_page.tsv"
    conda:
        "../../envs/tables.yaml"
    shell:
        "python {input.code[0]:q} {input.tables:q} --rows {input.rows:q} --template {input.template:q}"
        " --out {output:q} 2> {log:q}"


rule bound_choice:
    """What choosing a codec and an operating point for each image could gain at most, from the rows alone."""
    input:
        rows=f"results/points/{DATASET.id}.csv",
        code=code_of("scripts/oracle.py"),
    output:
        "results/oracle.csv",
    log:
        "results/logs/bound_choice.log",
    benchmark:
        "results/benchmarks/bound_choice.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        codecs=PLAN.codecs_to_choose_from,
    shell:
        "python {input.code[0]:q} {input.rows:q} --codecs {params.codecs:q} --anchor bpg 420 --out {output:q} 2> {log:q}"
