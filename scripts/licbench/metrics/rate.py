"""Rates, and the average rate difference between two curves."""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from licbench.errors import PointsError

INTERPOLATION = "pchip"
"""Piecewise cubic and monotone, as in the JVET common test conditions: it cannot overshoot between uneven points."""

Floats = npt.NDArray[np.float64]


@overload
def bits_per_pixel(size: int, pixels: int) -> float: ...


@overload
def bits_per_pixel(size: Floats, pixels: Floats) -> Floats: ...


def bits_per_pixel(size: int | Floats, pixels: int | Floats) -> float | Floats:
    """Bits of a stream of ``size`` bytes for each of ``pixels``; with sums over a dataset, CLIC's bpp."""
    return 8 * size / pixels


def bd_rate(
    anchor_rates: npt.ArrayLike, anchor_psnr: npt.ArrayLike, rates: npt.ArrayLike, psnr: npt.ArrayLike
) -> float:
    """Bjontegaard's rate difference at equal PSNR, in percent; negative where the curve needs less than the anchor.

    The mean over the common PSNR range of the difference of log rates, interpolated by PCHIP between the
    points of each curve's Pareto front; the others are left out.

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
            f"BD-rate of curves without common quality ({_span(test[1])} against {_span(anchor[1])}); "
            "measure nearer points"
        )
    return float(
        bjontegaard.bd_rate(*anchor, *test, method=INTERPOLATION, require_matching_points=False, min_overlap=0)
    )


def pareto_front(rates: npt.ArrayLike, qualities: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The rates and qualities of a curve's Pareto front, both rising.

    Raises:
        PointsError: a point is not finite or its rate not positive, or the front has fewer than two points.
    """
    rate, quality = np.asarray(rates, np.float64), np.asarray(qualities, np.float64)
    if rate.shape != quality.shape or not (np.isfinite(rate) & np.isfinite(quality) & (rate > 0)).all():
        raise PointsError("BD-rate of a point without a finite PSNR and a positive rate; leave that point out")
    front = on_pareto_front(rate, quality)
    if front.sum() < 2:
        raise PointsError("BD-rate of a curve with fewer than two points; measure it at more settings")
    order = np.argsort(rate[front])
    return rate[front][order], quality[front][order]


def on_pareto_front(rates: npt.ArrayLike, qualities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which points no other point equals or beats in quality at no higher rate; of equal points, the first.

    Without a quality (NaN) a point is not on the front; infinite qualities count.

    Args:
        rates: shape (points,), or (points, curves) for many curves at a time.
        qualities: of the same shape.
    """
    rate, quality = np.asarray(rates, np.float64), np.asarray(qualities, np.float64)
    order = np.lexsort((-quality, rate), axis=0)
    ranked = np.take_along_axis(quality, order, axis=0)
    lowest = np.full_like(ranked[:1], -np.inf)
    best_before = np.fmax.accumulate(np.concatenate([lowest, ranked]), axis=0)[: len(ranked)]
    front = np.zeros(rate.shape, np.bool_)
    np.put_along_axis(front, order, ranked > best_before, axis=0)
    return front


def _span(qualities: Floats) -> str:
    return f"{qualities[0]:.2f}..{qualities[-1]:.2f} dB"
