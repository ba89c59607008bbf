# The paper's figures and the threshold scan, each as CSV, PNG and PDF.
#   needs   config: threshold_scan, figure5; the rows (encode.smk), a picture (data.smk), a CAE (train.smk or shipped),
#           the published numbers (workflow/resources/paper)
#   makes   results/figure{1..6}.{csv,png,pdf}, results/figure6_log.{png,pdf}, results/threshold_scan.{csv,png,pdf}
#   steps   pipelines, structures (Figures 1 to 4, from the code alone), figure5, figure6, threshold_scan


rule pipelines:
    """What the CAE and the SR codec do, step by step, read from the code (Figures 1 and 4)."""
    input:
        code=code_of("scripts/figures1and4.py"),
    output:
        csv="results/{figure}.csv",
        pictures=figure_files("{figure}", caption="pipelines"),
    log:
        "results/logs/{figure}.log",
    wildcard_constraints:
        figure="figure[14]",
    conda:
        "../../envs/codecs.yaml"
    shell:
        "python {input.code[0]:q} {wildcards.figure} --csv {output.csv:q} --pictures {output.pictures:q} 2> {log:q}"


use rule pipelines as structures with:
    input:
        code=code_of("scripts/figures2and3.py"),
    output:
        csv="results/{figure}.csv",
        pictures=figure_files("{figure}", caption="structures"),
    wildcard_constraints:
        figure="figure[23]",


rule figure5:
    """Maps of Y without and with PCA, and the rates of both at one quality (Figure 5)."""
    input:
        # The dataset's picture that the config names, or its first
        picture=lambda wildcards: (
            f"results/data/{DATASET.id}/{config['figure5']['image'].get(DATASET.id) or images()[0]}.png"
        ),
        model=multiext(f"{weights_folder()}/{config['figure5']['model']}", ".safetensors", ".json"),
        paper=own("workflow/resources/paper/figure5.csv"),
        code=code_of("scripts/figure5.py"),
    output:
        csv="results/figure5.csv",
        pictures=figure_files("figure5", caption="figure5"),
    log:
        "results/logs/figure5.log",
    conda:
        "../../envs/codecs.yaml"
    params:
        dataset=DATASET.id,
        psnr=config["figure5"]["psnr_db"],
    shell:
        "python {input.code[0]:q} {input.picture:q} --dataset {params.dataset:q} --paper {input.paper:q}"
        " --model {input.model[0]:q} --psnr-db {params.psnr} --csv {output.csv:q} --pictures {output.pictures:q} 2> {log:q}"


rule figure6:
    """Quality against rate of every codec, beside the published points (Figure 6)."""
    input:
        rows=rows_in_use(),
        paper=own("workflow/resources/paper/figure6.csv"),
        code=code_of("scripts/figure6.py"),
    output:
        csv="results/figure6.csv",
        pictures=figure_files("figure6", caption="figure6"),
        low_rates=multiext("results/figure6_log", ".png", ".pdf"),
    log:
        "results/logs/figure6.log",
    conda:
        "../../envs/tables.yaml"
    params:
        **config["threshold_scan"],
    shell:
        "python {input.code[0]:q} {input.rows:q} --paper {input.paper:q} --qp {params.qp}"
        " --threshold-db {params.threshold_db} --csv {output.csv:q} --pictures {output.pictures:q}"
        " --log-rate {output.low_rates:q} 2> {log:q}"


rule threshold_scan:
    """Adaptive super-resolution as its threshold or its QP moves, beside Table 1."""
    input:
        rows=rows_to_fill("threshold_scan"),
        paper=own("workflow/resources/paper/table1.csv"),
        code=code_of("scripts/threshold_scan.py"),
    output:
        csv="results/threshold_scan.csv",
        pictures=figure_files("threshold_scan", caption="threshold_scan"),
    log:
        "results/logs/threshold_scan.log",
    conda:
        "../../envs/tables.yaml"
    params:
        **config["threshold_scan"],
    shell:
        "python {input.code[0]:q} {input.rows:q} --paper {input.paper:q} --qp {params.qp}"
        " --threshold-db {params.threshold_db} --csv {output.csv:q} --pictures {output.pictures:q} 2> {log:q}"
