# The report: pages for a browser, and captions for `snakemake --report`.
#   needs   config: report, table5, threshold_scan, rate_target_bpp; the tables, claims, figures, rows and streams, the
#           models' cards (train.smk or shipped), results/provenance, the templates (workflow/report)
#   makes   results/reconstructions/{dataset}/{image}, results/report/index.html and the other pages
#   steps   reconstruct_image: one image as each codec of Table 5 reconstructs it; write_report: the pages

PAGES = ["index", "tables", "claims", "curves", "images", "figures", "models", "run", "guide"]

# Templates, scripts and texts of the report; the folder study is of the observers' page
REPORT_SOURCES = sorted(
    own(path.relative_to(ROOT)) for path in (ROOT / "workflow" / "report").rglob("*.*") if path.parent.name != "study"
)
# Where a subjective study has responses, the report has a page of it
with in_one_line():
    STUDY_PAGE = ["study"] if PLAN.responses else []
TABLES_ROWS_AND_STUDY = {
    **TABLES_AND_ROWS,
    "study": expand("results/study/{file}", file=STUDY_FILES if STUDY_PAGE else []),
}


rule reconstruct_image:
    """One image decoded from the streams behind Table 5, as lossless WebP for the viewer."""
    input:
        original="results/data/{dataset}/{image}.png",
        rows=of_table5("results/points/{dataset}/{codec}/{batch}.csv"),
        streams=of_table5("results/streams/points/{dataset}/{codec}/{batch}"),
        models=[model_files(codec, "settings") for codec in PLAN.codecs_of_table5],
        table="results/table5.csv",
        code=code_of("scripts/reconstruct_image.py", codecs=PLAN.codecs_of_table5),
    output:
        directory("results/reconstructions/{dataset}/{image}"),
    log:
        "results/logs/reconstruct_image/{dataset}/{image}.log",
    benchmark:
        "results/benchmarks/reconstruct_image/{dataset}/{image}.tsv"
    conda:
        "../../envs/codecs.yaml"
    resources:
        mem_mb=memory_to_decode,
    params:
        options=PLAN.viewer_options,
    shell:
        "python {input.code[0]:q} {input.original:q} --rows {input.rows:q} --table {input.table:q}"
        " {params.options} --out {output:q} 2> {log:q}"


rule write_report:
    """Tables, claims, curves, reconstructions, models and provenance as pages that need no network."""
    input:
        **TABLES_ROWS_AND_STUDY,
        paper=own("workflow/resources/paper/figure6.csv"),
        reconstructions=reconstructions,
        figures=expand("results/{figure}.png", figure=PLAN.figures),
        records=report_records,
        code=[*code_of("scripts/report.py"), *REPORT_SOURCES],
    output:
        pages=expand("results/report/{page}.html", page=[*PAGES, *STUDY_PAGE]),
        folders=directory(expand("results/report/{folder}", folder=["assets", "files", "images"])),
    log:
        "results/logs/write_report.log",
    benchmark:
        "results/benchmarks/write_report.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        settings=json.dumps(PLAN.report_settings),
    shell:
        "python {input.code[0]:q} --settings {params.settings:q} --tables {input.tables:q} --rows {input.rows:q}"
        " --paper {input.paper:q} --cards {input.cards:q} --pictures {input.reconstructions:q} --figures {input.figures:q}"
        " --study {input.study:q} --out results/report/index.html 2> {log:q}"
