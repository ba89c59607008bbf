"""Context model for PCA-rotated latents: a geometric prior whose scale is predicted from coded neighbours.

A smooth tile has small coefficients throughout, a busy one large coefficients: those coded before, in the tile and in
the four tiles around it, predict the scale of the next. Static tables cost 15 % more rate at three times the size
(docs/methods.md). Ours, not the paper's, whose tables are unknown.

Encoder and decoder must compute the same tables on every machine, so everything here is +, -, *, / and square root
of 64-bit floats, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from licbench.coding.quantiser import CoefficientQuantiser
from licbench.coding.range_coder import EVERY_TILE, Counts, Group, Indices, Table, table_of

Doubles = npt.NDArray[np.float64]

STATIC = 2
"""Leading coefficients, of wide and flat distribution, that are coded by their training histograms."""
DECAY = 0.9
"""Of the activity estimate, for each further coefficient."""
NEIGHBOUR = 0.15
"""Weight of each of the four neighbouring tiles, relative to the tile itself."""
PRIOR = 0.05
"""Weight of the training set's mean magnitudes, relative to the tile itself."""
RARE = 1e-6
"""Added to the weight of each level, relative to that of zero: a floor for levels far out."""
SQRT2, FOURTH_ROOT2 = 1.4142135623730951, 1.189207115002721
WIDTHS = np.array([2.0 ** (half // 2) * (SQRT2 if half % 2 else 1.0) for half in range(-12, 17)])
"""Mean magnitudes, in quantiser steps, for which there is a table."""
WIDTH_LIMITS = WIDTHS[:-1] * FOURTH_ROOT2
"""Between neighbouring tables, the mean magnitude from which the wider one is used."""


class Prior:
    """Statistics of each rotated coefficient on the training set; made once for all images.

    Args:
        quantiser: of the coefficients.
        counts: histograms of the training set, one for each coefficient.
    """

    def __init__(self, quantiser: CoefficientQuantiser, counts: Counts) -> None:
        self.counts = counts
        self.first: list[int] = quantiser.first.tolist()
        self.levels: list[int] = quantiser.levels.tolist()
        self.expected = [_mean_magnitude(*pair) for pair in zip(counts, self.first, strict=True)]
        self.leading = [table_of(weights) for weights in counts[:STATIC]]


class Contextual:
    """The frequencies of one image's rotated coefficients (``range_coder.Frequencies``).

    Args:
        prior: of the model.
        grid: rows and columns of tiles; tiles are counted row by row.
    """

    def __init__(self, prior: Prior, grid: tuple[int, int]) -> None:
        self._prior, self._grid = prior, grid
        self._activity = np.zeros(grid[0] * grid[1])
        self._total_weight = PRIOR + 1 + NEIGHBOUR * sum_of_neighbours(np.ones(grid)).ravel()
        self._expected = 0.0

    def groups(self, index: int) -> Iterable[Group]:
        if index < STATIC:
            return [(EVERY_TILE, self._prior.leading[index])]
        first, levels = self._prior.first[index], self._prior.levels[index]
        if levels == 1:
            return [(EVERY_TILE, None)]
        classes = width_classes(self._prior.expected[index] * self._relative_activity())
        return groups_of(classes, first, levels)

    def observe(self, index: int, column: Indices) -> None:
        if index:  # the first is brightness, which does not depend on activity
            self._activity = self._activity * DECAY + np.abs(column + self._prior.first[index])
            self._expected = self._expected * DECAY + self._prior.expected[index]

    def _relative_activity(self) -> Doubles:
        """Magnitudes coded so far in and around each tile, relative to their means on the training set."""
        around = sum_of_neighbours(self._activity.reshape(self._grid)).ravel()
        ratio: Doubles = (PRIOR * self._expected + self._activity + NEIGHBOUR * around) / (
            self._expected * self._total_weight
        )
        return ratio


def width_classes(widths: Doubles) -> npt.NDArray[np.uint8]:
    """For each mean magnitude, in quantiser steps, which of ``WIDTHS`` is the nearest."""
    return np.searchsorted(WIDTH_LIMITS, widths).astype(np.uint8)


def groups_of(classes: npt.NDArray[np.uint8], first: int, levels: int) -> list[Group]:
    """The tiles of each class, which share the table of its width; levels first, first + 1, ..."""
    tiles, sizes = np.argsort(classes, kind="stable"), np.bincount(classes)
    groups, start = list[Group](), 0
    for width, size in enumerate(sizes.tolist()):
        if size:
            groups.append((tiles[start : start + size], table_of_width(width, first, levels)))
            start += size
    return groups


def _mean_magnitude(counts: npt.NDArray[np.uint16], first: int) -> float:
    """Of the levels on the training set; ``counts`` hold one more each, and a hundredth keeps the result positive."""
    seen = counts.astype(np.int64) - 1
    return float((np.abs(np.arange(len(seen)) + first) * seen).sum() / max(int(seen.sum()), 1)) + 0.01


def sum_of_neighbours(values: Doubles) -> Doubles:
    """For each of ``values`` (rows, columns) the sum of its left, right, upper and lower neighbours."""
    padded = np.zeros((values.shape[0] + 2, values.shape[1] + 2))
    padded[1:-1, 1:-1] = values
    summed: Doubles = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return summed


@lru_cache(maxsize=2**12)
def table_of_width(width: int, first: int, levels: int) -> Table:
    """The table of levels first, first + 1, ... of mean magnitude ``WIDTHS[width]``.

    Cached for the decoder and the next image: building a table takes longer than coding with it.
    """
    return table_of(geometric(width, first, levels))


def geometric(width: int, first: int, levels: int) -> Doubles:
    """Weights of levels first, first + 1, ...: two-sided geometric, with the mean magnitude ``WIDTHS[width]``."""
    mean = WIDTHS[width]
    ratio = mean / (1.0 + np.sqrt(1.0 + mean * mean))
    distances = np.abs(np.arange(first, first + levels))
    powers = np.cumprod(np.concatenate([[1.0], np.full(distances.max(), ratio)]))
    weights: Doubles = powers[distances] + RARE
    return weights
