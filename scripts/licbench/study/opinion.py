"""Mean opinion scores after ITU-R BT.500: the screening of observers, means, and their confidence intervals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NORMAL_KURTOSIS = (2.0, 4.0)
"""Grades of a presentation count as normally distributed where their kurtosis lies in this range."""
MOST_OUTLYING, MOST_ONE_SIDED = 0.05, 0.3
"""An observer is rejected above the first share of outlying grades, if they lie to both sides: below the second."""


def rejected(grades: Floats) -> npt.NDArray[np.bool_]:
    """Which observers the screening of ITU-R BT.500 rejects (BT.500-13, Annex 2, section 2.3.1).

    For each presentation the kurtosis b2 = m4 / m2**2 of its grades decides the bounds, mean +/- 2 S where
    2 <= b2 <= 4 and mean +/- sqrt(20) S elsewhere, S being the standard deviation with n - 1. For each observer P
    counts the grades at or above the upper bound and Q those at or below the lower. With N grades in all, an observer
    is rejected if (P + Q) / N > 0.05 and |(P - Q) / (P + Q)| < 0.3.

    Args:
        grades: (presentations, observers), NaN where there is none.

    Returns:
        One truth value an observer.
    """
    mean = np.nanmean(grades, axis=1, keepdims=True)
    spread = np.nanstd(grades, axis=1, ddof=1, keepdims=True) if grades.shape[1] > 1 else np.zeros_like(mean)
    moments = [np.nanmean((grades - mean) ** power, axis=1, keepdims=True) for power in (2, 4)]
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = moments[1] / moments[0] ** 2
    normal = (kurtosis >= NORMAL_KURTOSIS[0]) & (kurtosis <= NORMAL_KURTOSIS[1])
    reach = np.where(normal, 2.0, math.sqrt(20)) * spread
    # Where all agree nobody is outlying
    differ = spread > 0
    above = ((grades >= mean + reach) & differ).sum(axis=0)
    below = ((grades <= mean - reach) & differ).sum(axis=0)
    given = (~np.isnan(grades)).sum(axis=0)
    outlying = above + below
    with np.errstate(invalid="ignore", divide="ignore"):
        one_sided = np.abs(above - below) / outlying
        result: npt.NDArray[np.bool_] = (outlying / given > MOST_OUTLYING) & (one_sided < MOST_ONE_SIDED)
    return result


def mean_opinion(grades: Floats) -> tuple[Floats, Floats]:
    """Means over the observers and the half width of their 95 % confidence intervals, 1.96 S / sqrt(n) (BT.500-13,
    Annex 2, section 2.1).

    Args:
        grades: (presentations, observers), NaN where there is none.

    Returns:
        Both of shape (presentations,); the half width is NaN where fewer than two observers graded.
    """
    count = (~np.isnan(grades)).sum(axis=1)
    mean = np.full(len(grades), np.nan)
    half = np.full(len(grades), np.nan)
    for at, row in enumerate(grades):
        own = row[~np.isnan(row)]
        if len(own):
            mean[at] = own.mean()
        if len(own) > 1:
            half[at] = 1.96 * own.std(ddof=1) / math.sqrt(count[at])
    return mean, half
