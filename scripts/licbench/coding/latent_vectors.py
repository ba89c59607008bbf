"""The latent vectors of an image's tiles (GAN), whose quantisation is the same under every CPU's arithmetic.

CPUs add the same terms in different orders, so a float32 coefficient close to a decision threshold of the quantiser
may be quantised differently on another machine, which changes the stream. Float64 throughout would cost eight times
as much. So float32 decides wherever a coefficient is farther from each threshold than its error can be, and only tiles
with a nearer one are computed again in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from licbench.coding import linear_algebra
from licbench.coding.quantiser import CoefficientQuantiser, Indices
from licbench.images import Image
from licbench.images.colour import PEAK
from licbench.images.geometry import enlarged_rows, pad_to_multiple

if TYPE_CHECKING:
    import torch

    from licbench.networks.gan import Encoder
    from licbench.networks.store import Model

Doubles = npt.NDArray[np.float64]
Decision = Callable[[Doubles, Doubles], tuple[Indices, npt.NDArray[np.bool_]]]
"""From coefficients (tiles, N) and how far each may be wrong: the indices (tiles, N), and which tiles are in doubt."""

BATCH = 32
"""Tiles that go through the network at a time; bounds the memory."""
MAX_ENLARGED = 2**29
"""Pixels of the enlarged image; the networks compute half a million in a second."""
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
        self._side = model.card["recipe"]["input_size"]
        rows, self._columns = grid(image.shape[0] * scale, image.shape[1] * scale, model)
        tiles, parts = (tile for row in range(rows) for tile in self._tiles_of_row(row)), []
        while batch := list(islice(tiles, BATCH)):
            parts.append(encoded(np.stack(batch), model))
        self._values, self._features = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.recomputed = np.zeros(rows * self._columns, np.bool_)

    def indices(self, quantiser: CoefficientQuantiser, rotated: bool) -> Indices:
        """(tiles, N) indices of the coefficients, after the rotation to the model's principal axes if asked for."""
        return self.decided(
            lambda values, margin: (
                quantiser.quantise(values),
                (quantiser.quantise(values - margin) != quantiser.quantise(values + margin)).any(axis=1),
            ),
            rotated,
        )

    def decided(self, decide: Decision, rotated: bool) -> Indices:
        """What ``decide`` makes of the coefficients, computed again in float64 in each tile where it is in doubt."""
        while True:
            margin = GUARD * self._features[:, None] * weight_norms(self._model, rotated)
            margin[self.recomputed] = 0
            indices, doubtful = decide(self._along_axes(rotated), margin)
            if not doubtful.any():
                return indices
            self._recompute(np.flatnonzero(doubtful))

    def along_axes(self) -> Doubles:
        """The coefficients along the model's principal axes (tiles, N), whose last digits depend on the CPU."""
        return self._along_axes(rotated=True)

    def _along_axes(self, rotated: bool) -> Doubles:
        if not rotated:
            return self._values.copy()
        mean, rotation = principal_axes(self._model)
        along: Doubles = linear_algebra.product(self._values - mean, rotation)
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
        return tiles_of_row(self._image, self._scale, self._side, row)


def tiles_of_row(image: Image, scale: int, side: int, row: int) -> list[Image]:
    """The tiles (side, side, 3) of one row of the image enlarged by ``scale``, those at its ends padded."""
    bottom = min((row + 1) * side, image.shape[0] * scale)
    band = pad_to_multiple(enlarged_rows(image, scale, row * side, bottom), side)
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


def off_axes(along: npt.NDArray[np.float32], model: Model) -> npt.NDArray[np.float32]:
    """Coefficients along the model's principal axes -> latent vectors, both (tiles, N); the same on every CPU."""
    mean, rotation = principal_axes(model)
    vectors: npt.NDArray[np.float32] = (linear_algebra.product(along.astype(np.float64), rotation.T) + mean).astype(
        np.float32
    )
    return vectors


def generated(vectors: npt.NDArray[np.float32], model: Model, precision: str) -> Iterator[npt.NDArray[Any]]:
    """Latent vectors (tiles, N) -> one made tile (S, S, 3) after the other, within 0..255, not rounded.

    Args:
        vectors: float32.
        model: of kind gan.
        precision: of the network, float32 or float64.
    """
    import torch  # noqa: PLC0415

    from licbench.networks.gan import Generator, denormalised  # noqa: PLC0415
    from licbench.networks.inference import network_of  # noqa: PLC0415

    recipe = model.card["recipe"]
    dtype = getattr(torch, precision)
    generator = network_of(lambda: Generator(recipe["code_size"], recipe["input_size"]), model, "generator", dtype)
    for at in range(0, len(vectors), BATCH):
        with torch.inference_mode():
            made = denormalised(generator(torch.from_numpy(vectors[at : at + BATCH]).to(dtype))).clamp(0, PEAK)
        # Outside: while a generator waits, the mode would hold for its caller
        yield from made.permute(0, 2, 3, 1).numpy()


def rounded(tile: npt.NDArray[Any]) -> Image:
    """A made tile in 8 bits."""
    samples: Image = np.rint(tile).astype(np.uint8)
    return samples


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
