"""Scalar quantisation of latents (CAE) and latent vectors (GAN), and the histograms that the range coder uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]

BIT_DEPTHS = (5, 6, 7, 8)
ROTATED_ROUNDING = 1 / 3
"""Rounding offset of the dead-zone quantiser of rotated coefficients, as in HEVC encoders for intra pictures. Chosen
on BSDS500 val, where a half costs 5 % more rate (docs/methods.md)."""
MIN_SPAN = 1e-6
"""Of the range of a coefficient: a constant one has none."""


def nearest(coefficients: Doubles) -> Indices:
    """The CAE's uniform quantiser: coefficients in quantiser steps -> the nearest level of each, ties to even."""
    return np.rint(coefficients).astype(np.int32)


@dataclass(frozen=True)
class CoefficientQuantiser:
    """A uniform quantiser for each of N coefficients: value = (first + index) * step, 0 <= index < levels.

    ``rounding``: the rounding offset, in quantiser steps; below a half the quantiser has a dead zone.
    """

    first: npt.NDArray[np.int64]
    step: npt.NDArray[np.float64]
    levels: npt.NDArray[np.int64]
    rounding: float

    @classmethod
    def from_ranges(cls, low: Floats, high: Floats, bits: int, shared_step: bool) -> CoefficientQuantiser:
        """Cover [low, high] with at most 2**bits levels for each coefficient.

        Args:
            low: smallest value of each coefficient on the training set, (N,).
            high: largest value, (N,).
            bits: depth of the quantiser, 5..8 in the paper.
            shared_step: one step for all, set by the widest range, so that rotated coefficients of low variance get
                few levels, and the offset ``ROTATED_ROUNDING``; otherwise each has its own step, for all its levels.
        """
        if shared_step:
            return cls.with_shared_step(low, high, 2**bits)
        spans = np.maximum(high.astype(np.float64) - low, MIN_SPAN)
        # Two levels in reserve: both ends of a range are rounded outwards to multiples of the step.
        return cls._covering(low, high, spans / (2**bits - 2), 2**bits, 0.5)

    @classmethod
    def with_shared_step(cls, low: Floats, high: Floats, levels: float) -> CoefficientQuantiser:
        """As ``from_ranges`` with one step for all, the widest range in any number of ``levels`` over 2."""
        spans = np.maximum(high.astype(np.float64) - low, MIN_SPAN)
        step = np.full_like(spans, (spans / (levels - 2)).max())
        return cls._covering(low, high, step, int(levels), ROTATED_ROUNDING)

    @classmethod
    def _covering(cls, low: Floats, high: Floats, step: Doubles, most: int, rounding: float) -> CoefficientQuantiser:
        first = np.floor(low / step).astype(np.int64)
        levels = np.minimum(np.ceil(high / step).astype(np.int64) - first + 1, most)
        return cls(first, step, levels, rounding)

    def quantise(self, vectors: Floats | npt.NDArray[np.float64]) -> Indices:
        """(tiles, N) float -> (tiles, N) index; values beyond the range are clipped to it."""
        magnitudes = np.floor(np.abs(vectors / self.step) + self.rounding)
        indices = np.copysign(magnitudes, vectors) - self.first
        return np.clip(indices, 0, self.levels - 1).astype(np.int32)

    def dequantise(self, indices: Indices) -> Floats:
        """(tiles, N) index -> (tiles, N) float."""
        return ((indices + self.first) * self.step).astype(np.float32)

    def histograms(self, indices: Indices) -> npt.NDArray[np.uint16]:
        """Counts of each level of each coefficient plus one, all coefficients in one row of ``levels.sum()``.

        Args:
            indices: of fewer than 2**16 - 1 tiles.
        """
        counts = [
            np.bincount(column, minlength=levels) + 1 for column, levels in zip(indices.T, self.levels, strict=True)
        ]
        return np.concatenate(counts).astype(np.uint16)
