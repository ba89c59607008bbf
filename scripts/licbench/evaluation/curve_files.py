"""Measured curves in the formats of other projects, so that their tools can show them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.curves import curve_of
from licbench.files import write_text
from licbench.metrics.distortion import psnr
from licbench.metrics.rate import bits_per_pixel, on_pareto_front

INDEX = "batches.json"
"""codec-compare's list of the files of a comparison."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def write_curves(rows: pd.DataFrame, kind: str, folder: Path) -> None:
    """Write a file for each curve; equal rows give equal files.

    Args:
        rows: of one dataset, by the curves that are compared (``curve_rows.curves``).
        kind: a key of ``FORMATS``.
        folder: where the files go, as {codec}-{curve}.json.

    Raises:
        PointsError: a point lacks an image or has it twice, or two curves would share a file.
    """
    files: dict[str, Any] = {}
    for (codec, curve), own in rows.groupby(["codec", "curve"], sort=False):
        name = UNSAFE.sub("_", f"{codec}-{curve}") + ".json"
        if name in files:
            raise PointsError(
                f"two curves of {codec} would be written to {name}; rename one of them in its codec's file"
            )
        files[name] = FORMATS[kind](own)
    if kind == "codec_compare":
        files[INDEX] = [[name] for name in files]
    for name, content in files.items():
        write_text(folder / name, json.dumps(content, indent=2, allow_nan=False) + "\n")


def compressai(rows: pd.DataFrame) -> dict[str, Any]:
    """CompressAI's result JSON of one curve: plain means over the images, the Pareto front in PSNR, rising rates.

    A lossless point is left out: JSON has no infinity. MS-SSIM is given where all images are large enough.
    """
    (codec, curve, dataset), version = _names(rows), rows["codec_version"].iloc[0]
    measured = curve_of(rows, f"{codec} {curve}")
    whole = np.ones(measured.images)
    rates, qualities = measured.mean_rates(whole), measured.mean_psnr(whole)
    shown = np.flatnonzero(on_pareto_front(rates, qualities) & np.isfinite(qualities))
    shown = shown[np.argsort(rates[shown])]
    results = {"bpp": rates, "psnr-rgb": qualities}
    if (measured.sums.scored > 0).all():
        results["ms-ssim-rgb"] = (measured.sums.similarity / measured.sums.scored) @ whole / len(whole)
    about = f"{dataset}, means over {measured.images} images, rates of whole files, Pareto front in PSNR; {version}"
    return {
        "name": f"{codec} {curve}",
        "description": about,
        "results": {name: values[shown].round(6).tolist() for name, values in results.items()},
        "points": [str(point) for point in measured.sums.points["point"].iloc[shown]],
    }


def codec_compare(rows: pd.DataFrame) -> dict[str, Any]:
    """codec-compare's batch JSON of one curve: a row for each image and point.

    A lossless row is left out: JSON has no infinity. MS-SSIM is given where all images are large enough. There is no
    time of day among the constants, so that equal rows give equal files.
    """
    codec, curve, dataset = _names(rows)
    constants = {
        "name": (f"{codec} {curve}", "Name of this batch"),
        "codec": (codec, "Name of the codec used to generate this data"),
        "version": (rows["codec_version"].iloc[0], "Codec and the libraries that decide its bytes"),
        "source_data_set": (dataset, "Dataset of the original images"),
    }
    fields: dict[str, tuple[str, Callable[[Mapping[Any, Any]], Any]]] = {
        "original_name": ("Image", lambda row: row["image"]),
        "setting": ("Operating point", lambda row: row["point"]),
        "width": ("Pixel columns", lambda row: int(row["width"])),
        "height": ("Pixel rows", lambda row: int(row["height"])),
        "encoded_size": ("Size of the stream in bytes, all headers counted", lambda row: int(row["bytes"])),
        "bpp": ("Bits per pixel", lambda row: round(bits_per_pixel(row["bytes"], _pixels(row)), 6)),
        "psnr": ("PSNR over R, G and B in dB", lambda row: round(psnr(row["sse"], 3 * _pixels(row)), 4)),
    }
    if rows["ms_ssim"].notna().all():
        fields["msssim"] = ("MS-SSIM as computed at CLIC 2018", lambda row: round(row["ms_ssim"], 6))
    lossy = [row for row in rows.to_dict("records") if math.isfinite(psnr(row["sse"], 3 * _pixels(row)))]
    return {
        "constant_descriptions": [{name: text} for name, (_, text) in constants.items()],
        "constant_values": [value for value, _ in constants.values()],
        "field_descriptions": [{name: text} for name, (text, _) in fields.items()],
        "field_values": [[value(row) for _, value in fields.values()] for row in lossy],
    }


FORMATS: Mapping[str, Callable[[pd.DataFrame], dict[str, Any]]] = {
    "compressai": compressai,
    "codec_compare": codec_compare,
}


def _names(rows: pd.DataFrame) -> tuple[str, str, str]:
    codec, curve, dataset = (str(rows[name].iloc[0]) for name in ("codec", "curve", "dataset"))
    return codec, curve, dataset


def _pixels(row: Mapping[Any, Any]) -> int:
    return int(row["width"]) * int(row["height"])
