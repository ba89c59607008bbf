# The report: pages for a browser, and captions for `snakemake --report`.
#   needs   config: report, table5, threshold_scan, rate_target_bpp, published_curves; the tables, BD-rates, claims,
#           figures, rows and streams, the models' cards (train.smk or shipped), results/provenance, the templates
#           (workflow/report); further metrics (metrics.smk) and costs (complexity.smk) where the config has them
#   makes   results/reconstructions/{dataset}/{image}, results/report/index.html and the other pages
#   steps   reconstruct_image: one image as each codec of Table 5 reconstructs it; write_report: the pages

PAGES = ["index", "tables", "claims", "curves", "bdrate", "images", "figures", "models", "run", "guide"]

# Templates, scripts and texts of the report; the folder study is of the observers' page
REPORT_SOURCES = sorted(
    own(path.relative_to(ROOT)) for path in (ROOT / "workflow" / "report").rglob("*.*") if path.parent.name != "study"
)
# Where the config asks for them or a subjective study has responses
FURTHER_PAGES = [*(["protocol"] if PLAN.further_tables else []), *(["study"] if PLAN.responses else [])]


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
        options=lambda wildcards: PLAN.viewer_options,
    shell:
        "python {input.code[0]:q} {input.original:q} --rows {input.rows:q} --table {input.table:q}"
        " {params.options} --out {output:q} 2> {log:q}"


rule write_report:
    """Tables, claims, curves, reconstructions, models and provenance as pages that need no network."""
    input:
        **WHAT_THE_REPORT_SHOWS,
        paper=own("workflow/resources/paper/figure6.csv"),
        reconstructions=reconstructions,
        figures=expand("results/{figure}.png", figure=PLAN.figures_shown),
        records=report_records,
        code=[*code_of("scripts/report.py", metrics=config["metrics"]), *REPORT_SOURCES],
    output:
        pages=expand("results/report/{page}.html", page=[*PAGES, *FURTHER_PAGES]),
        folders=directory(expand("results/report/{folder}", folder=["assets", "files", "images"])),
    log:
        "results/logs/write_report.log",
    benchmark:
        "results/benchmarks/write_report.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        options=PLAN.report_options,
    shell:
        "python {input.code[0]:q} {params.options} --tables {input.tables:q} --rows {input.rows:q}"
        " --paper {input.paper:q} --cards {input.cards:q} --pictures {input.reconstructions:q} --figures {input.figures:q}"
        " --bdrate {input.bdrate:q} --study {input.study:q} --out results/report/index.html 2> {log:q}"
