"""Quantisers and frequency tables of a GAN's coefficients, from what its training left in the model.

Training leaves the range of each coefficient, and its histogram at each of the paper's bit depths. Rotated coefficients
can be quantised at depths between them, too: their histograms follow from the finest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from licbench.coding.context_model import FOURTH_ROOT2, SQRT2, Prior
from licbench.coding.quantiser import BIT_DEPTHS, CoefficientQuantiser
from licbench.errors import ModelError

if TYPE_CHECKING:
    from licbench.networks.store import Model

QUARTER_DEPTHS = range(4 * 4, 4 * BIT_DEPTHS[-1] + 1)
"""Bit depths from 4 up, in quarters of a bit."""


@dataclass(frozen=True)
class Tables:
    """How rotated coefficients are quantised at a depth, and what is known of them then."""

    quantiser: CoefficientQuantiser
    prior: Prior


def basis(rotated: bool) -> str:
    """The prefix of the tensors of rotated or plain coefficients."""
    return "pca" if rotated else "plain"


def quantiser_of(model: Model, bits: int, rotated: bool) -> CoefficientQuantiser:
    """The quantiser of a model's coefficients at one of ``BIT_DEPTHS``."""
    return CoefficientQuantiser.from_ranges(*_ranges(model, rotated), bits, shared_step=rotated)


def counts_of(
    model: Model, quantiser: CoefficientQuantiser, bits: int, rotated: bool
) -> Sequence[npt.NDArray[np.uint16]]:
    """The frequency table of each coefficient.

    Raises:
        ModelError: the model holds none that fits.
    """
    counts = model.tensor(f"{basis(rotated)}.counts{bits}", int(quantiser.levels.sum()))
    if quantiser.levels.min() < 1 or counts.min() < 1:
        raise ModelError(f"model {model.name} has impossible ranges or counts; fetch or train it again")
    return np.split(counts, np.cumsum(quantiser.levels)[:-1])


def levels_at(quarters: int) -> float:
    """2 to the power of so many quarters, the same on every machine."""
    return float(1 << quarters // 4) * (1.0, FOURTH_ROOT2, SQRT2, SQRT2 * FOURTH_ROOT2)[quarters % 4]


@lru_cache(maxsize=64)
def tables_at(model: Model, quarters: int) -> Tables:
    """The tables of rotated coefficients at one of ``QUARTER_DEPTHS``.

    Raises:
        ModelError: the model holds no sound ranges or histograms.
    """
    finest = quantiser_of(model, BIT_DEPTHS[-1], rotated=True)
    counts = counts_of(model, finest, BIT_DEPTHS[-1], rotated=True)
    quantiser = CoefficientQuantiser.with_shared_step(*_ranges(model, rotated=True), levels_at(quarters))
    if quantiser.levels.min() < 1:
        raise ModelError(f"model {model.name} has impossible ranges; fetch or train it again")
    return Tables(quantiser, Prior(quantiser, [*_merged(counts, finest, quantiser)]))


def _merged(
    counts: Sequence[npt.NDArray[np.uint16]], finest: CoefficientQuantiser, coarse: CoefficientQuantiser
) -> Sequence[npt.NDArray[np.int64]]:
    """The histograms, one more in each level, as a coarser quantiser sees them."""
    merged = []
    for index, fine in enumerate(counts):
        values = (np.arange(len(fine)) + finest.first[index]) * finest.step[index]
        nearest = np.rint(values / coarse.step[index]).astype(np.int64) - coarse.first[index]
        within = np.clip(nearest, 0, coarse.levels[index] - 1)
        seen = np.zeros(int(coarse.levels[index]), np.int64)
        np.add.at(seen, within, fine.astype(np.int64) - 1)
        merged.append(seen + 1)
    return merged


def _ranges(model: Model, rotated: bool) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    size = model.card["recipe"]["code_size"]
    low, high = (model.tensor(f"{basis(rotated)}.{end}", size) for end in ("low", "high"))
    return low, high
