"""Resizing images: Pillow's antialiased filters, and the sizes that the paper's codecs use."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import PIL.Image

from licbench.images import Image

Scalar = TypeVar("Scalar", bound=np.generic)
Filter = Literal["bicubic", "lanczos"]

BICUBIC_REACH = 2
"""Pixels to either side that a bicubic sample depends on; of the large image where that shrinks, times the scale."""
TALL = 2
"""Height over width from which Pillow shrinks the columns of an image first."""

_FILTERS: dict[str, Any] = {"bicubic": PIL.Image.Resampling.BICUBIC, "lanczos": PIL.Image.Resampling.LANCZOS}


def resize(image: Image, width: int, height: int, kernel: Filter) -> Image:
    """The image (H, W, 3) at (height, width, 3), rounded to 8 bit; bicubic a = -0.5, Lanczos a = 3."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(PIL.Image.fromarray(image).resize((width, height), _FILTERS[kernel]))


def scaled_even(length: int, factor: float) -> int:
    """``length * factor`` to the nearest even number, at least 2: both dimensions fit 4:2:0 (our choice)."""
    return max(2, 2 * round(length * factor / 2))


def halve(image: Image) -> Image:
    """Half size by bicubic averaging, sides even."""
    height, width = image.shape[:2]
    return resize(image, scaled_even(width, 0.5), scaled_even(height, 0.5), "bicubic")


def enlarged_rows(image: Image, scale: int, top: int, bottom: int) -> Image:
    """Rows ``top`` to ``bottom`` of ``resize`` to ``scale`` times the size, bicubic: the same samples, less memory."""
    if scale == 1:
        return image[top:bottom]
    # Whole rows of the image: Pillow keeps the ends of a box in 32 bits
    first, last = top // scale, -(-bottom // scale)
    start, stop = max(0, first - BICUBIC_REACH), min(len(image), last + BICUBIC_REACH)
    size = image.shape[1] * scale, (last - first) * scale
    enlarged = _bicubic_rows(image[start:stop], *size, first - start, last - start)
    return enlarged[top - first * scale : bottom - first * scale]


class Shrinking:
    """Bicubic ``resize`` to the ``scale``-th part of the size, of rows as they arrive: the same samples, less memory.

    ``image`` is complete, uint8 (height, width, 3), once ``scale * height`` rows of ``scale * width`` were added.
    More than twice as high as wide, it is shrunk as a whole at the end: Pillow then takes the columns first.
    """

    def __init__(self, width: int, height: int, scale: int) -> None:
        self.image: Image = np.empty((height, width, 3), np.uint8)
        self._scale, self._done, self._start = scale, 0, 0
        self._rows: Image = np.empty((0, width * scale, 3), np.uint8)

    def add(self, rows: Image) -> None:
        """The next rows (n, scale * width, 3) of the large image."""
        height, width, _ = self.image.shape
        self._rows = np.concatenate([self._rows, rows])
        stop = self._start + len(self._rows)
        complete = stop == height * self._scale
        if height > TALL * width:
            if complete:
                self.image = resize(self._rows, width, height, "bicubic")
            return
        reach = BICUBIC_REACH * self._scale
        ready = height if complete else (stop - reach) // self._scale
        if ready > self._done:
            first, last = (row * self._scale - self._start for row in (self._done, ready))
            self.image[self._done : ready] = _bicubic_rows(self._rows, width, ready - self._done, first, last)
            kept = max(0, last - reach)
            self._done, self._start, self._rows = ready, self._start + kept, self._rows[kept:]


def _bicubic_rows(rows: Image, width: int, height: int, first: int, last: int) -> Image:
    """``rows[first:last]`` at (height, width, 3), from these and the rows in reach: horizontally, then vertically."""
    narrowed = PIL.Image.fromarray(rows).resize((width, len(rows)), _FILTERS["bicubic"])
    return np.asarray(narrowed.resize((width, height), _FILTERS["bicubic"], (0, first, width, last)))


@lru_cache(maxsize=256)
def shrinking_weights(length: int, scale: int, start: int, stop: int) -> tuple[int, npt.NDArray[np.float64]]:
    """How samples ``start`` to ``stop`` of ``scale * length`` enter each sample of ``resize`` to ``length``, bicubic.

    Returns:
        The first sample that they enter, and the weights (samples entered, stop - start).
    """
    if scale == 1:
        return start, np.eye(stop - start)
    first = max(0, start // scale - BICUBIC_REACH)
    last = min(length, -(-stop // scale) + BICUBIC_REACH)
    # With what is in reach of those, so that Pillow sees no other end than the image's
    top, bottom = max(0, first - BICUBIC_REACH), min(length, last + BICUBIC_REACH)
    unit = np.zeros(((bottom - top) * scale, stop - start), np.float32)
    unit[start - top * scale : stop - top * scale] = np.eye(stop - start)
    shrunk = PIL.Image.fromarray(unit).resize((stop - start, bottom - top), _FILTERS["bicubic"])
    return first, np.asarray(shrunk)[first - top : last - top].astype(np.float64)


def pad_to_multiple(plane: npt.NDArray[Scalar], multiple: int) -> npt.NDArray[Scalar]:
    """Repeat the last row and column until both sides are multiples of ``multiple``.

    Args:
        plane: shape (height, width) or (height, width, channels), any dtype.
        multiple: at least 1.

    Returns:
        The padded array; ``[:height, :width]`` of it is ``plane``.
    """
    bottom, right = (-side % multiple for side in plane.shape[:2])
    return np.pad(plane, [(0, bottom), (0, right), (0, 0)][: plane.ndim], mode="edge")
