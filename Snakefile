"""Tables and figures of Cheng et al. (CLIC 2018), measured on real bitstreams, with the published values."""

from snakemake.utils import min_version

min_version("9.0")


configfile: workflow.current_basedir.join("config.yaml").path


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/complexity.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/verify.smk"


localrules:
    all,


rule all:
    """Everything the workflow makes for the chosen dataset."""
    default_target: True
    input:
        tables_in_use,
        "results/tables.md",
        "results/claims.md",
        expand("results/{figure}.{kind}", figure=PLAN.figures, kind=["csv", "png", "pdf"]),
        "results/provenance/config.yaml",
        "results/provenance/versions.json",
        "results/report/index.html",
