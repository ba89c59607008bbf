"""How good a model was along its training: its snapshots, measured like any model, on real bitstreams."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from licbench.errors import ModelError, PointsError
from licbench.evaluation.curves import Coordinates, MeasuredCurve, curve_of, finite, mean_psnr, pooled_ms_ssim_db
from licbench.evaluation.pooling import LUMA, RGB, YCBCR_611, Floats, pool
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows
from licbench.metrics.rate import bd_rate
from licbench.networks.lineage import crops_of, steps_of

COLUMNS = ("model", "step", "crops", "point", "bpp", "psnr_db", "ms_ssim")
"""And for each anchor and quality ``bd_rate_{anchor}_{quality}``, of the snapshot's whole curve, in percent."""
QUALITIES = {"rgb": mean_psnr(RGB), "y": mean_psnr(LUMA), "611": mean_psnr(YCBCR_611), "ms_ssim": pooled_ms_ssim_db}
"""Means over images, as results on Kodak are usually given; MS-SSIM in decibels."""


@dataclass(frozen=True)
class Anchor:
    """Rows of one curve that the BD-rates of the snapshots refer to."""

    name: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Measurement:
    """How snapshots are measured.

    ``settings``: a codec's block of the config that uses the model alone; each snapshot takes its place.
    ``originals``: each named by its id. ``anchors``: measured on the same images.
    """

    settings: Mapping[str, Any]
    originals: Sequence[Path]
    anchors: Sequence[Anchor]


def measure_snapshots(folder: Path, model: str, measurement: Measurement) -> pd.DataFrame:
    """One line a snapshot (``{model}-{step}.safetensors`` with its card) and operating point, pooled as CLIC does it.

    Raises:
        ModelError: the folder holds no snapshot of the model.
        PointsError: an anchor lacks some of the images.
    """
    snapshots = sorted(folder.glob(f"{model}-*.safetensors"))
    if not snapshots:
        raise ModelError(f"{folder} holds no snapshot of {model}; train the model: --config weights=trained")
    with tempfile.TemporaryDirectory() as scratch:
        return pd.DataFrame(
            line
            for snapshot in tqdm(snapshots, desc=model, unit="snapshot")
            for line in _lines_of(snapshot, model, measurement, Path(scratch))
        )


def _lines_of(snapshot: Path, model: str, measurement: Measurement, scratch: Path) -> list[dict[str, Any]]:
    card = json.loads(snapshot.with_suffix(".json").read_text())
    rows = _rows_of(snapshot, model, card["network"], measurement, scratch / snapshot.stem)
    differences = _differences(curve_of(rows, snapshot.stem), measurement)
    crops = crops_of(card)
    return [
        {"model": model, "step": steps_of(card), "crops": crops, "point": line["point"].replace(snapshot.stem, model)}
        | {name: line[name] for name in ("bpp", "psnr_db", "ms_ssim")}
        | differences
        for line in pool(rows).to_dict("records")
    ]


def _rows_of(snapshot: Path, model: str, codec: str, measurement: Measurement, scratch: Path) -> pd.DataFrame:
    settings = json.loads(json.dumps(dict(measurement.settings)).replace(f'"{model}"', f'"{snapshot.stem}"'))
    originals = {original.stem: original for original in measurement.originals}
    places = {"weights": snapshot.parent, "streams": scratch / "streams", "rows": scratch / "rows.csv"}
    measure_images(originals, ("snapshots", codec), settings, **places)
    return read_rows(places["rows"])


def _differences(curve: MeasuredCurve, measurement: Measurement) -> dict[str, float]:
    """BD-rates in percent, every image once; NaN where there is none, as with a single point or without a loss."""
    images = [original.stem for original in measurement.originals]
    draw = np.ones(len(images))
    found = {}
    for anchor in measurement.anchors:
        reference = curve_of(anchor.rows[anchor.rows["image"].isin(images)], anchor.name)
        if reference.images != len(images):
            raise PointsError(f"{anchor.name} is not measured on all the images; measure them first")
        for quality, coordinates in QUALITIES.items():
            found[f"bd_rate_{anchor.name}_{quality}"] = _difference(reference, curve, coordinates, draw)
    return found


def _difference(anchor: MeasuredCurve, curve: MeasuredCurve, coordinates: Coordinates, draw: Floats) -> float:
    try:
        return bd_rate(*finite(anchor, draw, coordinates), *finite(curve, draw, coordinates))
    except PointsError:
        return float("nan")
