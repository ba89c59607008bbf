"""Rates, and the average rate difference between two curves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from licbench.errors import PointsError

INTERPOLATION = "pchip"
"""Piecewise cubic and monotone, as in the JVET common test conditions: it cannot overshoot between uneven points."""

Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def bits_per_pixel(size: int, pixels: int) -> float:
    """Bits of a file of ``size`` bytes for each of ``pixels``; with sums over a dataset, CLIC's bpp."""
    return 8 * size / pixels


def bd_rate(
    anchor_rates: npt.ArrayLike, anchor_psnr: npt.ArrayLike, rates: npt.ArrayLike, psnr: npt.ArrayLike
) -> float:
    """Bjontegaard's rate difference at equal PSNR, in percent; negative where the curve needs less than the anchor.

    The mean over the common PSNR range of the difference of log rates, interpolated by PCHIP. Of each
    curve only the Pareto front counts.

    Args:
        anchor_rates: positive, in any unit, in any order.
        anchor_psnr: dB, one for each rate.
        rates: of the curve to judge, in the same unit.
        psnr: dB, one for each rate.

    Raises:
        PointsError: a curve has fewer than two points or an impossible one, or the curves share no PSNR range.
    """
    # Pulls in matplotlib, a second that only tables need.
    import bjontegaard  # noqa: PLC0415

    anchor, test = pareto_front(anchor_rates, anchor_psnr), pareto_front(rates, psnr)
    if min(anchor[1][-1], test[1][-1]) <= max(anchor[1][0], test[1][0]):
        raise PointsError(
            f"BD-rate of curves without common quality ({_span(test)} against {_span(anchor)}); measure nearer points"
        )
    return float(
        bjontegaard.bd_rate(*anchor, *test, method=INTERPOLATION, require_matching_points=False, min_overlap=0)
    )


def pareto_front(rates: npt.ArrayLike, psnr: npt.ArrayLike) -> Curve:
    """The points that no other beats at no higher rate, in order of rising rate and quality.

    Raises:
        PointsError: a point is not finite or its rate not positive, or fewer than two are left.
    """
    rate, quality = np.asarray(rates, np.float64), np.asarray(psnr, np.float64)
    if rate.shape != quality.shape or not (np.isfinite(rate) & np.isfinite(quality) & (rate > 0)).all():
        raise PointsError("BD-rate of a point without a finite PSNR and a positive rate; leave that point out")
    order = np.lexsort((-quality, rate))
    rate, quality = rate[order], quality[order]
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], quality[:-1]]))
    better = quality > best_before
    if better.sum() < 2:
        raise PointsError("BD-rate of a curve with fewer than two points; measure it at more settings")
    return rate[better], quality[better]


def _span(curve: Curve) -> str:
    return f"{curve[1][0]:.2f}..{curve[1][-1]:.2f} dB"
