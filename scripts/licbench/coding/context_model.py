"""How far a rotated code number probably lies from zero, judged by those of its tile and of the tiles around it.

A smooth tile has small numbers throughout, a busy one large numbers: what was coded before tells which it is. The
tables are two-sided geometric, of a width that follows the numbers before; static tables cost 15 % more rate at
three times the size (docs/methods.md). Ours, not the paper's, whose tables are unknown.

Encoder and decoder must find the same tables on every machine, so nothing here is more than +, -, *, / and square root
of 64-bit floats, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from licbench.coding.quantiser import CodeQuantiser
from licbench.coding.range_coder import EVERY_TILE, Counts, Group, Indices, Table, table_of

Floats = npt.NDArray[np.float64]

STATIC = 2
"""So many leading numbers, of wide and flat distribution, are coded by their training histograms."""
MEMORY = 0.9
"""Weight of a number against the one after it."""
NEIGHBOUR = 0.15
"""Weight of each of the four tiles around against the tile itself."""
PRIOR = 0.05
"""Weight of the training set."""
RARE = 1e-6
"""Weight of a level that the geometric law all but rules out, against that of zero."""
SQRT2, FOURTH_ROOT2 = 1.4142135623730951, 1.189207115002721
WIDTHS = np.array([2.0 ** (half // 2) * (SQRT2 if half % 2 else 1.0) for half in range(-12, 17)])
"""Mean magnitudes, in quantiser steps, that have a table."""
WIDTH_LIMITS = WIDTHS[:-1] * FOURTH_ROOT2
"""Where one table takes over from the one before."""


class Prior:
    """What the training set tells of each rotated number; made once for all pictures.

    Args:
        quantiser: of the codes.
        counts: histograms of the training set, one a coefficient.
    """

    def __init__(self, quantiser: CodeQuantiser, counts: Counts) -> None:
        self.counts = counts
        self.first: list[int] = quantiser.first.tolist()
        self.levels: list[int] = quantiser.levels.tolist()
        self.expected = [_mean_magnitude(*pair) for pair in zip(counts, self.first, strict=True)]
        self.leading = [table_of(weights) for weights in counts[:STATIC]]


class Contextual:
    """The frequencies of one picture's rotated codes (``range_coder.Frequencies``).

    Args:
        prior: of the model.
        grid: rows and columns of tiles; tiles are counted row by row.
    """

    def __init__(self, prior: Prior, grid: tuple[int, int]) -> None:
        self._prior, self._grid = prior, grid
        self._seen = np.zeros(grid[0] * grid[1])
        self._share = PRIOR + 1 + NEIGHBOUR * _sum_of_neighbours(np.ones(grid)).ravel()
        self._usual = 0.0

    def groups(self, index: int) -> Iterable[Group]:
        if index < STATIC:
            return [(EVERY_TILE, self._prior.leading[index])]
        first, levels = self._prior.first[index], self._prior.levels[index]
        if levels == 1:
            return [(EVERY_TILE, None)]
        widths = self._prior.expected[index] * self._busyness()
        classes = np.searchsorted(WIDTH_LIMITS, widths).astype(np.uint8)
        tiles, sizes = np.argsort(classes, kind="stable"), np.bincount(classes)
        groups, start = [], 0
        for width, size in enumerate(sizes.tolist()):
            if size:
                groups.append((tiles[start : start + size], _table(width, first, levels)))
                start += size
        return groups

    def observe(self, index: int, column: Indices) -> None:
        if index:  # the first is brightness: how busy a tile is does not show in it
            self._seen = self._seen * MEMORY + np.abs(column + self._prior.first[index])
            self._usual = self._usual * MEMORY + self._prior.expected[index]

    def _busyness(self) -> Floats:
        """What was seen in and around each tile, against what the training set would have shown there."""
        around = _sum_of_neighbours(self._seen.reshape(self._grid)).ravel()
        ratio: Floats = (PRIOR * self._usual + self._seen + NEIGHBOUR * around) / (self._usual * self._share)
        return ratio


def _mean_magnitude(counts: npt.NDArray[np.uint16], first: int) -> float:
    """Of the levels on the training set; ``counts`` hold one more each, and a hundredth keeps it from zero."""
    seen = counts.astype(np.int64) - 1
    return float((np.abs(np.arange(len(seen)) + first) * seen).sum() / max(int(seen.sum()), 1)) + 0.01


def _sum_of_neighbours(values: Floats) -> Floats:
    """For each of ``values`` (rows, columns) the sum of those left, right, above and below."""
    padded = np.zeros((values.shape[0] + 2, values.shape[1] + 2))
    padded[1:-1, 1:-1] = values
    summed: Floats = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return summed


@lru_cache(maxsize=2**12)
def _table(width: int, first: int, levels: int) -> Table:
    """Kept for the decoder and the next picture: making one takes longer than coding by it."""
    return table_of(_geometric(width, first, levels))


def _geometric(width: int, first: int, levels: int) -> Floats:
    """Weights of levels first, first + 1, ... under the two-sided geometric law of a mean magnitude."""
    mean = WIDTHS[width]
    ratio = mean / (1.0 + np.sqrt(1.0 + mean * mean))
    distances = np.abs(np.arange(first, first + levels))
    powers = np.cumprod(np.concatenate([[1.0], np.full(distances.max(), ratio)]))
    weights: Floats = powers[distances] + RARE
    return weights
