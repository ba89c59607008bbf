"""SSIMULACRA 2.1 (Sneyers, Cloudinary 2022, updated 2023), in agreement with the reference implementation in C++.

The package ``ssimulacra2`` gives the colour transform, the error maps and the trained weights. Where it deviates from
the reference, this file does as the reference: the package stops one scale early below 256 pixels, so that weights meet
other scales, and it blurs by a Gaussian that mirrors two of the borders, where the reference approximates one by three
cosines and takes what is outside for zero. On photographs that moves scores by about 2, on small images by hundreds.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.metrics.base import Image, Metric, Undefined

SCALES = 6
MIN_SIDE = 8
"""The reference refuses smaller images."""
SIGMA = 1.5

Doubles = npt.NDArray[np.float64]


class Ssimulacra2(Metric):
    """SSIMULACRA 2.1: 90 is visually lossless, 70 high, 50 medium, 30 low quality; negative where far below that."""

    id = "ssimulacra2"
    title = "SSIMULACRA 2.1"
    higher_is_better = True
    bounds = (-np.inf, 100.0)
    requires = "ssimulacra2==0.3.0"

    def version(self) -> str:
        return f"ssimulacra2 1, ssimulacra2 {version('ssimulacra2')}, scipy {version('scipy')}"

    def score(self, original: Image, reconstruction: Image) -> float | Undefined:
        from ssimulacra2 import ssimulacra2 as parts  # noqa: PLC0415  an extra

        if min(original.shape[:2]) < MIN_SIDE:
            return Undefined(f"a side is under {MIN_SIDE} pixels")
        pair = [parts.srgb_to_linear(image) for image in (original, reconstruction)]
        sums = parts.Msssim()
        for scale in range(SCALES):
            # The reference asks for the size before it halves, so that the last scale may be under 8 pixels
            if min(pair[0].shape[:2]) < MIN_SIDE:
                break
            if scale:
                pair = [parts.downsample(image, 2, 2) for image in pair]
            sums.scales.append(_scale(parts, *(parts.make_positive_xyb(parts.linear_rgb_to_xyb(x)) for x in pair)))
        return float(sums.score())

    @classmethod
    def memory_mb(cls, megapixels: float) -> float:
        return 500 + 600 * megapixels


def _scale(parts: Any, original: Doubles, other: Doubles) -> Any:
    """The error maps of one scale, averaged, from two images in XYB."""
    means = _blur(original), _blur(other)
    found = parts.MsssimScale()
    squares = _blur(original * original), _blur(other * other), _blur(original * other)
    found.avg_ssim = parts.ssim_map(*means, *squares)
    found.avg_edgediff = parts.edge_diff_map(original, means[0], other, means[1])
    return found


def _blur(image: Doubles) -> Doubles:
    """Shape (height, width, 3), blurred in height and width; zero outside."""
    from scipy.ndimage import correlate1d  # noqa: PLC0415  half a second that the list of metrics does without

    rows: Doubles = correlate1d(image, _kernel(), axis=0, mode="constant")
    blurred: Doubles = correlate1d(rows, _kernel(), axis=1, mode="constant")
    return blurred


@cache
def _kernel() -> Doubles:
    """The Gaussian as a sum of three cosines within a radius (Charalampidis, IEEE Trans. Signal Processing 2016).

    The weights of the cosines give the filter a sum of 1 and the second moment of the Gaussian, and otherwise the least
    deviation from it.
    """
    radius = round(3.2795 * SIGMA + 0.2546)
    omega = np.pi / (2 * radius) * np.array([1.0, 3.0, 5.0])
    # Of each cosine, over the integers within the radius: its sum, and its second moment's share
    sums = np.array([1.0, -1.0, 1.0]) / np.tan(omega / 2)
    moments = np.array([1.0, -1.0, 1.0]) * sums**2 / np.sin(omega)
    spectrum = np.exp(-((SIGMA * omega) ** 2) / 2) / radius
    free = np.cross(sums, moments)
    wanted = np.array([1.0, radius**2 - SIGMA**2, float(free @ spectrum)])
    weights = np.linalg.solve(np.array([sums, moments, free]), wanted)
    taps: Doubles = weights @ np.cos(np.outer(omega, np.arange(-radius, radius + 1)))
    return taps


METRIC = Ssimulacra2
