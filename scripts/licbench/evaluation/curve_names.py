"""Names of curves that are formed from the rows of several; known while Snakemake plans, so without pandas."""

FAMILY = "family"
"""The GAN's one curve: the paper joins its different models in a single line, and so do we."""
THRESHOLD, QP = "threshold", "qp"
"""The two sweeps of super-resolution: which of the two parameters varies while the other is fixed."""
