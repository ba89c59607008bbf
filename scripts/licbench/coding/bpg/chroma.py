"""An sRGB image as the planes that HEVC codes, and back: YCbCr of BT.601 at full range, in 4:4:4 or 4:2:0.

Halved chroma lies between its four luma samples, as in JPEG. In the decoder every step follows libbpg 0.9.8 to the bit
(its seven-tap Lanczos filter, its fixed point arithmetic): that is the reconstruction which a BPG file
defines. In the encoder the filter is libbpg's too, but the samples are rounded only once, after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from licbench.images import Image
from licbench.images.colour import LUMA_OF_RGB, rgb_to_ycbcr

Chroma = Literal["420", "444"]

Plane = npt.NDArray[np.uint8]
"""Samples of one component: shape (height, width), dtype uint8."""

Planes = tuple[Plane, Plane, Plane]
"""Y, Cb, Cr; in 4:2:0 the last two have half of the sides of Y, rounded up."""

DECIMATE = (2, -4, -8, 17, 57, 57, 17, -8, -4, 2)
DECIMATE_SUM = 128
"""For the samples 4 before to 5 behind the first of each pair (bpgenc.c of libbpg)."""

INTERPOLATE_BEFORE = (2, -6, 18, 57, -10, 4, -1)
INTERPOLATE_BEHIND = INTERPOLATE_BEFORE[::-1]
INTERPOLATE_BITS = 6
"""64ths, for the samples 3 before to 3 behind: a quarter sample to either side of the middle one (libbpg.c)."""

CENTRE = 128
RED, _, BLUE = LUMA_OF_RGB
GREEN = 1 - RED - BLUE
RGB_BITS = 22
"""Fractional bits of libbpg's conversion to RGB."""

BAND = 256
"""Rows converted to RGB at a time: the 32-bit steps between would take many times the memory of the image."""


def rgb_to_planes(image: Image, chroma: Chroma) -> Planes:
    """The Y, Cb and Cr planes of an image of shape (height, width, 3)."""
    luma, cb, cr = np.moveaxis(rgb_to_ycbcr(image), -1, 0)
    if chroma == "420":
        cb, cr = halve(cb), halve(cr)
    return _round(luma), _round(cb), _round(cr)


def planes_to_rgb(planes: Planes) -> Image:
    """The image of shape (height, width, 3) from Y, Cb and Cr; their shapes distinguish 4:4:4 from 4:2:0."""
    luma = planes[0]
    cb, cr = (plane if plane.shape == luma.shape else _double(plane, *luma.shape) for plane in planes[1:])
    image = np.empty((*luma.shape, 3), np.uint8)
    for top in range(0, len(luma), BAND):
        band = slice(top, top + BAND)
        image[band] = _to_rgb(luma[band], cb[band], cr[band])
    return image


def halve(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Half as many rows and columns, rounded up."""
    for _ in range(2):
        pairs = (len(plane) + 1) // 2
        plane = filter_rows(plane, [tap / DECIMATE_SUM for tap in DECIMATE], before=4, step=2, count=pairs).T
    return plane


def _round(plane: npt.NDArray[np.float32]) -> Plane:
    rounded: Plane = np.clip(np.floor(plane + np.float32(0.5)), 0, 255).astype(np.uint8)
    return rounded


def _double(plane: Plane, height: int, width: int) -> Plane:
    """Twice as many rows and columns, cut to size."""
    samples = plane.astype(np.int32)
    for side in (height, width):
        doubled = np.empty((2 * len(samples), samples.shape[1]), np.int32)
        for phase, taps in enumerate((INTERPOLATE_BEFORE, INTERPOLATE_BEHIND)):
            doubled[phase::2] = filter_rows(samples, taps, before=3, step=1, count=len(samples))
        samples = doubled[:side].T
    return _drop_bits(samples, 2 * INTERPOLATE_BITS)


def _to_rgb(luma: Plane, cb: Plane, cr: Plane) -> Image:
    y, blueness, redness = luma.astype(np.int32) << RGB_BITS, cb.astype(np.int32) - CENTRE, cr.astype(np.int32) - CENTRE
    red = y + _fixed(2 * (1 - RED)) * redness
    green = y - _fixed(2 * BLUE * (1 - BLUE) / GREEN) * blueness - _fixed(2 * RED * (1 - RED) / GREEN) * redness
    blue = y + _fixed(2 * (1 - BLUE)) * blueness
    return np.stack([_drop_bits(channel, RGB_BITS) for channel in (red, green, blue)], axis=-1)


def _fixed(value: float) -> int:
    return round(value * (1 << RGB_BITS))


def _drop_bits(samples: npt.NDArray[np.int32], bits: int) -> Plane:
    """Round ``bits`` fractional bits away, halves up, and clip to 8 bit."""
    rounded: Plane = np.clip(samples + (1 << bits - 1) >> bits, 0, 255).astype(np.uint8)
    return rounded


def filter_rows(rows: npt.NDArray[Any], taps: Sequence[float], before: int, step: int, count: int) -> npt.NDArray[Any]:
    """``count`` rows: sums of ``taps`` over the rows from ``before`` above every ``step``-th on, edges repeated."""
    last = (count - 1) * step
    padded = np.pad(rows, ((before, last + len(taps) - before - len(rows)), (0, 0)), mode="edge")
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    for offset, tap in enumerate(taps):
        total += tap * padded[offset : offset + last + 1 : step]
    return total
