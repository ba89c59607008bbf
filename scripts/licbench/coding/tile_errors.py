"""What each made tile of an enlarged image adds to the squared error of the image itself.

A tile is judged alone: its difference from the enlarged original, shrunk with the image's filter, over all samples that
it reaches. Of differences in neighbouring tiles the product is left out, which is as often negative as positive.

The network's float32 output differs in its last digits from CPU to CPU, so an error comes with a margin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.coding.latent_vectors import tiles_of_row
from licbench.images import Image
from licbench.images.geometry import Shrinking, enlarged_rows, shrinking_weights

Doubles = npt.NDArray[np.float64]

GUARD = 1.5e-4
"""Assumed bound of the root mean square of the differences between a tile made in float32 and in float64, in 8-bit
levels: four times the largest one seen (docs/dev/robustness.md)."""


class TileErrors:
    """The originals of the tiles of an image enlarged by ``scale``, and how far made tiles are from them.

    ``unavoidable``: the squared error of the image enlarged and shrunk again, which every choice has.
    """

    def __init__(self, image: Image, scale: int, side: int, grid: tuple[int, int]) -> None:
        self._image, self._scale, self._side, self.grid = image, scale, side, grid
        self._lost = _shrunk_again(image, scale, side) - image.astype(np.int16)
        self.unavoidable = float(np.square(self._lost.astype(np.int32)).sum())
        self._row: tuple[int, list[Image]] = (-1, [])

    def original(self, tile: int) -> Image:
        """A tile (S, S, 3) of the enlarged image, as the encoder network sees it."""
        row, column = divmod(tile, self.grid[1])
        if self._row[0] != row:
            self._row = row, tiles_of_row(self._image, self._scale, self._side, row)
        return self._row[1][column]

    def part_of_image(self, tile: int) -> Image:
        """What of a tile lies within the enlarged image: that without its padding."""
        (top, bottom), (left, right) = self._place(tile)
        return self.original(tile)[: bottom - top, : right - left]

    def of(self, tile: int, made: npt.NDArray[Any]) -> tuple[float, float]:
        """What a made tile (S, S, 3) adds to ``unavoidable``, and how far float32 may have moved that."""
        (top, bottom), (left, right) = self._place(tile)
        height, width, _ = self._image.shape
        first_row, rows = shrinking_weights(height, self._scale, top, bottom)
        first_column, columns = shrinking_weights(width, self._scale, left, right)
        difference = made[: bottom - top, : right - left] - self.part_of_image(tile).astype(np.float64)
        small = np.tensordot(columns, np.tensordot(rows, difference, 1), (1, 1)).swapaxes(0, 1)
        reached = slice(first_row, first_row + len(rows)), slice(first_column, first_column + len(columns))
        lost = self._lost[reached].astype(np.float64)
        wrong = float(np.square(small + lost).sum())
        margin = 2 * np.sqrt(3 * wrong) * GUARD * self._side / self._scale
        return wrong - float(np.square(lost).sum()), float(margin)

    def _place(self, tile: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last row, first and last column of a tile in the enlarged image, the last ones exclusive."""
        sides = zip(divmod(tile, self.grid[1]), self._image.shape[:2], strict=True)
        (top, bottom), (left, right) = (
            (at * self._side, min((at + 1) * self._side, length * self._scale)) for at, length in sides
        )
        return (top, bottom), (left, right)


def _shrunk_again(image: Image, scale: int, side: int) -> Image:
    """The image enlarged and shrunk, by rows, as the decoder does it."""
    height, width, _ = image.shape
    shrinking = Shrinking(width, height, scale)
    for top in range(0, height * scale, side):
        shrinking.add(enlarged_rows(image, scale, top, min(top + side, height * scale)))
    return shrinking.image
