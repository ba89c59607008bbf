# The paper's figures and the threshold scan, each as CSV, PNG and PDF.
#   needs   config: threshold_scan, figure5, published_curves; the rows (encode.smk), an image (data.smk), a CAE (train.smk or shipped),
#           the published values (workflow/resources/paper)
#   makes   results/figure{1..6}.{csv,png,pdf}, results/figure6_log.{png,pdf}, results/threshold_scan.{csv,png,pdf}
#   steps   draw_figures1to4 (from the code alone), draw_figure5, draw_figure6, scan_thresholds


rule draw_figures1to4:
    """What the codecs do, step by step, and how their networks are built, read from the code (Figures 1 to 4)."""
    input:
        code=code_of("scripts/figures1to4.py"),
    output:
        csv=expand("results/figure{number}.csv", number=range(1, 5)),
        figure1=figure_files("figure1", caption="pipelines"),
        figure2=figure_files("figure2", caption="structures"),
        figure3=figure_files("figure3", caption="structures"),
        figure4=figure_files("figure4", caption="pipelines"),
    log:
        "results/logs/draw_figures1to4.log",
    benchmark:
        "results/benchmarks/draw_figures1to4.tsv"
    conda:
        "../../envs/codecs.yaml"
    shell:
        "python {input.code[0]:q} results 2> {log:q}"


rule draw_figure5:
    """Channels of the latent of Y without and with PCA, and the rates of both at one quality (Figure 5)."""
    input:
        image=image_of_figure5,
        models=PLAN.figure5_models,
        cards=[weights.replace(".safetensors", ".json") for weights in PLAN.figure5_models],
        paper=own("workflow/resources/paper/figure5.csv"),
        code=code_of("scripts/figure5.py"),
    output:
        csv="results/figure5.csv",
        drawings=figure_files("figure5", caption="figure5"),
    log:
        "results/logs/draw_figure5.log",
    benchmark:
        "results/benchmarks/draw_figure5.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        dataset=DATASET.id,
        psnr=config["figure5"]["psnr_db"],
    shell:
        "python {input.code[0]:q} {input.image:q} --dataset {params.dataset:q} --paper {input.paper:q}"
        " --models {input.models:q} --psnr-db {params.psnr}"
        " --csv {output.csv:q} --drawings {output.drawings:q} 2> {log:q}"


rule draw_figure6:
    """Quality against rate of every codec, with the published points (Figure 6)."""
    input:
        rows=rows_in_use(),
        paper=own("workflow/resources/paper/figure6.csv"),
        published=published_files,
        code=code_of("scripts/figure6.py"),
    output:
        csv="results/figure6.csv",
        drawings=figure_files("figure6", caption="figure6"),
        low_rates=multiext("results/figure6_log", ".png", ".pdf"),
    log:
        "results/logs/draw_figure6.log",
    benchmark:
        "results/benchmarks/draw_figure6.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        **config["threshold_scan"],
        published=PLAN.published_option,
    shell:
        "python {input.code[0]:q} {input.rows:q} --paper {input.paper:q} --qp {params.qp} {params.published}"
        " --threshold-db {params.threshold_db} --csv {output.csv:q} --drawings {output.drawings:q}"
        " --log-rate {output.low_rates:q} 2> {log:q}"


rule scan_thresholds:
    """Adaptive super-resolution as its threshold or its QP varies, with Table 1."""
    input:
        rows=rows_to_fill("threshold_scan"),
        paper=own("workflow/resources/paper/table1.csv"),
        code=code_of("scripts/threshold_scan.py"),
    output:
        csv="results/threshold_scan.csv",
        drawings=figure_files("threshold_scan", caption="threshold_scan"),
    log:
        "results/logs/scan_thresholds.log",
    benchmark:
        "results/benchmarks/scan_thresholds.tsv"
    conda:
        "../../envs/tables.yaml"
    params:
        **config["threshold_scan"],
    shell:
        "python {input.code[0]:q} {input.rows:q} --paper {input.paper:q} --qp {params.qp}"
        " --threshold-db {params.threshold_db} --csv {output.csv:q} --drawings {output.drawings:q} 2> {log:q}"
