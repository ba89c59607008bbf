"""Quality after the CLIC 2018 protocol: exact squared errors, and the contest's MS-SSIM.

An error is kept as six integer sums, so that it adds up over a dataset without rounding and gives the MSE in every
linear colour space afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from licbench.images import Image
from licbench.images.colour import CB_SPAN, CR_SPAN, LUMA_OF_RGB, PEAK

CHANNELS = "rgb"
MOMENTS = ("sse_rr", "sse_gg", "sse_bb", "sse_rg", "sse_rb", "sse_gb")

# JFIF's full-range BT.601 conversion (ITU-T T.871, clause 7); offsets cancel in differences.
Y_OF_RGB = LUMA_OF_RGB
CB_OF_RGB = (-Y_OF_RGB[0] / CB_SPAN, -Y_OF_RGB[1] / CB_SPAN, 0.5)
CR_OF_RGB = (0.5, -Y_OF_RGB[1] / CR_SPAN, -Y_OF_RGB[2] / CR_SPAN)
BAND = 64
"""Rows whose errors are summed together: 64-bit differences of a whole image would take 8 times its memory."""


def error_moments(original: Image, decoded: Image) -> dict[str, int]:
    """Sums over all pixels of the products of channel differences, exact, under the names ``MOMENTS`` and ``sse``.

    Args:
        original: uint8, shape (height, width, 3).
        decoded: of the same shape and type.

    Returns:
        ``sse_rr`` is the sum of dR*dR, ``sse_rg`` that of dR*dG, and so on; ``sse`` is rr + gg + bb.
    """
    check_pair(original, decoded)
    products = np.zeros((3, 3))
    for top in range(0, len(original), BAND):
        difference = np.subtract(*(image[top : top + BAND] for image in (original, decoded)), dtype=np.float64)
        # A float64 sum of integers is exact up to 2**53: an image of 138 gigapixels.
        products += np.tensordot(difference, difference, ((0, 1), (0, 1)))
    moments = {name: int(products[CHANNELS.index(name[-2]), CHANNELS.index(name[-1])]) for name in MOMENTS}
    return {**moments, "sse": moments["sse_rr"] + moments["sse_gg"] + moments["sse_bb"]}


def mse_rgb(moments: Mapping[str, int], pixels: int) -> float:
    """Mean squared error over the R, G and B samples."""
    return (moments["sse_rr"] + moments["sse_gg"] + moments["sse_bb"]) / (3 * pixels)


def mse_y(moments: Mapping[str, int], pixels: int) -> float:
    """Mean squared error of luma, Y of JFIF, before any rounding to 8 bit."""
    return _mse_of(Y_OF_RGB, moments, pixels)


def mse_ycbcr_611(moments: Mapping[str, int], pixels: int) -> float:
    """Mean squared error of Y, Cb and Cr, weighted 6:1:1."""
    parts = (_mse_of(row, moments, pixels) for row in (Y_OF_RGB, CB_OF_RGB, CR_OF_RGB))
    return sum(weight * part for weight, part in zip((6, 1, 1), parts, strict=True)) / 8


def psnr_of_mse(mse: float) -> float:
    """Peak signal-to-noise ratio in dB for 8-bit samples; infinite for no error."""
    return 10 * math.log10(PEAK**2 / mse) if mse else math.inf


def psnr(sse: int, samples: int) -> float:
    """PSNR in dB of a sum of squared errors over ``samples`` samples; pooled over a dataset it is CLIC's."""
    return psnr_of_mse(sse / samples)


def _mse_of(row: tuple[float, float, float], moments: Mapping[str, int], pixels: int) -> float:
    """Mean square of the linear form that ``row`` takes of an RGB difference."""
    total = 0.0
    for name in MOMENTS:
        first, second = CHANNELS.index(name[-2]), CHANNELS.index(name[-1])
        total += (1 if first == second else 2) * row[first] * row[second] * moments[name]
    return total / pixels


def check_pair(original: Image, decoded: Image) -> None:
    """Refuse two arrays that are not images of one size."""
    if original.shape != decoded.shape or original.ndim != 3 or original.shape[2] != 3:
        raise ValueError(f"two RGB images of one size are needed, got {original.shape} and {decoded.shape}")
