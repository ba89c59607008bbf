"""At which quantiser steps a model of the CAE's ladder is the one to use: `make ladder`, for the sweep in config.yaml.

Each model at the same multiples of the step that it was trained for, pooled over photographs of BSDS500 val; real
streams, decoded. How much more rate a point needs than the best of the other models at the same PSNR of R, G and B, in
percent: above 0 the step is not worth a point; a dash where no other model has that PSNR.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from channels import rate_at
from stages import ROOT, SHIPPED, ladder, measured, written

STEPS = (0.5, 0.6, 0.68, 0.75, 0.9, 1.05, 1.2, 1.4, 1.6, 1.8, 2.0)


def main() -> None:
    """Print a line for each point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="BSDS500 val, from decode_training_set.py")
    images = parser.parse_args().images
    models = list(yaml.safe_load((ROOT / "config.yaml").read_text())["settings"]["cae"]["ladder"])
    with tempfile.TemporaryDirectory() as scratch:
        files = written(images, Path(scratch))
        curves = {model: measured(files, "cae", ladder(model, STEPS), SHIPPED) for model in models}
    print(f"{'point':26}{'bpp':>8}{'PSNR, dB':>10}{'rate, %':>10}")
    for model, curve in curves.items():
        others = [list(zip(other["bpp"], other["RGB"], strict=True)) for name, other in curves.items() if name != model]
        for point, bpp, psnr_db in zip(curve.index, curve["bpp"], curve["RGB"], strict=True):
            print(f"{point:26}{bpp:8.4f}{psnr_db:10.2f}{against(bpp, psnr_db, others):>10}")


def against(bpp: float, psnr_db: float, others: list[list[tuple[float, float]]]) -> str:
    """The rate of a point relative to the least of the curves ``others``, of (bpp, PSNR), at its PSNR."""
    least = pd.Series([rate_at(psnr_db, curve) for curve in others]).min()
    return "-" if np.isnan(least) else f"{100 * (bpp / least - 1):+.1f}"


if __name__ == "__main__":
    main()
