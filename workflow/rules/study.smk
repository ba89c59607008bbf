# A subjective study, made when asked for: the page for the observers, and the evaluation of their files.
#   needs   config: study, rate_target_bpp; the rows and streams (encode.smk), the originals (data.smk), the template
#           (workflow/report/study), the observers' files (study.responses)
#   makes   results/study/index.html with results/study/images, which are handed out, and results/study/key.json and
#           pairs.csv, which are not; results/study/scores.csv with stimuli, correlations, observers and a drawing
#   steps   write_study, score_study

STUDY_SOURCES = sorted(own(path.relative_to(ROOT)) for path in (ROOT / "workflow" / "report" / "study").glob("*.*"))
# What its images are decoded from
STUDY_INPUTS = {
    "rows": f"results/points/{DATASET.id}.csv",
    "streams": streams_of_study,
    "models": [model_files(codec, "settings") for codec in PLAN.codecs_of_study],
}


rule write_study:
    """Reconstructions of equal rate as an offline page for observers, with the key that says which is whose."""
    input:
        **STUDY_INPUTS,
        originals=originals_of_study,
        code=[*code_of("scripts/study.py", codecs=PLAN.codecs_of_study), *STUDY_SOURCES],
    output:
        page="results/study/index.html",
        images=directory("results/study/images"),
        key="results/study/key.json",
        pairs="results/study/pairs.csv",
    log:
        "results/logs/write_study.log",
    benchmark:
        "results/benchmarks/write_study.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory_to_decode,
    params:
        options=PLAN.study_options,
    shell:
        "python {input.code[0]:q} {input.originals:q} --rows {input.rows:q} {params.options} --page {output.page:q}"
        " --images {output.images:q} --key {output.key:q} --pairs {output.pairs:q} 2> {log:q}"


rule score_study:
    """Scores of the observers who are kept, with intervals, and which rule left out whom."""
    input:
        responses=responses,
        key="results/study/key.json",
        code=code_of("scripts/study_scores.py"),
    output:
        tables=expand("results/study/{table}.csv", table=["scores", "stimuli", "correlations", "observers"]),
        drawings=multiext("results/study/scores", ".png", ".pdf"),
    log:
        "results/logs/score_study.log",
    benchmark:
        "results/benchmarks/score_study.tsv"
    conda:
        "../../envs/study.yaml"
    shell:
        "python {input.code[0]:q} {input.responses:q} --key {input.key:q} --tables {output.tables:q}"
        " --drawings {output.drawings:q} 2>&1 | tee {log:q}"
