"""The encoder's choice of enlargement, depth and models, by J = D + lambda R.

D is the squared error over R, G and B of the decoded image, R the bits. The depth follows from lambda and the
enlargement, because at the best operating point a bit is worth the same wherever it is spent. The enlargement is chosen
by what the middle one of the models would reach alone, predicted from one decoded trial, and by the real stream where
two are close. Then each tile takes the model, or the single colour, of least J: its bits as the contexts of that model
estimate them, its error from decoding it.

Another CPU must choose the same. Errors come with a margin for float32; wherever a choice lies within it, the errors
that decide it are computed again in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2, sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from licbench.coding.latent_tables import QUARTER_DEPTHS, levels_at, tables_at
from licbench.coding.latent_vectors import LatentVectors, generated, grid, off_axes
from licbench.coding.mixed_codes import BIT_COST, Choices, MixedContexts
from licbench.coding.quantiser import Indices
from licbench.coding.tile_errors import TileErrors
from licbench.images import Image
from licbench.images.colour import PEAK

if TYPE_CHECKING:
    from licbench.networks.store import Model

Doubles = npt.NDArray[np.float64]

CLOSE = 1.02
"""Predicted J, relative to the least one, up to which an enlargement is tried with all models."""
FIRST_GUESS = 1.0
"""Bits of a tile's choice, before any is made."""
COLOUR_BITS = 9.0
"""Of a single colour: an estimate."""
FINEST = QUARTER_DEPTHS[-1]


@dataclass(frozen=True)
class Switched:
    """All that a stream says: the enlargement, the depth in quarters of a bit, and the codes.

    ``choices``: (tiles,), the model of each, or one more for a single colour; ``indices``: (tiles, N) of the rotated
    coefficients, 0 where the tile's model has none; ``colours``: (tiles of a single colour, 3).
    """

    scale: int
    quarters: int
    choices: Choices
    indices: Indices
    colours: Indices


@dataclass
class Errors:
    """Squared errors of an image's tiles (tiles,), each known up to its margin; ``settle`` makes that zero."""

    values: Doubles
    margins: Doubles
    again: Callable[[npt.NDArray[np.intp]], Doubles]

    def settle(self, tiles: npt.NDArray[np.intp]) -> bool:
        """Compute these again in float64; whether there was anything to do."""
        tiles = tiles[self.margins[tiles] > 0]
        if len(tiles):
            self.values[tiles], self.margins[tiles] = self.again(tiles), 0
        return len(tiles) > 0


def quarters_for(weight: float, scale: int, side: int) -> int:
    """The depth, in quarters of a bit, whose quantiser step belongs to a lambda: ``BIT_COST`` squared steps a bit.

    The widest range of a model's coefficients spans from a black to a white tile, which gives the step in levels of the
    image's samples.
    """
    levels = 2 + PEAK * side / scale * sqrt(3 * BIT_COST / weight)
    return min(max(round(4 * log2(levels)), QUARTER_DEPTHS[0]), FINEST)


def colour_step(quarters: int) -> float:
    """The quantiser step of a single colour, in 8-bit levels: that of the coefficient along all of a tile's samples."""
    return sqrt(3) * PEAK / (levels_at(quarters) - 2)


def colour_levels(quarters: int) -> int:
    """How many levels a single colour has, from black to white."""
    return int(PEAK / colour_step(quarters) + 0.5) + 1


def colour_of(levels: Indices, quarters: int) -> npt.NDArray[np.uint8]:
    """Levels of single colours -> R, G, B in 8 bits, of the same shape."""
    samples: npt.NDArray[np.uint8] = np.minimum(np.floor(levels * colour_step(quarters) + 0.5), PEAK).astype(np.uint8)
    return samples


class Enlargement:
    """An image enlarged by ``scale``: what its tiles cost with each of ``models``, kept for the next lambda."""

    def __init__(self, image: Image, scale: int, models: Sequence[Model]) -> None:
        self._image, self.scale, self._models = image, scale, models
        self.side: int = models[0].card["recipe"]["input_size"]
        self.grid = grid(image.shape[0] * scale, image.shape[1] * scale, models[0])
        self.tiles = self.grid[0] * self.grid[1]
        self._latents: dict[int, LatentVectors] = {}
        self._coded: dict[tuple[int, int], tuple[Indices, Doubles]] = {}
        self._errors: dict[tuple[int, int], Errors] = {}
        self._colours: dict[int, tuple[Indices, Errors]] = {}

    @cached_property
    def originals(self) -> TileErrors:
        """The tiles before coding."""
        return TileErrors(self._image, self.scale, self.side, self.grid)

    def coded(self, model: int, quarters: int) -> tuple[Indices, Doubles]:
        """Indices (tiles, N) and bits (tiles,) if all tiles took this model."""
        if (model, quarters) not in self._coded:
            if model not in self._latents:
                self._latents[model] = LatentVectors(self._image, self.scale, self._models[model])
            tables = tables_at(self._models[model], quarters)
            step, bits = tables.quantiser.step, np.zeros(self.tiles)

            def decide(values: Doubles, margin: Doubles) -> tuple[Indices, npt.NDArray[np.bool_]]:
                contexts = MixedContexts([tables], np.zeros(self.tiles, np.intp), self.grid)
                indices, doubtful, bits[:] = contexts.quantised(values / step, margin / step)
                return indices, doubtful

            indices = self._latents[model].decided(decide, rotated=True)
            self._coded[model, quarters] = indices, bits
        return self._coded[model, quarters]

    def errors(self, model: int, quarters: int) -> Errors:
        """Errors if all tiles took this model."""
        if (model, quarters) not in self._errors:

            def again(tiles: npt.NDArray[np.intp], precision: str = "float64") -> npt.NDArray[np.float64]:
                return self._compared(model, quarters, tiles, precision)[:, 0]

            rough = self._compared(model, quarters, np.arange(self.tiles), "float32")
            self._errors[model, quarters] = Errors(rough[:, 0].copy(), rough[:, 1].copy(), again)
        return self._errors[model, quarters]

    def _compared(self, model: int, quarters: int, tiles: npt.NDArray[np.intp], precision: str) -> Doubles:
        """Error and margin of each of these tiles, (tiles, 2)."""
        indices, _ = self.coded(model, quarters)
        along = tables_at(self._models[model], quarters).quantiser.dequantise(indices[tiles])
        made = generated(off_axes(along, self._models[model]), self._models[model], precision)
        return np.array([self.originals.of(tile, each) for tile, each in zip(tiles.tolist(), made, strict=True)])

    def colours(self, quarters: int) -> tuple[Indices, Errors]:
        """Levels (tiles, 3) and errors if all tiles were of a single colour each: from integers, so without margins."""
        if quarters not in self._colours:
            levels, errors = np.zeros((self.tiles, 3), np.int32), np.zeros(self.tiles)
            for tile in range(self.tiles):
                mean = self.originals.part_of_image(tile).mean(axis=(0, 1), dtype=np.float64)
                levels[tile] = np.floor(mean / colour_step(quarters) + 0.5)
                flat = np.broadcast_to(colour_of(levels[tile], quarters), (self.side, self.side, 3))
                errors[tile], _ = self.originals.of(tile, flat)
            self._colours[quarters] = levels, Errors(errors, np.zeros(self.tiles), lambda tiles: errors[tiles])
        return self._colours[quarters]

    def predicted(self, model: int, quarters: int) -> tuple[float, float, Errors]:
        """Squared error and bits if all tiles took this model, from its errors at the finest depth, and those."""
        (indices, bits), (fine, _), errors = (
            self.coded(model, quarters), self.coded(model, FINEST), self.errors(model, FINEST),
        )  # fmt: skip
        coarse, finest = (tables_at(self._models[model], depth).quantiser for depth in (quarters, FINEST))
        moved = (coarse.dequantise(indices) - finest.dequantise(fine).astype(np.float64)) / coarse.step
        added = float(np.square(moved).sum()) * (colour_step(quarters) * self.side / self.scale) ** 2
        return self.originals.unavoidable + float(errors.values.sum()) + added, float(bits.sum()), errors


class Switching:
    """The choices for one image, whatever the lambda."""

    def __init__(self, image: Image, models: Sequence[Model], scales: Sequence[int]) -> None:
        self._image, self._models, self._scales = image, models, sorted(scales)
        self._enlargements: dict[int, Enlargement] = {}

    def choose(self, weight: float, length: Callable[[Switched], int]) -> Switched:
        """What is to be coded at a lambda.

        Args:
            weight: lambda, the squared error over R, G and B that a bit is worth.
            length: the bytes of the stream that says this.
        """
        tried = [self._switched(scale, weight) for scale in self._close(weight)]
        return tried[0] if len(tried) == 1 else self._least(tried, weight, length)

    def _enlargement(self, scale: int) -> Enlargement:
        if scale not in self._enlargements:
            self._enlargements[scale] = Enlargement(self._image, scale, self._models)
        return self._enlargements[scale]

    def _close(self, weight: float) -> list[int]:
        """The enlargements, from the smallest up, whose predicted J is close to the least; none after it has risen."""
        middle = len(self._models) // 2
        while True:
            costs, margins, finest = list[float](), list[float](), list[Errors]()
            for scale in self._scales:
                enlargement = self._enlargement(scale)
                error, bits, own = enlargement.predicted(middle, quarters_for(weight, scale, enlargement.side))
                costs.append(error + weight * bits)
                margins.append(float(own.margins.sum()))
                finest.append(own)
                if costs[-1] > min(costs) * CLOSE:
                    break
            limit, margin = min(costs) * CLOSE, max(margins) * CLOSE
            if all(abs(cost - limit) > margin for cost in costs) or not _settle_all(finest):
                return [scale for scale, cost in zip(self._scales, costs, strict=False) if cost <= limit]

    def _switched(self, scale: int, weight: float) -> Switched:
        """The choice of each tile at one enlargement."""
        enlargement, kinds = self._enlargement(scale), len(self._models) + 1
        quarters = quarters_for(weight, scale, enlargement.side)
        levels, flat = enlargement.colours(quarters)
        coded = [enlargement.coded(model, quarters) for model in range(len(self._models))]
        errors = [*(enlargement.errors(model, quarters) for model in range(len(self._models))), flat]
        bits = np.stack([*(each for _, each in coded), np.full(enlargement.tiles, COLOUR_BITS)])
        guess = np.full(kinds, FIRST_GUESS)
        for _ in range(2):
            choices = _least_each(errors, weight * (bits + guess[:, None]))
            guess = -np.log2((np.bincount(choices, minlength=kinds) + 0.5) / (len(choices) + kinds / 2))
        size = max(model.card["recipe"]["code_size"] for model in self._models)
        indices = np.zeros((enlargement.tiles, size), np.int32)
        for model, (held, _) in enumerate(coded):
            own = choices == model
            indices[own, : held.shape[1]] = held[own]
        return Switched(scale, quarters, choices, indices, levels[choices == len(self._models)])

    def _least(self, tried: Sequence[Switched], weight: float, length: Callable[[Switched], int]) -> Switched:
        """Of several, the one of least J by its real bits; of equal ones the first."""
        bits = [8 * length(switched) for switched in tried]
        while True:
            held = [self._errors_of(switched) for switched in tried]
            costs = [error + weight * size for (error, _, _), size in zip(held, bits, strict=True)]
            best = int(np.argmin(costs))
            near = [
                abs(cost - costs[best]) <= margin + held[best][1]
                for at, (cost, (_, margin, _)) in enumerate(zip(costs, held, strict=True))
                if at != best
            ]
            if not any(near) or not _settle_all([each for _, _, errors in held for each in errors]):
                return tried[best]

    def _errors_of(self, switched: Switched) -> tuple[float, float, list[Errors]]:
        """The squared error of a choice, its margin, and the errors that it is made of."""
        enlargement = self._enlargement(switched.scale)
        errors = [enlargement.errors(model, switched.quarters) for model in range(len(self._models))]
        held = [*errors, enlargement.colours(switched.quarters)[1]]
        tiles = np.arange(enlargement.tiles)
        values, margins = (
            float(np.stack([getattr(each, name) for each in held])[switched.choices, tiles].sum())
            for name in ("values", "margins")
        )
        return enlargement.originals.unavoidable + values, margins, errors


def _least_each(errors: Sequence[Errors], rates: Doubles) -> Choices:
    """For each tile the choice of least J; of equal ones the first.

    Args:
        errors: of each choice.
        rates: lambda times the bits, (choices, tiles).
    """
    tiles = np.arange(rates.shape[1])
    while True:
        costs = np.stack([each.values for each in errors]) + rates
        margins = np.stack([each.margins for each in errors])
        choices: Choices = costs.argmin(axis=0)
        near = costs - costs[choices, tiles] <= margins + margins[choices, tiles]
        near &= near.sum(axis=0) > 1
        settled = [each.settle(np.flatnonzero(own)) for each, own in zip(errors, near, strict=True)]
        if not any(settled):
            return choices


def _settle_all(errors: Sequence[Errors]) -> bool:
    """Compute all of these again in float64; whether there was anything to do."""
    settled = [each.settle(np.arange(len(each.values))) for each in errors]
    return any(settled)
