"""Resizing pictures: Pillow's antialiased filters, and the sizes that the paper's codecs use."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import PIL.Image

from licbench.images import Image

Filter = Literal["bicubic", "lanczos"]

_FILTERS: dict[str, Any] = {"bicubic": PIL.Image.Resampling.BICUBIC, "lanczos": PIL.Image.Resampling.LANCZOS}


def resize(picture: Image, width: int, height: int, kernel: Filter) -> Image:
    """The picture (H, W, 3) at (height, width, 3), rounded to 8 bit; bicubic a = -0.5, Lanczos a = 3."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(PIL.Image.fromarray(picture).resize((width, height), _FILTERS[kernel]))


def scaled_even(length: int, factor: float) -> int:
    """``length * factor`` to the nearest even number, at least 2: both dimensions fit 4:2:0 (our choice)."""
    return max(2, 2 * round(length * factor / 2))


def halve(picture: Image) -> Image:
    """Half size by bicubic averaging, sides even."""
    height, width = picture.shape[:2]
    return resize(picture, scaled_even(width, 0.5), scaled_even(height, 0.5), "bicubic")
