"""BD-rate of many curves at a time: the same curve over each image, or over each resample of a bootstrap.

PCHIP as in ``metrics.rate.bd_rate``, for whose single curves the ``bjontegaard`` package is used; here every column of
an array is a curve, with its own Pareto front. Interpolated is the natural logarithm of the rate over the quality, by
the slopes of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984) and three-point slopes at the ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from licbench.metrics.rate import on_pareto_front

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]

LEAST_ROWS = 3
"""The formulas of the ends look at three points; shorter curves are filled up with NaN."""

DECIMALS = 10
"""Of quality and log rate: points that differ by the rounding of a sum are one point, not a step of the curve."""


@dataclass(frozen=True)
class Fronts:
    """The Pareto fronts of many curves, interpolated: each array has the shape (points, curves).

    In every column the front's points come first, by rising quality, and NaN after them.
    """

    quality: Floats
    log_rate: Floats

    @classmethod
    def of(cls, rates: Floats, qualities: Floats) -> Fronts:
        """The fronts of curves in any order of points, both of shape (points, curves).

        A point that is not finite or without a positive rate is left out, as are points that another equals or beats.
        """
        usable = np.isfinite(rates) & np.isfinite(qualities) & (rates > 0)
        logarithm = np.log(rates, out=np.full(rates.shape, np.inf), where=usable).round(DECIMALS)
        quality = np.where(usable, qualities, np.nan).round(DECIMALS)
        front = on_pareto_front(logarithm, quality)
        # On a front rate and quality rise together, so each may be sorted by itself; NaN goes last
        filled = [np.sort(np.where(front, values, np.nan), axis=0) for values in (quality, logarithm)]
        missing = max(0, LEAST_ROWS - len(rates))
        padded = (np.pad(each, ((0, missing), (0, 0)), constant_values=np.nan) for each in filled)
        return cls(*padded)

    @cached_property
    def counts(self) -> Counts:
        """Points on each front."""
        counts: Counts = np.isfinite(self.quality).sum(axis=0)
        return counts

    @cached_property
    def lowest(self) -> Floats:
        """The lowest quality of each front; NaN without a point."""
        lowest: Floats = self.quality[0]
        return lowest

    @cached_property
    def highest(self) -> Floats:
        """The highest quality of each front; NaN without a point."""
        return _row(self.quality, np.maximum(self.counts - 1, 0))

    @cached_property
    def _widths(self) -> Floats:
        return np.diff(self.quality, axis=0)

    @cached_property
    def _secants(self) -> Floats:
        return np.diff(self.log_rate, axis=0) / self._widths

    @cached_property
    def _slopes(self) -> Floats:
        """At each point; every secant rises, since a front does, which leaves one case of the formulas."""
        width, secant, last = self._widths, self._secants, np.maximum(self.counts - 1, 1)
        slopes = np.full(self.quality.shape, np.nan)
        before, after = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
        slopes[1:-1] = (before + after) / (before / secant[:-1] + after / secant[1:])
        of_two = self.counts == 2
        slopes[0] = np.where(of_two, secant[0], _end_slope(width[0], width[1], secant[0], secant[1]))
        near, far = last - 1, np.maximum(last - 2, 0)
        end = _end_slope(_row(width, near), _row(width, far), _row(secant, near), _row(secant, far))
        np.put_along_axis(slopes, last[None], np.where(of_two, secant[0], end)[None], axis=0)
        return slopes

    @cached_property
    def _coefficients(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Of each interval's cubic in the distance from its lower point, constant first."""
        low, high = self._slopes[:-1], self._slopes[1:]
        square = (3 * self._secants - 2 * low - high) / self._widths
        cube = (low + high - 2 * self._secants) / self._widths**2
        return self.log_rate[:-1], low, square, cube

    @cached_property
    def _areas(self) -> Floats:
        """The integral from a front's first point to each of its points."""
        whole = np.nan_to_num(_antiderivative(self._coefficients, self._widths))
        return np.concatenate([np.zeros_like(whole[:1]), np.cumsum(whole, axis=0)])

    def _interval(self, quality: Floats) -> tuple[Counts, Floats]:
        """In which interval one quality of each curve lies, and how far from its lower point."""
        at = np.clip((self.quality[1:] <= quality).sum(axis=0), 0, np.maximum(self.counts - 2, 0))
        return at, quality - _row(self.quality, at)

    def log_rate_at(self, quality: Floats) -> Floats:
        """The logarithm of the rate at one quality of each curve, shape (curves,), within its range."""
        at, distance = self._interval(quality)
        constant, slope, square, cube = (_row(values, at) for values in self._coefficients)
        value: Floats = constant + distance * (slope + distance * (square + distance * cube))
        return value

    def area_to(self, quality: Floats) -> Floats:
        """The integral of the logarithm of the rate from each front's lowest quality to ``quality``, (curves,)."""
        at, distance = self._interval(quality)
        part = _antiderivative(tuple(_row(values, at) for values in self._coefficients), distance)
        return _row(self._areas, at) + part

    def points_within(self, low: Floats, high: Floats) -> Counts:
        """How many points of each front have a quality from ``low`` to ``high``."""
        within: Counts = ((self.quality >= low) & (self.quality <= high)).sum(axis=0)
        return within

    def column(self, number: int, times: int = 1) -> Fronts:
        """One of the curves, alone or several times."""
        return Fronts(self.quality[:, [number] * times], self.log_rate[:, [number] * times])


@dataclass(frozen=True)
class Difference:
    """What many curves need more than their anchors, each array of shape (curves,)."""

    low: Floats
    """Of the common range of quality; at or above ``high`` where there is none."""
    high: Floats
    percent: Floats
    """BD-rate; NaN where there is none: no common range, or a front of fewer than two points."""
    points: Counts
    """Of the curve's front in the common range."""
    anchor_points: Counts


def difference(anchor: Fronts, test: Fronts) -> Difference:
    """BD-rate of each curve of ``test`` against the same column of ``anchor``, in percent; negative: fewer bits."""
    low, high = np.maximum(anchor.lowest, test.lowest), np.minimum(anchor.highest, test.highest)
    defined = (high > low) & (anchor.counts > 1) & (test.counts > 1)
    start, end = np.where(defined, low, np.nan), np.where(defined, high, np.nan)
    areas = [front.area_to(end) - front.area_to(start) for front in (test, anchor)]
    percent = 100 * np.expm1((areas[0] - areas[1]) / (end - start))
    return Difference(low, high, percent, test.points_within(low, high), anchor.points_within(low, high))


def _row(values: Floats, at: Counts) -> Floats:
    """From each column of ``values`` the element that ``at`` says."""
    row: Floats = np.take_along_axis(values, at[None], axis=0)[0]
    return row


def _end_slope(near: Floats, far: Floats, near_secant: Floats, far_secant: Floats) -> Floats:
    """The slope of the parabola through the three points at an end, unless it falls: then zero."""
    slope = ((2 * near + far) * near_secant - near * far_secant) / (near + far)
    return np.maximum(slope, 0.0)


def _antiderivative(coefficients: tuple[Floats, ...], distance: Floats) -> Floats:
    """The integral of a cubic, constant first, from 0 to ``distance``."""
    total = np.zeros_like(distance)
    for power in range(len(coefficients), 0, -1):
        total = (total + coefficients[power - 1] / power) * distance
    return total
