"""Codes of tiles that come from several models: which model each tile takes, and the contexts of their coefficients.

The contexts are those of ``context_model``. What they look at, the magnitudes in and around a tile, is taken relative
to the training set of the tile's own model, so that neighbours with codes of another size predict as well.

Encoder and decoder must compute the same tables on every machine, so everything they share is +, -, *, / and square
root of 64-bit floats, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.coding.context_model import (
    DECAY,
    NEIGHBOUR,
    PRIOR,
    STATIC,
    WIDTHS,
    geometric,
    groups_of,
    sum_of_neighbours,
    width_classes,
)
from licbench.coding.latent_tables import Tables
from licbench.coding.range_coder import EVERY_TILE, Group, Indices, table_of

Doubles = npt.NDArray[np.float64]
Choices = npt.NDArray[np.intp]
"""For each tile, counted row by row, which of the models it takes; one more: none, a single colour."""

BIT_COST = 0.13
"""What a bit is worth, in squared quantiser steps: sets the rounding offset of each context, and the step that belongs
to a lambda. Theory says 0.116 at high rates; chosen on BSDS500 val (docs/future.md)."""
OFFSETS = np.clip(0.5 - BIT_COST / 2 * np.log2((1 + np.sqrt(1 + WIDTHS**2)) / WIDTHS), 0, 0.5)
"""Rounding offset of the quantiser for each of ``WIDTHS``: a level is taken where it is worth the bits that it costs
over the next smaller one."""
SAME = 0.5
"""Weight of the choice of the tile to the left, and of that above, relative to all choices so far."""
COLOUR_WIDTH = 12
"""Index in ``WIDTHS`` of the differences between a colour and its prediction: one step."""


class MixedContexts:
    """The frequencies of the rotated coefficients of an image's tiles (``range_coder.Frequencies``).

    Args:
        tables: of each model, at one depth.
        choices: which of them each tile takes.
        grid: rows and columns of tiles.
    """

    def __init__(self, tables: Sequence[Tables], choices: Choices, grid: tuple[int, int]) -> None:
        self._tables, self._grid = tables, grid
        self._tiles = [np.flatnonzero(choices == model) for model in range(len(tables))]
        self._activity, self._expected = np.zeros(len(choices)), np.ones(len(choices))
        self._weight = PRIOR + 1 + NEIGHBOUR * sum_of_neighbours(np.ones(grid)).ravel()
        self.coefficients = max((len(each.prior.levels) for each in tables), default=0)

    def groups(self, index: int) -> Iterable[Group]:
        relative = self._relative_activity()
        for tables, tiles in self._coded(index):
            prior = tables.prior
            if index < STATIC:
                yield tiles, prior.leading[index]
            elif prior.levels[index] > 1:
                classes = width_classes(prior.expected[index] * relative[tiles])
                for within, table in groups_of(classes, prior.first[index], prior.levels[index]):
                    yield tiles[within], table

    def observe(self, index: int, column: Indices) -> None:
        if not index:  # the first is brightness, which does not depend on activity
            return
        for tables, tiles in self._coded(index):
            prior = tables.prior
            magnitudes = np.abs(column[tiles] + prior.first[index])
            if index == 1:
                self._activity[tiles], self._expected[tiles] = magnitudes, prior.expected[1]
            else:
                self._activity[tiles] = self._activity[tiles] * DECAY + magnitudes
                self._expected[tiles] = self._expected[tiles] * DECAY + prior.expected[index]

    def quantised(self, values: Doubles, margin: Doubles) -> tuple[Indices, npt.NDArray[np.bool_], Doubles]:
        """Coefficients as levels, each where it is worth its bits in its context.

        Args:
            values: (tiles, N), in quantiser steps.
            margin: (tiles, N), how far each may be wrong.

        Returns:
            The indices (tiles, N); for each tile, whether one is within the margin of a decision threshold; and the
            bits of each tile, (tiles,).
        """
        indices, doubtful, bits = (
            np.zeros(values.shape, np.int32),
            np.zeros(len(values), np.bool_),
            np.zeros(len(values)),
        )
        for index in range(values.shape[1]):
            relative = self._relative_activity()
            for tables, tiles in self._coded(index):
                first, levels = tables.prior.first[index], tables.prior.levels[index]
                classes = width_classes(tables.prior.expected[index] * relative[tiles])
                offsets = OFFSETS[classes] if index >= STATIC else np.full(len(tiles), 0.5)
                held, near = values[tiles, index], margin[tiles, index]
                made = _levels(held, offsets, first, levels)
                doubtful[tiles] |= _levels(held - near, offsets, first, levels) != _levels(
                    held + near, offsets, first, levels
                )
                indices[tiles, index] = made
                if index < STATIC:
                    bits[tiles] += _bits_of(tables.prior.counts[index])[made]
                else:
                    bits[tiles] += _bits_by_width(first, levels)[classes, made]
            self.observe(index, indices[:, index])
        return indices, doubtful, bits

    def _coded(self, index: int) -> Iterator[tuple[Tables, npt.NDArray[np.intp]]]:
        """The models that have this coefficient, each with its tiles."""
        for tables, tiles in zip(self._tables, self._tiles, strict=True):
            if index < len(tables.prior.levels) and len(tiles):
                yield tables, tiles

    def _relative_activity(self) -> Doubles:
        """Magnitudes coded so far in and around each tile, relative to their means on the training sets."""
        own = self._activity / self._expected
        around = sum_of_neighbours(own.reshape(self._grid)).ravel()
        relative: Doubles = (PRIOR + own + NEIGHBOUR * around) / self._weight
        return relative


class ChoiceFrequencies:
    """The frequencies of the tiles' choices, one tile after the other (``range_coder.Frequencies`` of one row).

    Args:
        kinds: how many there are to choose from.
        columns: of tiles.
    """

    def __init__(self, kinds: int, columns: int) -> None:
        self._counts, self._columns = np.full(kinds, 1 / 2), columns
        self._made: list[int] = []

    def weights(self) -> Doubles:
        """Of the next tile's choices, relative to each other."""
        weights: Doubles = self._counts / self._counts.sum()
        at = len(self._made)
        for neighbour, there in ((at - 1, at % self._columns > 0), (at - self._columns, at >= self._columns)):
            if there:
                weights[self._made[neighbour]] += SAME
        return weights

    def groups(self, index: int) -> Iterable[Group]:
        return [(EVERY_TILE, table_of(self.weights()))]

    def observe(self, index: int, column: Indices) -> None:
        choice = int(column[0])
        self._made.append(choice)
        self._counts[choice] += 1


class ColourFrequencies:
    """The frequencies of single colours, three levels each, one after the other: near to the one before.

    Args:
        levels: of each of R, G and B.
    """

    def __init__(self, levels: int) -> None:
        self._levels, self._before, self._made = levels, [levels // 2] * 3, list[int]()

    def groups(self, index: int) -> Iterable[Group]:
        if index < 3:
            return [(EVERY_TILE, table_of(np.ones(self._levels)))]
        # What has changed in G, and then in R, since the colour before has probably changed in the next, too
        part = index % 3
        moved = self._made[-1] - self._before[part - 1] if part else 0
        expected = min(max(self._before[part] + moved, 0), self._levels - 1)
        return [(EVERY_TILE, table_of(geometric(COLOUR_WIDTH, -expected, self._levels)))]

    def observe(self, index: int, column: Indices) -> None:
        self._made.append(int(column[0]))
        if index % 3 == 2:
            self._before = self._made[-3:]


def _levels(values: Doubles, offsets: Doubles, first: int, levels: int) -> npt.NDArray[np.int64]:
    magnitudes = np.floor(np.abs(values) + offsets)
    indices: npt.NDArray[np.int64] = np.clip(np.copysign(magnitudes, values) - first, 0, levels - 1).astype(np.int64)
    return indices


def _bits_of(weights: npt.NDArray[Any]) -> Doubles:
    bits: Doubles = -np.log2(weights / weights.sum())
    return bits


@lru_cache(maxsize=2**12)
def _bits_by_width(first: int, levels: int) -> Doubles:
    """Bits of each level at each of ``WIDTHS``, (widths, levels)."""
    return np.stack([_bits_of(geometric(width, first, levels)) for width in range(len(WIDTHS))])
