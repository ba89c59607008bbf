"""What restoration gains over BPG 4:2:0: `make restoration`, the table in docs/restoration.md.

BD-rate against the same x265 at the same QPs, pooled over photographs; real streams, decoded. A negative number says
that fewer bits are needed. Takes the decoded images of BSDS500 val and measures them, or rows that a run has measured
with bpg and sr_restored (results/points/{dataset}.csv).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.codecs.sr_restored import ADAPTIVE, SIZES  # noqa: E402
from licbench.evaluation.bootstrap import resamples  # noqa: E402
from licbench.evaluation.curves import Coordinates, MeasuredCurve, curve_of, finite, pooled_psnr  # noqa: E402
from licbench.evaluation.pooling import LUMA, Floats  # noqa: E402
from licbench.images.files import write_png  # noqa: E402
from licbench.locations import SHIPPED  # noqa: E402
from licbench.measurement.measure import measure_images  # noqa: E402
from licbench.measurement.rows import read_rows  # noqa: E402
from licbench.metrics.rate import bd_rate, pareto_front  # noqa: E402
from licbench.training.data import CPU, ImageSet  # noqa: E402

QPS = [30, 34, 38, 42, 46]
DRAWS = 1000
TARGET_BPP = 0.15


def pooled_luma(curve: Any, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and pooled PSNR of Y in dB."""
    return curve.rates(draw), curve.psnr(draw, LUMA)


def main() -> None:
    """Print a line for each way to choose the size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="decoded images (.safetensors), or rows (.csv)")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder of the model (default: the shipped)")
    parser.add_argument("--model", default="restorer", help="its name (default: restorer)")
    parser.add_argument("--every", type=int, default=12, help="take every n-th image (default: 12)")
    parser.add_argument("--qp", type=int, nargs="+", default=QPS, help=f"at full size (default: {QPS})")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=[ADAPTIVE], help="curves (default: adaptive)")
    options = parser.parse_args()
    if options.source.suffix == ".csv":
        rows = read_rows(options.source)
    else:
        images = list(ImageSet.load(options.source, CPU))[:: options.every]
        ours = {"model": options.model, "qp": options.qp, "size": options.size}
        blocks = {"bpg": {"chroma": ["420"], "qp": options.qp}, "sr_restored": ours}
        rows = pd.concat([measured(images, codec, block, options.weights) for codec, block in blocks.items()])
    report(rows)


def measured(images: list[Any], codec: str, settings: Mapping[str, object], weights: Path) -> pd.DataFrame:
    """The rows of a codec."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {f"{index:03d}": folder / f"{index:03d}.png" for index in range(len(images))}
        for file, image in zip(files.values(), images, strict=True):
            write_png(file, image)
        rows = folder / "rows.csv"
        measure_images(files, ("val", codec), settings, weights=weights, streams=folder / "streams", rows=rows)
        return read_rows(rows)


def report(rows: pd.DataFrame) -> None:
    """Print the table: each curve of sr_restored against BPG."""
    anchor = curve_of(rows[(rows["codec"] == "bpg") & (rows["curve"] == "420")], "BPG 4:2:0")
    ours = rows[rows["codec"] == "sr_restored"]
    print(f"against BPG 4:2:0 on {anchor.images} images")
    print("| size | BD-rate, RGB, % | 95 % interval | BD-rate, Y, % | dB at 0.15 bpp |\n|---|---|---|---|---|")
    for size, group in ours.groupby("curve", sort=False):
        curve = curve_of(group, str(size))
        everything = np.ones(curve.images)
        draws = resamples(curve.images, DRAWS)
        low, high = np.quantile([difference(anchor, curve, draw, pooled_psnr) for draw in draws], [0.025, 0.975])
        rgb, luma = (difference(anchor, curve, everything, read) for read in (pooled_psnr, pooled_luma))
        gain = at_target(curve, everything) - at_target(anchor, everything)
        print(f"| {size} | {rgb:.1f} | {low:.1f} .. {high:.1f} | {luma:.1f} | {gain:+.2f} |", flush=True)
    print(f"\nwhat the encoder chose, in % of the images\n{choices(ours[ours['curve'] == ADAPTIVE])}")


def difference(anchor: MeasuredCurve, curve: MeasuredCurve, draw: Floats, read: Coordinates) -> float:
    """BD-rate over a draw of the images, in percent."""
    return bd_rate(*finite(anchor, draw, read), *finite(curve, draw, read))


def at_target(curve: MeasuredCurve, draw: Floats) -> float:
    """Pooled PSNR at the target rate, in dB, by interpolation over the logarithm of the rate; NaN beyond the curve."""
    rates, quality = pareto_front(*pooled_psnr(curve, draw))
    return float(np.interp(np.log(TARGET_BPP), np.log(rates), quality, left=np.nan, right=np.nan))


def choices(rows: pd.DataFrame) -> str:
    """How often each way of coding was taken, by point."""
    shares = pd.crosstab(rows["point"], rows["branch"], normalize="index")
    return (100 * shares).round().astype(int).to_string()


if __name__ == "__main__":
    main()
