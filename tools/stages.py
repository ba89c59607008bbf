"""What further training of the CAE is worth, before its models are put to use: `make stages`.

Each model of workflow/resources/stages is compared with the pretrained model that it would replace, and both ladders
with JPEG 2000 (9/7), by BD-rate in PSNR of R, G, B and of Y, pooled over photographs of BSDS500 val; real streams,
decoded. A negative number says that fewer bits are needed. Nothing is measured on what is evaluated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.errors import PointsError  # noqa: E402
from licbench.evaluation.pooling import decibels  # noqa: E402
from licbench.images.files import write_png  # noqa: E402
from licbench.locations import SHIPPED, STAGES  # noqa: E402
from licbench.measurement.measure import measure_images  # noqa: E402
from licbench.measurement.rows import read_rows  # noqa: E402
from licbench.metrics.distortion import MOMENTS, mse_rgb, mse_y  # noqa: E402
from licbench.metrics.rate import bd_rate, bits_per_pixel  # noqa: E402
from licbench.training.data import CPU, ImageSet  # noqa: E402

IMAGES = slice(0, 100, 12)
"""Of the 100 of BSDS500 val, as in choices.py."""
QUALITIES = {"RGB": mse_rgb, "Y": mse_y}


def main() -> None:
    """Print a line for each stage, and one for the whole ladder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="BSDS500 val, from decode_training_set.py")
    images = parser.parse_args().images
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["settings"]
    with tempfile.TemporaryDirectory() as scratch:
        files = written(images, Path(scratch))
        anchor = measured(files, "jpeg2000", {**config["jpeg2000"], "reversible_bpp": []}, SHIPPED)
        before: list[pd.DataFrame] = []
        after: list[pd.DataFrame] = []
        print(f"BD-rate in percent on {len(files)} images   {'RGB':>8}{'Y':>8}")
        for model, steps in config["cae"]["ladder"].items():
            before.append(measured(files, "cae", ladder(model, steps), SHIPPED))
            after.append(before[-1])
            for stage in sorted(STAGES.glob(f"{model}_stage*.safetensors"))[-1:]:
                after[-1] = measured(files, "cae", ladder(stage.stem, steps), STAGES)
                report(f"{stage.stem} against {model}", before[-1], after[-1])
        report("the ladder against JPEG 2000", anchor, pd.concat(before))
        report("with the stages", anchor, pd.concat(after))


def written(images: Path, folder: Path) -> list[Path]:
    """``IMAGES`` of a set of decoded images, as files in the folder."""
    files = []
    for index, image in enumerate(list(ImageSet.load(images, CPU))[IMAGES]):
        files.append(folder / f"{index:03d}.png")
        write_png(files[-1], image)
    return files


def ladder(model: str, steps: Sequence[float]) -> dict[str, object]:
    """The CAE's settings for one model."""
    return {"rotation": ["offline"], "ladder": {model: list(steps)}}


def measured(files: Sequence[Path], codec: str, settings: Mapping[str, object], weights: Path) -> pd.DataFrame:
    """The operating points of a codec, by their ids, pooled over the images: columns bpp and, in dB, ``QUALITIES``."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        images = {file.stem: file for file in files}
        measure_images(images, ("val", codec), settings, weights=weights, streams=Path(folder) / "streams", rows=rows)
        points = dict(list(read_rows(rows).groupby("point")))
    lines = []
    for group in points.values():
        pixels = int((group["width"] * group["height"]).sum())
        moments = {name: int(group[name].sum()) for name in MOMENTS}
        quality = {name: float(decibels(np.array(mse(moments, pixels)))) for name, mse in QUALITIES.items()}
        lines.append({"bpp": bits_per_pixel(int(group["bytes"].sum()), pixels), **quality})
    return pd.DataFrame(lines, index=list(points))


def report(label: str, anchor: pd.DataFrame, test: pd.DataFrame) -> None:
    """Print the BD-rates of ``test`` against ``anchor``; a dash where they have no quality in common."""
    cells = []
    for name in QUALITIES:
        try:
            cells.append(f"{bd_rate(anchor['bpp'], anchor[name], test['bpp'], test[name]):8.1f}")
        except PointsError:
            cells.append(f"{'-':>8}")
    print(f"{label:34}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
