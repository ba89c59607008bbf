"""The quantities that claims are about, as functions of a draw of the images.

A statistic takes where curves come from and gives back a function of the draw, so that the curves are looked up once
and a bootstrap can ask again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from licbench.errors import PointsError
from licbench.evaluation.curves import (
    Coordinates,
    MeasuredCurve,
    RateDistortionCurve,
    finite,
    pooled_ms_ssim,
    pooled_psnr,
    quality_at_rate,
)
from licbench.evaluation.pooling import Floats
from licbench.metrics.rate import bd_rate, pareto_front
from licbench.paper.claims.bench import Bench, GanPoint, Ref, Source

OfDraw = Callable[[Floats], float]
Statistic = Callable[[Bench], OfDraw]


def rate_difference(test: Ref, anchor: Ref, read: Coordinates) -> Callable[[Source], OfDraw]:
    """BD-rate of a curve against an anchor, in percent; negative where it needs less."""

    def of(source: Source) -> OfDraw:
        ours, theirs = source.curve(test), source.curve(anchor)
        return lambda draw: bd_rate(*finite(theirs, draw, read), *finite(ours, draw, read))

    return of


def rate_difference_to_nearest(test: Ref, anchors: Sequence[Ref], read: Coordinates) -> Callable[[Source], OfDraw]:
    """BD-rate of a curve against the anchor that comes nearest to it, in percent; negative where it beats them all.

    An anchor without common quality is left out: what reaches only less than all of the curve is no rival.
    """

    def of(source: Source) -> OfDraw:
        ours, theirs = source.curve(test), [source.curve(anchor) for anchor in anchors]

        def value(draw: Floats) -> float:
            found, missing = list[float](), list[PointsError]()
            for each in theirs:
                try:
                    found.append(bd_rate(*finite(each, draw, read), *finite(ours, draw, read)))
                except PointsError as error:
                    missing.append(error)
            if not found:
                raise missing[0]
            return max(found)

        return value

    return of


def rate_difference_in_figure5(test: str, anchor: str) -> Callable[[Bench], OfDraw]:
    """How much more rate one rotation needs in Figure 5 than another, in percent; of one image, whatever is drawn."""

    def of(bench: Bench) -> OfDraw:
        percent = bench.figure5.difference(test, anchor)
        return lambda _: percent

    return of


def difference_at_rate(test: Ref, others: Sequence[Ref], read: Coordinates, bpp: float) -> Callable[[Source], OfDraw]:
    """Quality of a curve at a rate, less the best of the others there.

    Another one that only reaches higher rates counts with its cheapest point, as long as that is worse all the same: at
    the rate itself it would be worse still, and the difference larger.
    """

    def of(source: Source) -> OfDraw:
        ours, theirs = source.curve(test), [source.curve(other) for other in others]

        def value(draw: Floats) -> float:
            quality = quality_at_rate(ours, draw, read, bpp)
            return quality - max(_rival_quality(each, draw, read, bpp, quality) for each in theirs)

        return value

    return of


def similarity_at_equal_psnr(test: Ref, other: Ref, bpp: float) -> Callable[[Source], OfDraw]:
    """MS-SSIM of a curve at a rate, less what the other has where its PSNR is the same."""

    def of(source: Source) -> OfDraw:
        ours, theirs = source.curve(test), source.curve(other)

        def value(draw: Floats) -> float:
            quality = quality_at_rate(ours, draw, pooled_psnr, bpp)
            return quality_at_rate(ours, draw, pooled_ms_ssim, bpp) - quality_at_rate(
                theirs, draw, pooled_ms_ssim, _rate_at(theirs, draw, quality)
            )

        return value

    return of


def gan_difference(test: GanPoint, others: Sequence[GanPoint], read: Coordinates) -> Callable[[Bench], OfDraw]:
    """Quality of an operating point of the GAN, less the best of the others."""

    def of(bench: Bench) -> OfDraw:
        ours, theirs = bench.gan(test), [bench.gan(other) for other in others]
        return lambda draw: _single(ours, draw, read)[1] - max(_single(each, draw, read)[1] for each in theirs)

    return of


def gan_steps(pairs: Sequence[tuple[GanPoint, GanPoint]], read: Coordinates) -> Callable[[Bench], OfDraw]:
    """Gain of quality from the first to the second of each pair, averaged over the pairs that are measured."""

    def of(bench: Bench) -> OfDraw:
        measured = _measured_pairs(bench, pairs)
        return lambda draw: float(
            np.mean([_single(after, draw, read)[1] - _single(before, draw, read)[1] for before, after in measured])
        )

    return of


def gan_rate_factor(pairs: Sequence[tuple[GanPoint, GanPoint]]) -> Callable[[Bench], OfDraw]:
    """Growth of the rate from the first to the second of each pair, averaged over the pairs that are measured."""

    def of(bench: Bench) -> OfDraw:
        measured = _measured_pairs(bench, pairs)
        return lambda draw: float(
            np.mean(
                [
                    _single(after, draw, pooled_psnr)[0] / _single(before, draw, pooled_psnr)[0]
                    for before, after in measured
                ]
            )
        )

    return of


def adaptive_gain(adaptive_qp: int, plain_qp: int, read: Coordinates) -> Callable[[Bench], OfDraw]:
    """Quality of adaptive super-resolution at one QP, less that of SRCNN throughout at another."""

    def of(bench: Bench) -> OfDraw:
        adaptive, plain = bench.sr(adaptive_qp, adaptive=True), bench.sr(plain_qp, adaptive=False)
        return lambda draw: _single(adaptive, draw, read)[1] - _single(plain, draw, read)[1]

    return of


def srcnn_share(threshold_db: float) -> Callable[[Bench], OfDraw]:
    """Share of the images whose Pre_PSNR reaches the threshold."""

    def of(bench: Bench) -> OfDraw:
        takes = bench.pre_psnr() >= threshold_db
        return lambda draw: float(takes @ draw / draw.sum())

    return of


def _rival_quality(curve: RateDistortionCurve, draw: Floats, read: Coordinates, bpp: float, ours: float) -> float:
    rates, quality = pareto_front(*finite(curve, draw, read))
    if rates[0] > bpp and quality[0] < ours:
        return float(quality[0])
    return quality_at_rate(curve, draw, read, bpp)


def _rate_at(curve: RateDistortionCurve, draw: Floats, psnr_db: float) -> float:
    """Rate at a PSNR, its logarithm linear between the points of the curve."""
    rates, quality = pareto_front(*finite(curve, draw, pooled_psnr))
    if not quality[0] <= psnr_db <= quality[-1]:
        raise PointsError(f"{curve.name} spans {quality[0]:.2f} to {quality[-1]:.2f} dB, not {psnr_db:.2f}; extend it")
    return float(np.exp(np.interp(psnr_db, quality, np.log(rates))))


def _single(point: MeasuredCurve, draw: Floats, read: Coordinates) -> tuple[float, float]:
    """Rate and quality of a curve of one point."""
    (rate,), (quality,) = read(point, draw)
    return float(rate), float(quality)


def _measured_pairs(
    bench: Bench, pairs: Sequence[tuple[GanPoint, GanPoint]]
) -> list[tuple[MeasuredCurve, MeasuredCurve]]:
    found, missing = [], []
    for before, after in pairs:
        try:
            found.append((bench.gan(before), bench.gan(after)))
        except PointsError as error:
            missing.append(error)
    if not found:
        raise missing[0]
    return found
