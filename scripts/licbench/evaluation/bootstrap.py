"""How far a dataset's pooled results hang on the pictures that it happens to hold: percentile bootstrap over these."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from licbench.errors import PointsError
from licbench.images.colour import PEAK

POINT = ["codec", "curve", "point"]
QUANTITIES = ("bpp", "psnr_db", "ms_ssim")
LEVEL = 0.95
SEED = 2018

Floats = npt.NDArray[np.float64]


def resamples(pictures: int, count: int, seed: int = SEED) -> Floats:
    """How often each picture counts in each of ``count`` datasets drawn with replacement, (count, pictures)."""
    chance = np.full(pictures, 1 / pictures)
    return np.random.default_rng(seed).multinomial(pictures, chance, size=count).astype(np.float64)


def pooled_bands(rows: pd.DataFrame, count: int = 1000, seed: int = SEED) -> pd.DataFrame:
    """The 95 % band of each point's pooled rate and quality, from datasets drawn out of the pictures with replacement.

    Every resample is one draw of pictures for all points and is pooled as ``tables.pool`` does, from the sums of bytes,
    pixels and squared errors. Equal rows give equal bands.

    Args:
        rows: see ``points``; each (codec, curve, point) has one row for each picture.
        count: how many datasets are drawn.
        seed: of the draws.

    Returns:
        One line a (codec, curve, point) with ``bpp_low``, ``bpp_high`` and likewise for psnr_db and ms_ssim.

    Raises:
        PointsError: a point lacks a picture, or has it twice.
    """
    sums = _sums_by_picture(rows)
    draws = resamples(len(sums["bytes"].columns), count, seed).T
    totals = {name: wide.to_numpy(np.float64) @ draws for name, wide in sums.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = {
            "bpp": 8 * totals["bytes"] / totals["pixels"],
            "psnr_db": 10 * np.log10(PEAK**2 * 3 * totals["pixels"] / totals["sse"]),
            "ms_ssim": totals["similarity"] / totals["scored"],
        }
    bands: dict[str, Floats] = {}
    for name in QUANTITIES:
        bands[f"{name}_low"], bands[f"{name}_high"] = _percentiles(drawn[name])
    return pd.DataFrame(bands, index=sums["bytes"].index).reset_index()


def _sums_by_picture(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What pooling adds up, each as a frame of points by pictures; pictures too small for MS-SSIM weigh nothing."""
    pixels = rows["width"] * rows["height"]
    scored = pixels.where(rows["ms_ssim"].notna(), 0)
    keyed = rows[[*POINT, "image", "bytes", "sse"]].assign(
        pixels=pixels, scored=scored, similarity=scored * rows["ms_ssim"].fillna(0.0)
    )
    if keyed.duplicated([*POINT, "image"]).any():
        raise PointsError("bootstrap: a point has a picture twice; delete results/points and run again")
    wide = keyed.pivot(index=POINT, columns="image", values=["bytes", "sse", "pixels", "scored", "similarity"])
    if wide.isna().any(axis=None):
        raise PointsError("bootstrap: a point lacks some of the pictures; delete results/points and run again")
    return {str(name): wide[name] for name in wide.columns.levels[0]}  # type: ignore[attr-defined]


def _percentiles(drawn: Floats) -> tuple[Floats, Floats]:
    """Low and high end for each point; of observed values, so that a lossless point's infinite PSNR stays infinite."""
    ends = np.full((2, len(drawn)), np.nan)
    known = ~np.isnan(drawn).all(axis=1)
    if known.any():
        tails: Any = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        ends[:, known] = np.nanquantile(drawn[known], tails, axis=1, method="inverted_cdf")
    return ends[0], ends[1]
