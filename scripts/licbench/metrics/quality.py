"""Scores of any metric as numbers that rise with quality: what curves are compared in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def as_quality(scores: npt.ArrayLike, *, rising: bool, decibels: bool) -> Floats:
    """Scores as they are, negated, or as their distance to a perfect one in decibels; NaN stays NaN.

    Args:
        scores: of one metric, any shape.
        rising: whether a higher score is better.
        decibels: for a metric that saturates: the distance to 1, or to 0 where lower is better; a perfect score is
            infinitely good.
    """
    found = np.asarray(scores, np.float64)
    if not decibels:
        return found if rising else -found
    with np.errstate(divide="ignore"):
        distance: Floats = -10 * np.log10(np.maximum(1 - found if rising else found, 0))
    return distance
