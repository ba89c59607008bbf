"""Search for the quantised latent of an image with the least rate-distortion cost, the decoder as it is.

Rounding takes each coefficient alone, but the synthesis transform is not orthonormal and neighbours share contexts.
The search starts from rounding and goes on in rounds: one gradient of the squared error of the reconstruction tells
for every coefficient at once what a level more or less would cost, and those that gain, half of them at a time since
they share pixels, move by a level. Of all rounds the cheapest latent is kept, so that the cost never rises.

Related: content-adaptive latents (arXiv 1906.01223) and rate-distortion optimised quantisation in HEVC encoders.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]

LARGEST = 15
"""Magnitudes from here on share a bin of the estimated code."""
NEIGHBOURS = (1, 2, 3, 5, 8, 12, 20, 40)
"""Thresholds of a coefficient's weighted sum of neighbouring magnitudes: the contexts of the estimate."""
ACTIVITIES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Thresholds of a channel's mean magnitude."""
CONTEXTS = (len(NEIGHBOURS) + 1) * (len(ACTIVITIES) + 1)
PRIOR = 0.1
"""Added to every count."""
MOVED = 0.5
"""Share of the gaining coefficients that move in a round."""
LEAST_GAIN_BITS = 0.1


def search(
    start: Levels,
    error_of: Callable[[Levels], tuple[float, Doubles]],
    curvature: float,
    lagrangian: float,
    rounds: int,
) -> Levels:
    """The cheapest latent that is found: squared error plus ``lagrangian`` times the estimated bits.

    Args:
        start: quantised latent, (C, h, w).
        error_of: the sum of squared errors of the reconstruction of a latent, and its gradient by the levels.
        curvature: half the second derivative of that sum by one level; if in doubt too large, which moves less.
        lagrangian: squared error that a bit is worth.
        rounds: of moves, at most; each costs one call of ``error_of``, and one more judges the last. 0: ``start``.

    Returns:
        int32, (C, h, w). The same for the same values of ``error_of``: chance is seeded.
    """
    chance = np.random.default_rng(0)
    levels = best = start
    least = np.inf
    for made in range(rounds + 1):
        error, gradient = error_of(levels)
        magnitudes = np.abs(levels)
        contexts = _contexts(magnitudes)
        table = _code_lengths(magnitudes, contexts)
        bits = table[contexts, np.minimum(magnitudes, LARGEST)]
        cost = error + lagrangian * float(bits.sum())
        if cost < least:
            least, best = cost, levels
        if made == rounds:
            break
        gain, moved = np.full(levels.shape, LEAST_GAIN_BITS * lagrangian), levels
        for step in (-1, 1):
            changed = levels + np.int32(step)
            more_bits = table[contexts, np.minimum(np.abs(changed), LARGEST)] - bits
            saved = -(gradient * step + curvature + lagrangian * more_bits)
            moved = np.where(saved > gain, changed, moved)
            gain = np.maximum(saved, gain)
        movers = (moved != levels) & (chance.random(levels.shape) < MOVED)
        if not movers.any():
            break
        levels = np.where(movers, moved, levels)
    return best


def _contexts(magnitudes: Levels) -> npt.NDArray[np.int64]:
    """The context of each coefficient: its eight neighbours' magnitudes, near ones twice, and its channel's mean."""
    near = np.pad(np.minimum(magnitudes, LARGEST), ((0, 0), (1, 1), (1, 1)))
    middle = slice(1, -1)
    crosswise = near[:, middle, :-2] + near[:, middle, 2:] + near[:, :-2, middle] + near[:, 2:, middle]
    diagonal = near[:, :-2, :-2] + near[:, :-2, 2:] + near[:, 2:, :-2] + near[:, 2:, 2:]
    activity = np.digitize(magnitudes.mean(axis=(1, 2)), ACTIVITIES)[:, None, None]
    contexts: npt.NDArray[np.int64]
    contexts = np.digitize(2 * crosswise + diagonal, NEIGHBOURS) * (len(ACTIVITIES) + 1) + activity
    return contexts


def _code_lengths(magnitudes: Levels, contexts: npt.NDArray[np.int64]) -> Doubles:
    """Bits of each magnitude in each context, with its sign, from the counts in the latent itself."""
    symbols = contexts * (LARGEST + 1) + np.minimum(magnitudes, LARGEST)
    counts = np.bincount(symbols.ravel(), minlength=CONTEXTS * (LARGEST + 1)).reshape(CONTEXTS, -1) + PRIOR
    lengths: Doubles = -np.log2(counts / counts.sum(axis=1, keepdims=True))
    lengths[:, 1:] += 1
    return lengths
