"""The 9/7 wavelet of JPEG 2000 on a plane of floats, critically sampled, in the usual layout: low bands in the corner.

Gains are those of an orthonormal transform to within a few percent, so that one quantiser step serves all bands. All is
+, - and * of 64-bit floats in a fixed order, which gives the same on every machine. ITU-T T.800, annex F.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

LIFTING = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
"""Of odd samples, even, odd, even."""
LOW_GAIN = 1.4142135623730951 / 1.230174104914001
MAX_LEVELS = 5
SMALLEST = 4
"""Side of the smallest plane that is split."""


def forward(plane: Doubles) -> Doubles:
    """The coefficients of a plane (height, width), of the same shape; at most ``MAX_LEVELS`` levels."""
    coefficients = plane.copy()
    for height, width in _sizes(plane.shape):
        corner = coefficients[:height, :width]
        corner[:] = _split(_split(corner).T).T
    return coefficients


def inverse(coefficients: Doubles) -> Doubles:
    """The plane whose coefficients these are."""
    plane = coefficients.copy()
    for height, width in reversed(_sizes(plane.shape)):
        corner = plane[:height, :width]
        corner[:] = _join(_join(corner.T).T)
    return plane


def _sizes(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """What is split at each level."""
    (height, width), sizes = shape, list[tuple[int, int]]()
    while min(height, width) >= SMALLEST and len(sizes) < MAX_LEVELS:
        sizes.append((height, width))
        height, width = (height + 1) // 2, (width + 1) // 2
    return sizes


def _split(samples: Doubles) -> Doubles:
    """One level down the first axis: the low band above the high one."""
    lifted = samples.copy()
    for at, weight in enumerate(LIFTING):
        _lift(lifted, 1 - at % 2, weight)
    return np.concatenate([lifted[0::2] * LOW_GAIN, lifted[1::2] / LOW_GAIN])


def _join(bands: Doubles) -> Doubles:
    lifted, low = np.empty_like(bands), (len(bands) + 1) // 2
    lifted[0::2], lifted[1::2] = bands[:low] / LOW_GAIN, bands[low:] * LOW_GAIN
    for at, weight in reversed(list(enumerate(LIFTING))):
        _lift(lifted, 1 - at % 2, -weight)
    return lifted


def _lift(samples: Doubles, first: int, weight: float) -> None:
    """Add to every second sample its two neighbours, weighted; beyond the ends samples are mirrored."""
    last = len(samples) - 1
    at = np.arange(first, len(samples), 2)
    before, after = np.abs(at - 1), last - np.abs(last - (at + 1))
    samples[at] += weight * (samples[before] + samples[after])
