"""How far a dataset's pooled results hang on the pictures that it happens to hold: percentile bootstrap over these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from licbench.evaluation.pooling import RGB, Floats, sums_by_image

QUANTITIES = ("bpp", "psnr_db", "ms_ssim")
LEVEL = 0.95
SEED = 2018


def resamples(pictures: int, count: int, seed: int = SEED) -> Floats:
    """How often each picture counts in each of ``count`` datasets drawn with replacement, (count, pictures)."""
    chance = np.full(pictures, 1 / pictures)
    return np.random.default_rng(seed).multinomial(pictures, chance, size=count).astype(np.float64)


def pooled_bands(rows: pd.DataFrame, count: int = 1000, seed: int = SEED) -> pd.DataFrame:
    """The 95 % band of each point's pooled rate and quality, from datasets drawn out of the pictures with replacement.

    Every resample is one draw of images for all points, pooled as ``pooling.pool`` does. Equal rows give equal bands.

    Args:
        rows: see ``points``; each (codec, curve, point) has one row for each picture.
        count: how many datasets are drawn.
        seed: of the draws.

    Returns:
        One line a (codec, curve, point) with ``bpp_low``, ``bpp_high`` and likewise for psnr_db and ms_ssim.

    Raises:
        PointsError: a point lacks a picture, or has it twice.
    """
    mse = rows["sse"] / (3 * rows["width"] * rows["height"])
    sums = sums_by_image(rows, {RGB: mse.tolist()}, "bootstrap: a point")
    draws = resamples(sums.pixels.shape[1], count, seed).T
    drawn = {"bpp": sums.bpp(draws), "psnr_db": sums.psnr_db(draws, RGB), "ms_ssim": sums.ms_ssim(draws)}
    bands: dict[str, Floats] = {}
    for name in QUANTITIES:
        bands[f"{name}_low"], bands[f"{name}_high"] = _percentiles(drawn[name])
    return sums.points.assign(**bands)


def _percentiles(drawn: Floats) -> tuple[Floats, Floats]:
    """Low and high end for each point; of observed values, so that a lossless point's infinite PSNR stays infinite."""
    ends = np.full((2, len(drawn)), np.nan)
    known = ~np.isnan(drawn).all(axis=1)
    if known.any():
        tails: Any = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        ends[:, known] = np.nanquantile(drawn[known], tails, axis=1, method="inverted_cdf")
    return ends[0], ends[1]
