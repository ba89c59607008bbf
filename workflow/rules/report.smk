# The report: pages for a browser, and captions for `snakemake --report`.
#   needs   config: report, table5, threshold_scan, rate_target_bpp; the tables, claims, figures, rows and streams, the
#           models' cards (train.smk or shipped), results/provenance, the templates (workflow/report)
#   makes   results/reconstructions/{dataset}/{image}, results/report/index.html and the other pages
#   steps   reconstruct_image: one image as each codec of Table 5 reconstructs it; write_report: the pages

PAGES = ["index", "tables", "claims", "curves", "pictures", "figures", "models", "run", "guide"]

# Templates, scripts and texts of the report
REPORT_SOURCES = sorted(own(path.relative_to(ROOT)) for path in (ROOT / "workflow" / "report").rglob("*.*"))


def of_table5(pattern):
    """The input function for what an image's batch has left, of each codec of Table 5."""

    def files(wildcards):
        batch = batches.batch_of(wildcards.image, len(images()))
        return expand(pattern, dataset=wildcards.dataset, codec=PLAN.codecs_of_table5, batch=batch)

    return files


def reconstructions(wildcards):
    return expand(f"results/reconstructions/{DATASET.id}/{{image}}", image=PLAN.shown(images()))


def report_records(wildcards):
    """The run's provenance, and names.csv, alone or in the folder that archives are unpacked to."""
    names = f"results/data/{DATASET.id}/names.csv"
    if DATASET.images is None:
        names = checkpoints.unpack_archives.get(dataset=DATASET.id).output[0]
    return [names, *expand("results/provenance/{file}", file=["config.yaml", "versions.json", "rulegraph.mmd"])]


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
        entries=json.dumps(PLAN.entries("table5")),
        options=PLAN.viewer_options,
    shell:
        "python {input.code[0]:q} {input.original:q} --rows {input.rows:q} --table {input.table:q}"
        " --entries {params.entries:q} {params.options} --out {output:q} 2> {log:q}"


rule write_report:
    """Tables, claims, curves, reconstructions, models and provenance as pages that need no network."""
    input:
        tables=PLAN.tables,
        rows=rows_in_use(),
        paper=own("workflow/resources/paper/figure6.csv"),
        cards=cards_in_use,
        reconstructions=reconstructions,
        figures=expand("results/{figure}.png", figure=PLAN.figures),
        records=report_records,
        code=[*code_of("scripts/report.py"), *REPORT_SOURCES],
    output:
        pages=expand("results/report/{page}.html", page=PAGES),
        folders=directory(expand("results/report/{folder}", folder=["assets", "files", "pictures"])),
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
        " --out results/report/index.html 2> {log:q}"
