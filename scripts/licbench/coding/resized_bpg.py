"""BPG of an image at a share of its size: the sizes, the QPs that go with them, and the way back.

An error of the small image spreads over 1 / factor**2 pixels of the large one. So that a bit buys the same squared
error at every size, the small image is coded with a multiplier of Lagrange factor**2 times as large, and HEVC's doubles
every 3 QPs.
"""

from __future__ import annotations

import math

from licbench.coding import bpg
from licbench.images import Image
from licbench.images.geometry import resize, scaled_even

FACTORS = (1.0, 0.7, 0.5)
"""Shares of the width and of the height at which an image is coded."""
QPS_PER_DOUBLING = 3
"""Of HEVC's multiplier of Lagrange."""


def small_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """(height, width) of the image that is coded; even, unless it is the image itself."""
    return (height, width) if factor == 1 else (scaled_even(height, factor), scaled_even(width, factor))


def qp_at(qp: int, factor: float) -> int:
    """The QP at a share of the size that is worth as much as ``qp`` at full size: 3 lower at 0.7, 6 lower at 0.5."""
    return max(0, qp + round(2 * QPS_PER_DOUBLING * math.log2(factor)))


def encode(image: Image, qp: int, factor: float) -> bytes:
    """The BPG file, 4:2:0, of the image at ``factor`` of its size, with x265's constant QP ``qp``."""
    height, width = small_size(image.shape[0], image.shape[1], factor)
    return bpg.encode(resize(image, width, height, "bicubic"), qp, "420")


def enlarge(small: Image, height: int, width: int) -> Image:
    """A decoded image at its full size."""
    return resize(small, width, height, "lanczos")
