"""sRGB images as the planes that VVenC codes, and back: YCbCr of BT.601 at full range, 4:2:0, 10 bits.

The colours and the chroma filters are those of BPG (``bpg.chroma``), so that BPG and VVenC differ by their coding
alone; only the samples are finer. Halved chroma lies between its four luma samples. ITU-T H.273, equations 2 and 3:
luma takes 0 to 1023, chroma the same span around 512. Single precision, added in a fixed order: the same everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from licbench.coding.bpg.chroma import (
    BAND,
    INTERPOLATE_BEFORE,
    INTERPOLATE_BEHIND,
    INTERPOLATE_BITS,
    filter_rows,
    halve,
)
from licbench.images import Image
from licbench.images.colour import PEAK, rgb_to_ycbcr, ycbcr_to_rgb

DEPTH = 10
SCALE = np.float32((2**DEPTH - 1) / PEAK)
"""From 8-bit units to the samples' own."""
CENTRE_8, CENTRE = np.float32(128), np.float32(2 ** (DEPTH - 1))

Plane = npt.NDArray[np.uint16]
"""Samples of one component: shape (height, width), 0 to 1023."""
Planes = tuple[Plane, Plane, Plane]
"""Y, Cb, Cr; the last two have half of the sides of Y, rounded up."""


def rgb_to_planes(image: Image) -> Planes:
    """The Y, Cb and Cr planes of an image of shape (height, width, 3)."""
    luma, cb, cr = np.moveaxis(rgb_to_ycbcr(image), -1, 0)
    blueness, redness = ((halve(plane) - CENTRE_8) * SCALE + CENTRE for plane in (cb, cr))
    return _round(luma * SCALE), _round(blueness), _round(redness)


def planes_to_rgb(planes: Planes, size: tuple[int, int]) -> Image:
    """The image of this (height, width) at the top left of the planes."""
    height, width = size
    luma = planes[0][:height, :width]
    cb, cr = (_double(plane[: -(-height // 2), : -(-width // 2)], height, width) for plane in planes[1:])
    image = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, BAND):
        rows = slice(top, top + BAND)
        ycbcr = np.stack([luma[rows].astype(np.float32), cb[rows], cr[rows]], axis=-1)
        ycbcr[..., 1:] -= CENTRE
        ycbcr /= SCALE
        ycbcr[..., 1:] += CENTRE_8
        image[rows] = np.clip(np.floor(ycbcr_to_rgb(ycbcr) + np.float32(0.5)), 0, PEAK)
    return image


def extended(plane: Plane, size: tuple[int, int]) -> Plane:
    """The plane at this (height, width), its last row and column repeated."""
    bottom, right = (side - own for side, own in zip(size, plane.shape, strict=True))
    return np.pad(plane, [(0, bottom), (0, right)], mode="edge")


def _double(plane: Plane, height: int, width: int) -> npt.NDArray[np.float32]:
    """Twice as many rows and columns, cut to size."""
    samples = plane.astype(np.float32)
    for side in (height, width):
        doubled = np.empty((2 * len(samples), samples.shape[1]), np.float32)
        for phase, taps in enumerate((INTERPOLATE_BEFORE, INTERPOLATE_BEHIND)):
            weights = [tap / (1 << INTERPOLATE_BITS) for tap in taps]
            doubled[phase::2] = filter_rows(samples, weights, before=3, step=1, count=len(samples))
        samples = doubled[:side].T
    return samples


def _round(plane: npt.NDArray[np.float32]) -> Plane:
    rounded: Plane = np.clip(np.floor(plane + np.float32(0.5)), 0, 2**DEPTH - 1).astype(np.uint16)
    return rounded
