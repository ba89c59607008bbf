# What the codecs cost.
#   needs   config: complexity, table5, rate_target_bpp, weights; the rows (encode.smk), some images (data.smk), the
#           models (train.smk or shipped)
#   makes   results/complexity.csv and .png, when asked for or where complexity.report is true; verify compares neither
#   steps   measure_complexity: one thread, but it asks for all cores, so that no other job slows it


rule measure_complexity:
    """Time, memory and networks of each codec at its points of Table 5, and BD-rate against decode time."""
    input:
        rows=f"results/points/{DATASET.id}.csv",
        images=images_of_complexity,
        models=[model_files(codec, "settings") for codec in PLAN.blocks("settings")],
        code=code_of(
            "scripts/complexity.py", "scripts/licbench/measurement/codec_process.py", codecs=PLAN.blocks("settings")
        ),
    output:
        csv="results/complexity.csv",
        drawing=report("results/complexity.png", caption="../report/complexity.rst", category="Figures"),
    log:
        "results/logs/measure_complexity.log",
    benchmark:
        "results/benchmarks/measure_complexity.tsv"
    conda:
        "../../envs/codecs.yaml"
    threads: workflow.cores or 1
    params:
        options=PLAN.complexity_options,
    shell:
        "python {input.code[0]:q} {input.rows:q} --images {input.images:q} {params.options}"
        " --csv {output.csv:q} --drawings {output.drawing:q} 2>&1 | tee {log:q}"
