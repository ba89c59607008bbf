"""How a claim is judged: a rule written down beforehand, and a bootstrap interval over the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from licbench.errors import PointsError
from licbench.evaluation.bootstrap import LEVEL, resamples
from licbench.evaluation.pooling import Floats

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable here"
RESAMPLES = 500
MOST_UNDEFINED = 1 - LEVEL
"""Share of resamples in which the quantity may be undefined before there is no interval."""


@dataclass(frozen=True)
class Rule:
    """The range in which the quantity lies where the claim holds; ``of_published``: ends relative to that value."""

    low: float = -inf
    high: float = inf
    of_published: bool = False

    def bounds(self, published: float) -> tuple[float, float]:
        """The range in the quantity's unit."""
        shift = published if self.of_published else 0.0
        return self.low + shift, self.high + shift

    def text(self, published: float) -> str:
        """The rule in words."""
        low, high = self.bounds(published)
        if not isfinite(high):
            within, outside = f"at or above {low:.4g}", "below"
        elif not isfinite(low):
            within, outside = f"at or below {high:.4g}", "above"
        else:
            within, outside = f"from {low:.4g} to {high:.4g}", "outside"
        return f"{HOLDS}: whole interval {within}; {FAILS}: whole interval {outside}"

    def verdict(self, interval: tuple[float, float], published: float) -> str:
        """Whether the claim holds of a quantity known to lie in ``interval``."""
        low, high = self.bounds(published)
        if low <= interval[0] and interval[1] <= high:
            return HOLDS
        return FAILS if interval[1] < low or high < interval[0] else OPEN


def interval_of(quantity: Callable[[Floats], float], images: int) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a quantity over images; NaN where there is none.

    There is none for fewer than two images, or where the quantity is undefined in more than ``MOST_UNDEFINED`` of
    the resamples. Equal rows give equal intervals.
    """
    if images < 2:
        return nan, nan
    values = np.array([_or_nan(quantity, draw) for draw in resamples(images, RESAMPLES)])
    if np.isnan(values).mean() > MOST_UNDEFINED:
        return nan, nan
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return float(low), float(high)


def _or_nan(quantity: Callable[[Floats], float], draw: Floats) -> float:
    try:
        return quantity(draw)
    except PointsError:
        return nan
