"""licbench: learned image compression bench, the library behind the workflow.

Everything the workflow measures lives here; nothing here imports Snakemake.
"""
