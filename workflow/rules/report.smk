# The report: pages for a browser, and captions for `snakemake --report`.
#   needs   config: report, table5, threshold_scan, rate_target_bpp; the tables, claims, figures, rows and streams, the
#           models' cards (train.smk or shipped), results/provenance, the templates (workflow/report)
#   makes   results/reconstructions/{dataset}/{image}, results/report/index.html and the pages beside it
#   steps   reconstruct_picture: one picture as each codec of Table 5 gives it back; report: the pages

PAGES = ["index", "tables", "claims", "curves", "images", "figures", "models", "run", "guide"]


rule reconstruct_picture:
    """One picture decoded from the streams behind Table 5, as lossless WebP for the viewer."""
    input:
        picture="results/data/{dataset}/{image}.png",
        rows=of_table5("results/points/{dataset}/{codec}/{batch}.csv"),
        streams=of_table5("results/streams/points/{dataset}/{codec}/{batch}"),
        models=[models_of(codec, config["settings"]) for codec in codecs_of_table5()],
        table="results/table5.csv",
        code=code_of("scripts/reconstruct_picture.py", codecs=codecs_of_table5()),
    output:
        directory("results/reconstructions/{dataset}/{image}"),
    log:
        "results/logs/reconstruct_picture/{dataset}/{image}.log",
    conda:
        "../../envs/codecs.yaml"
    resources:
        mem_mb=memory_to_decode,
    params:
        contenders=to_json(contenders("table5")),
        options=picture_options(),
    shell:
        "python {input.code[0]:q} {input.picture:q} --rows {input.rows:q} --table {input.table:q}"
        " --contenders {params.contenders:q} {params.options} --out {output:q} 2> {log:q}"


rule report:
    """Tables, claims, curves, pictures, models and provenance as pages that need no network."""
    input:
        tables=TABLES,
        rows=rows_in_use(),
        paper=own("workflow/resources/paper/figure6.csv"),
        cards=cards_in_use,
        pictures=reconstructions,
        figures=expand("results/{figure}.png", figure=figures_in_use()),
        records=report_records,
        code=[*code_of("scripts/report.py"), *report_sources()],
    output:
        pages=expand("results/report/{page}.html", page=PAGES),
        folders=directory(expand("results/report/{folder}", folder=["assets", "files", "images"])),
    log:
        "results/logs/report.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=to_json(report_settings()),
    shell:
        "python {input.code[0]:q} --settings {params.settings:q} --tables {input.tables:q} --rows {input.rows:q}"
        " --paper {input.paper:q} --cards {input.cards:q} --pictures {input.pictures:q} --figures {input.figures:q}"
        " --out results/report/index.html 2> {log:q}"
