"""The latent vectors of an image's tiles (GAN), whose quantisation is the same under every CPU's arithmetic.

CPUs add the same terms in different orders, so a float32 coefficient close to a decision threshold of the quantiser
may be quantised differently on another machine, which changes the stream. Float64 throughout would cost eight times
as much. So float32 decides wherever a coefficient is farther from each threshold than its error can be, and only tiles
with a nearer one are computed again in float64.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from licbench.coding import linear_algebra
from licbench.coding.quantiser import CoefficientQuantiser, Indices
from licbench.images import Image
from licbench.images.geometry import enlarged_rows, pad_to_multiple

if TYPE_CHECKING:
    import torch

    from licbench.networks.gan import Encoder
    from licbench.networks.store import Model

Doubles = npt.NDArray[np.float64]

BATCH = 32
"""Tiles that go through the network at a time; bounds the memory."""
GUARD = 2.5e-4
"""Assumed bound of the error of a float32 coefficient, relative to the root mean square of the features before
the last layer and to the norm of the coefficient's weights there: four times the largest error among a million
coefficients (docs/dev/robustness.md)."""


class LatentVectors:
    """The latent vectors of all tiles of an image enlarged by ``scale``; tiles count row by row.

    ``recomputed``: for each tile, whether it was computed in float64 so far, bool (tiles,).
    """

    def __init__(self, image: Image, scale: int, model: Model) -> None:
        self._image, self._scale, self._model = image, scale, model
        rows, self._columns = grid(image.shape[0] * scale, image.shape[1] * scale, model)
        tiles, parts = (tile for row in range(rows) for tile in self._tiles_of_row(row)), []
        while batch := list(islice(tiles, BATCH)):
            parts.append(encoded(np.stack(batch), model))
        self._values, self._features = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.recomputed = np.zeros(rows * self._columns, np.bool_)

    def indices(self, quantiser: CoefficientQuantiser, rotated: bool) -> Indices:
        """(tiles, N) indices of the coefficients, after the rotation to the model's principal axes if asked for."""
        margin = GUARD * self._features[:, None] * weight_norms(self._model, rotated)
        margin[self.recomputed] = 0
        values = self._along_axes(rotated)
        near = quantiser.quantise(values - margin) != quantiser.quantise(values + margin)
        near_threshold = np.flatnonzero(near.any(axis=1))
        if len(near_threshold):
            self._recompute(near_threshold)
            values[near_threshold] = self._along_axes(rotated, near_threshold)
        return quantiser.quantise(values)

    def _along_axes(self, rotated: bool, tiles: npt.NDArray[np.intp] | slice = slice(None)) -> Doubles:
        values = self._values[tiles]
        if not rotated:
            return values.copy()
        mean, rotation = principal_axes(self._model)
        along: Doubles = linear_algebra.product(values - mean, rotation)
        return along

    def _recompute(self, tiles: npt.NDArray[np.intp]) -> None:
        import torch  # noqa: PLC0415  takes seconds; listing the points should not

        for row in np.unique(tiles // self._columns).tolist():
            wanted = tiles[tiles // self._columns == row]
            among = self._tiles_of_row(row)
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                again = np.stack([among[column] for column in (batch % self._columns).tolist()])
                self._values[batch], _ = encoded(again, self._model, torch.float64)
        self.recomputed[tiles] = True

    def _tiles_of_row(self, row: int) -> list[Image]:
        """The tiles (S, S, 3) of one row of the enlarged image, those at its ends padded."""
        side = self._model.card["recipe"]["input_size"]
        height = self._image.shape[0] * self._scale
        enlarged = enlarged_rows(self._image, self._scale, row * side, min((row + 1) * side, height))
        band = pad_to_multiple(enlarged, side)
        return [band[:, left : left + side] for left in range(0, band.shape[1], side)]


def grid(height: int, width: int, model: Model) -> tuple[int, int]:
    """Rows and columns of tiles that cover an image of this size."""
    side = model.card["recipe"]["input_size"]
    return -(-height // side), -(-width // side)


def principal_axes(model: Model) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean (N,) and principal axes (N, N) of the latent vectors of the training set."""
    size = model.card["recipe"]["code_size"]
    return model.tensor("pca.mean", size), model.tensor("pca.rotation", size, size)


def encoded(tiles: Image, model: Model, dtype: torch.dtype | None = None) -> tuple[Doubles, Doubles]:
    """Latent vectors (tiles, N) of tiles (tiles, S, S, 3), and the RMS of the features before the last layer (tiles,).

    Args:
        tiles: uint8.
        model: of kind gan.
        dtype: in which the network computes; float32 if none is given.
    """
    import torch  # noqa: PLC0415

    from licbench.networks.gan import normalised  # noqa: PLC0415

    network = _encoder(model, dtype or torch.float32)
    with torch.inference_mode():
        samples = normalised(torch.from_numpy(tiles).permute(0, 3, 1, 2).to(dtype or torch.float32))
        features = network.features(samples)
        values = network.project(features)
    return values.double().numpy(), features.double().square().mean(dim=1).sqrt().numpy()


@lru_cache(maxsize=16)
def weight_norms(model: Model, rotated: bool) -> Doubles:
    """Norm of the weights of the last layer behind each coefficient, (N,); decides nothing but where to look closer."""
    import torch  # noqa: PLC0415

    weights = _encoder(model, torch.float32).project.weight
    if rotated:
        weights = torch.from_numpy(principal_axes(model)[1]).T @ weights
    norms: Doubles = weights.norm(dim=1).double().numpy()
    return norms


def _encoder(model: Model, dtype: torch.dtype) -> Encoder:
    from licbench.networks.gan import Encoder  # noqa: PLC0415
    from licbench.networks.inference import network_of  # noqa: PLC0415

    recipe = model.card["recipe"]
    return network_of(lambda: Encoder(recipe["code_size"], recipe["input_size"]), model, "encoder", dtype)
