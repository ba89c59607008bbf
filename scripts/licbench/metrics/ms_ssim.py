"""MS-SSIM as CLIC 2018 computed it."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.images import Image
from licbench.images.colour import PEAK
from licbench.metrics import MIN_SIDE_MS_SSIM
from licbench.metrics.distortion import check_pair

FILTER_TAPS = 11
REACH = FILTER_TAPS - 1
FILTER_SIGMA = 1.5
C1 = (0.01 * PEAK) ** 2
C2 = (0.03 * PEAK) ** 2
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
TILE = 64
"""Side of the squares whose statistics are computed together; the fastest of 16..128, as they stay in the cache."""

Planes = npt.NDArray[Any]
"""Exact sums and differences of samples: int16 at the first scale, float32 at the others."""


def ms_ssim(original: Image, decoded: Image) -> float:
    """Multi-scale structural similarity as CLIC computed it: 1 for equal images.

    Wang's five scales and weights, with SSIM and its contrast-structure part averaged over all pixels and all three
    channels together before the weighted product (tensorflow/models, compression/image_encoder/msssim.py, which works
    in float64; this agrees within 1e-6 on photographs). Like there, a negative average gives NaN, which CLIC's scorer
    then counted as 0.

    Args:
        original: uint8, shape (height, width, 3), sides of at least ``MIN_SIDE_MS_SSIM``.
        decoded: of the same shape and type.

    Raises:
        ValueError: the shapes differ, or a side is too short for five scales.
    """
    check_pair(original, decoded)
    if min(original.shape[:2]) < MIN_SIDE_MS_SSIM:
        raise ValueError(f"MS-SSIM needs sides of {MIN_SIDE_MS_SSIM} pixels, got {original.shape[:2]}; use PSNR")
    planes = np.moveaxis(original, -1, 0), np.moveaxis(decoded, -1, 0)
    # 16 bits hold a sum of eight samples: half the memory of float32, and as exact
    pair: Planes = np.empty((2, *planes[0].shape), np.int16)
    for combined, into in zip((np.add, np.subtract), pair, strict=True):
        combined(*planes, out=into, dtype=np.int16)
    product = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS, start=1):
        average = _similarity(pair, with_luminance=scale == len(SCALE_WEIGHTS))
        product *= math.pow(average, weight) if average >= 0 else math.nan
        if scale < len(SCALE_WEIGHTS):
            pair = _halve(pair)
    return product


def _similarity(pair: Planes, *, with_luminance: bool) -> float:
    """The mean of SSIM's contrast-structure term, or of the whole SSIM, over pixels and channels.

    ``pair`` holds s = x + y and d = x - y, shape (2, 3, height, width). With V for a local variance, the term
    (2 cov + C2) / (Vx + Vy + C2) equals 1 - 2 Vd / (Vs + Vd + 2 C2), and likewise for luminance with squared means: two
    variances in place of three, and float32 rounds only the small distance from 1.
    """
    _, channels, height, width = pair.shape
    rows, columns = height - REACH, width - REACH
    total = sum(
        _tile_sum(pair[:, :, top : top + TILE + REACH, left : left + TILE + REACH], with_luminance)
        for top in range(0, rows, TILE)
        for left in range(0, columns, TILE)
    )
    samples: int = channels * rows * columns
    return total / samples


def _tile_sum(tile: Planes, with_luminance: bool) -> float:
    # Variances do not depend on an offset, and squares stay small without it; an integer keeps the samples exact.
    offset = np.rint(tile[:, :, :1, :1])
    tile = tile - offset
    means, squares = _blur(tile), _blur(tile * tile)
    squares -= means * means
    sums, differences = squares
    similarity = 1 - 2 * differences / (sums + differences + 2 * C2)
    if with_luminance:
        sums, differences = (means + offset) ** 2
        similarity *= (sums - differences + 2 * C1) / (sums + differences + 2 * C1)
    return float(similarity.sum())


def _blur(planes: Planes) -> Planes:
    """Gaussian-weighted means wherever the window fits: shape (n, c, h, w) -> (n, c, h - 10, w - 10)."""
    rows, columns = planes.shape[2] - REACH, planes.shape[3] - REACH
    blurred: Planes = _band(rows) @ planes @ _band(columns).T
    return blurred


@cache
def _band(outputs: int) -> Planes:
    """The filter as a matrix: shape (outputs, outputs + 10), one shifted copy of the taps a row."""
    offsets = np.arange(FILTER_TAPS) - FILTER_TAPS // 2
    taps = np.exp(-(offsets**2) / (2 * FILTER_SIGMA**2))
    band = np.zeros((outputs, outputs + REACH), np.float32)
    for row in range(outputs):
        band[row, row : row + FILTER_TAPS] = taps / taps.sum()
    return band


def _halve(pair: Planes) -> Planes:
    """2x2 means; an odd last row or column is repeated. Exact in float32 for 8-bit samples over four halvings."""
    height, width = pair.shape[2:]
    if height % 2 or width % 2:
        pair = np.pad(pair, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    rows = pair[:, :, ::2] + pair[:, :, 1::2]
    halved: Planes = (rows[..., ::2] + rows[..., 1::2]) / np.float32(4)
    return halved
