"""The JFIF colour transform between RGB and YCbCr."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

PEAK = 255.0
"""Largest value of an 8-bit sample."""
LUMA_OF_RGB = (0.299, 0.587, 0.114)
"""BT.601 weights of R, G and B in Y; everything else of the colour transform follows from them."""
CB_SPAN, CR_SPAN = 2 * (1 - LUMA_OF_RGB[2]), 2 * (1 - LUMA_OF_RGB[0])
"""Range of B - Y and of R - Y, which Cb and Cr scale to one."""


def rgb_to_ycbcr(rgb: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """JFIF (ITU-T T.871) full-range BT.601, neither rounded nor clipped.

    Args:
        rgb: shape (..., 3), values 0..255, any dtype.

    Returns:
        float32 of the same shape: Y in 0..255, Cb and Cr in 0.5..255.5 around 128.
    """
    # Plane by plane and not as a matrix product: the same bits on every machine, whatever its BLAS
    red, green, blue = np.moveaxis(rgb.astype(np.float32), -1, 0)
    of_red, of_green, of_blue = map(np.float32, LUMA_OF_RGB)
    luma = of_red * red + of_green * green + of_blue * blue
    cb = (blue - luma) / np.float32(CB_SPAN) + np.float32(128)
    cr = (red - luma) / np.float32(CR_SPAN) + np.float32(128)
    return np.stack([luma, cb, cr], axis=-1)


def ycbcr_to_rgb(ycbcr: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The inverse of ``rgb_to_ycbcr``: float32 of shape (..., 3), neither rounded nor clipped to 0..255."""
    luma, cb, cr = np.moveaxis(ycbcr.astype(np.float32), -1, 0)
    of_red, of_green, of_blue = map(np.float32, LUMA_OF_RGB)
    red = luma + np.float32(CR_SPAN) * (cr - np.float32(128))
    blue = luma + np.float32(CB_SPAN) * (cb - np.float32(128))
    green = (luma - of_red * red - of_blue * blue) / of_green
    return np.stack([red, green, blue], axis=-1)
