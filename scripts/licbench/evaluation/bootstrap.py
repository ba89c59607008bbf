"""Percentile bootstrap over the images: confidence intervals of a dataset's pooled results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from licbench.evaluation.pooling import RGB, Floats, sums_by_image

QUANTITIES = ("bpp", "psnr_db", "ms_ssim")
LEVEL = 0.95
SEED = 2018


def resamples(images: int, count: int, seed: int = SEED) -> Floats:
    """How often each image counts in each of ``count`` datasets drawn with replacement, (count, images)."""
    chance = np.full(images, 1 / images)
    return np.random.default_rng(seed).multinomial(images, chance, size=count).astype(np.float64)


def pooled_intervals(rows: pd.DataFrame, count: int = 1000, seed: int = SEED) -> pd.DataFrame:
    """The 95 % confidence interval of each point's pooled rate and quality, by resampling the images.

    Every resample is one draw of images for all points, pooled as by ``pooling.pool``. Equal rows give equal intervals.

    Args:
        rows: see ``measurement.rows``; each (codec, curve, point) has one row for each image.
        count: how many datasets are drawn.
        seed: of the draws.

    Returns:
        One line a (codec, curve, point) with ``bpp_low``, ``bpp_high`` and likewise for psnr_db and ms_ssim.

    Raises:
        PointsError: a point lacks an image, or has it twice.
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


def percentile_interval(drawn: Floats, images: int) -> tuple[float, float]:
    """The 95 % confidence interval of a quantity from its value on each resample.

    The percentile interval of few images is too narrow: a resample varies by (n - 1) / n of the variance, and the
    normal distribution's tails are thinner than Student's. Both are made good by taking percentiles further out, 0.24 %
    for 6 images, 1.7 % for 24: T. Hesterberg's expanded percentile interval (The American Statistician 69, 2015).

    Args:
        drawn: finite, one value a resample.
        images: how many the dataset has, two or more.
    """
    from scipy.special import ndtr, stdtrit  # noqa: PLC0415  a quarter of a second that other tables do without

    tail = float(ndtr(np.sqrt(images / (images - 1)) * stdtrit(images - 1, (1 - LEVEL) / 2)))
    low, high = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
