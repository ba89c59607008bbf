"""What the switch of gan_switch is worth on images that are not evaluated: `make future`, as in docs/future.md.

The fixed points of the GAN in config.yaml, all models and enlargements, and gan_switch as in the preset future.yaml, on
photographs of BSDS500 val; real streams, decoded. BD-rate against the Pareto front of the fixed points, pooled, with
the 95 % bootstrap interval over the images. A negative number says that fewer bits are needed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.evaluation.curves import MeasuredCurve, curve_of, finite, pooled_ms_ssim_db, pooled_psnr  # noqa: E402
from licbench.evaluation.pooling import Floats  # noqa: E402
from licbench.images.files import write_png  # noqa: E402
from licbench.locations import SHIPPED  # noqa: E402
from licbench.measurement.measure import measure_images  # noqa: E402
from licbench.measurement.rows import read_rows  # noqa: E402
from licbench.metrics.rate import bd_rate  # noqa: E402
from licbench.paper.claims.verdicts import interval_of  # noqa: E402
from licbench.training.data import CPU, ImageSet  # noqa: E402

QUALITIES = {"PSNR": pooled_psnr, "MS-SSIM": pooled_ms_ssim_db}


def main() -> None:
    """Measure both, and print a line for each quality."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="BSDS500 val, from decode_training_set.py")
    parser.add_argument("--every", type=int, default=12, help="which of the 100 images: 12 takes nine, as choices.py")
    options = parser.parse_args()
    chosen = list(ImageSet.load(options.images, CPU))[:: options.every]
    fixed = yaml.safe_load((ROOT / "config.yaml").read_text())["settings"]["gan"]
    switched = yaml.safe_load((ROOT / "workflow" / "presets" / "future.yaml").read_text())["settings"]["gan_switch"]
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{index:03d}.png" for index in range(len(chosen))]
        for file, image in zip(files, chosen, strict=True):
            write_png(file, image)
        anchor, test = measured(files, "gan", fixed), measured(files, "gan_switch", switched)
    for name, read in QUALITIES.items():

        def difference(draw: Floats, read: Any = read) -> float:
            return bd_rate(*finite(anchor, draw, read), *finite(test, draw, read))

        low, high = interval_of(difference, len(files))
        print(f"{name:8}{difference(np.ones(len(files))):7.1f} % ({low:.1f} to {high:.1f}) on {len(files)} images")


def measured(files: list[Path], codec: str, settings: dict[str, Any]) -> MeasuredCurve:
    """All operating points of a codec on these images."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"weights": SHIPPED, "streams": Path(folder) / "streams", "rows": Path(folder) / "rows.csv"}
        measure_images({file.stem: file for file in files}, ("val", codec), settings, **places)
        return curve_of(read_rows(places["rows"]), codec)


if __name__ == "__main__":
    main()
