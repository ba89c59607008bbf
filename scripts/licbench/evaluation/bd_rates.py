"""Every curve against every anchor: BD-rates with their confidence intervals, and the relative rate over quality.

A curve is compared by the Pareto front of its points, so that a ladder of several models (CAE, GAN) counts as the best
of them at each rate, and a point that a cheaper one equals or beats does not count. The fronts of single images, of the
dataset and of every resample of it are each found anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.bootstrap import percentile_interval, resamples
from licbench.evaluation.curves import MeasuredCurve, curve_of
from licbench.evaluation.external_curves import MEAN, MS_SSIM, POOLED, ExternalCurve
from licbench.evaluation.pooling import LUMA, RGB, YCBCR_611, Floats, decibels
from licbench.evaluation.scores import column_of
from licbench.metrics.fronts import Difference, Fronts, difference
from licbench.metrics.quality import as_quality
from licbench.metrics.rate import INTERPOLATION, bits_per_pixel

IMAGES = "images"
"""The mean over the images of each one's BD-rate, where ``POOLED`` and ``MEAN`` give the BD-rate of one curve."""
AVERAGES = (POOLED, MEAN, IMAGES)
FEWEST = 4
"""Points of a front under which there is no BD-rate: as many as Bjontegaard's cubic has coefficients."""
FEWEST_WITHIN = 2
"""Points of each front in the common range under which it would be all interpolation."""
RESAMPLES = 1000
FURTHER_KINDS = ("akima", "cubic")
"""Of interpolation, besides ``INTERPOLATION``, as the ``bjontegaard`` package names them."""
WIDEST_SPREAD = 1.0
"""Percentage points between the kinds of interpolation above which a line is flagged."""
SAMPLES = 41
"""Qualities at which the relative rate is listed."""
PAIR = ("codec", "curve", "anchor_codec", "anchor_curve", "metric", "average")
COLUMNS = (
    *PAIR, "bd_rate", "bd_rate_low", "bd_rate_high", "bd_rate_akima", "bd_rate_cubic", "kinds_disagree",
    "quality_low", "quality_high", "points", "anchor_points", "images", "reason", "source",
)  # fmt: skip
OVER_QUALITY = (*PAIR, "quality", "rate_difference")
WHOLE = ("points", "anchor_points", "images")
DIGITS = 3
"""After the point, in percent and in units of quality."""
PSNR = {"psnr_rgb": RGB, "psnr_y": LUMA, "psnr_611": YCBCR_611}
"""Metric -> colour space of its squared error."""

Curve = tuple[str, str]
"""A codec, or ``PUBLISHED``, and its curve."""
OfDraws = Callable[[Floats], Floats]
"""(images, draws) -> (points, draws)."""


class Reading(NamedTuple):
    """One quality of a curve's points."""

    pooled: OfDraws
    mean: OfDraws
    images: Floats
    """Of each image by itself, shape (points, images)."""


@dataclass(frozen=True)
class Compared:
    """A curve in one metric and one way of averaging."""

    curve: Curve
    fronts: Fronts
    """For ``IMAGES`` a column for each image; else the dataset, and after it its resamples if it is measured."""
    average: str
    images: Sequence[str] = ()
    """The ids, in order; of a published curve none."""
    source: str = ""
    """Of a published curve."""

    @property
    def name(self) -> str:
        """For a reader."""
        return " ".join(self.curve)

    @property
    def singles(self) -> int:
        """How many columns are compared by themselves: the images, or the dataset."""
        return len(self.images) if self.average == IMAGES else 1

    @cached_property
    def interpolated(self) -> list[dict[str, Any]]:
        """Of each of the ``singles``, the integrable interpolation of each further kind."""
        # Pulls in matplotlib, a second that only tables need.
        from bjontegaard.interpolation import interpolate  # noqa: PLC0415

        found = []
        for at, count in enumerate(self.fronts.counts[: self.singles]):
            points = self.fronts.quality[:count, at], self.fronts.log_rate[:count, at]
            found.append({kind: interpolate(*points, kind) for kind in FURTHER_KINDS if count >= FEWEST})
        return found

    def alone(self) -> Compared:
        """Without its resamples."""
        return replace(self, fronts=self.fronts.column(0))


def compare(
    rows: pd.DataFrame,
    anchors: Iterable[Curve],
    published: Sequence[ExternalCurve] = (),
    scores: Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """BD-rates of every curve against every anchor, and the relative rate over quality behind them.

    Args:
        rows: of one dataset, by the curves that are compared (``curve_rows.curves``).
        anchors: those that are not measured are left out.
        published: curves without images; each is compared with all others, and an anchor.
        scores: further metrics, whose values ``rows`` hold (``scores.with_scores``).

    Returns:
        ``COLUMNS``, one line for each pair, metric and average; ``OVER_QUALITY``, of those with a BD-rate of one curve.

    Raises:
        PointsError: a point lacks an image or has it twice.
    """
    wanted = [*dict.fromkeys(anchors), *(curve.key for curve in published)]
    images = sorted(set(rows["image"]))
    draws = np.vstack([np.ones(len(images)), resamples(len(images), RESAMPLES)]).T
    read = {
        (str(codec), str(curve)): _readings(own, images, scores)
        for (codec, curve), own in rows.groupby(["codec", "curve"], sort=False)
    }
    lines: list[dict[str, Any]] = []
    samples: list[pd.DataFrame] = []
    for metric in dict.fromkeys([*PSNR, MS_SSIM, *scores, *(name for curve in published for name in curve.qualities)]):
        for average in AVERAGES:
            own = [
                Compared(key, fronts_of(curve, readings[metric], average, draws), average, images)
                for key, (curve, readings) in read.items()
            ]
            own += [_external(one, metric) for one in published if one.average == average and metric in one.qualities]
            for anchor, test in _pairs(own, wanted):
                pair = dict(zip(PAIR, (*test.curve, *anchor.curve, metric, average), strict=True))
                line = _line(test, anchor, draws[:, 1:])
                lines.append(pair | line)
                if average != IMAGES and not np.isnan(line["bd_rate"]):
                    samples.append(_over_quality(test, anchor, line).assign(**pair))
    table = pd.DataFrame(lines, columns=list(COLUMNS)).astype(dict.fromkeys(WHOLE, "Int64")).round(DIGITS)
    differences = pd.concat(samples, ignore_index=True) if samples else pd.DataFrame(columns=list(OVER_QUALITY))
    return table, differences[list(OVER_QUALITY)].round(DIGITS)


def _pairs(own: Sequence[Compared], anchors: Sequence[Curve]) -> Iterator[tuple[Compared, Compared]]:
    """Each anchor that is there, with every other curve."""
    for name in anchors:
        for anchor in (each for each in own if each.curve == name):
            yield from ((anchor, test) for test in own if test is not anchor)


def read_table(path: Path) -> pd.DataFrame:
    """A table that ``compare`` made, from its file; the names stay text."""
    return pd.read_csv(path, dtype=dict.fromkeys(PAIR, "str"))


def _readings(
    rows: pd.DataFrame, images: Sequence[str], scores: Sequence[str]
) -> tuple[MeasuredCurve, dict[str, Reading]]:
    curve = curve_of(rows, f"{rows['codec'].iloc[0]} {rows['curve'].iloc[0]}")
    if curve.images != len(images):
        raise PointsError(f"{curve.name} lacks some of the images; delete results/points and run again")
    readings = {metric: psnr_reading(curve, space) for metric, space in PSNR.items()} | {MS_SSIM: _ms_ssim(curve)}
    for metric in scores:
        wide = rows.pivot(index=["codec", "curve", "point"], columns="image", values=column_of(metric))
        readings[metric] = _score(curve, wide.to_numpy(np.float64))
    return curve, readings


def psnr_reading(curve: MeasuredCurve, space: str) -> Reading:
    """PSNR in a colour space."""
    return Reading(
        lambda draws: curve.psnr(draws, space),
        lambda draws: curve.mean_psnr(draws, space),
        decibels(curve.sums.mse[space]),
    )


def _ms_ssim(curve: MeasuredCurve) -> Reading:
    sums = curve.sums
    scored = (sums.scored > 0).astype(np.float64)
    with np.errstate(invalid="ignore"):
        images = sums.similarity / sums.scored

    def mean(draws: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return _decibels(np.nan_to_num(images) @ draws / (scored @ draws))

    return Reading(lambda draws: _decibels(sums.ms_ssim(draws)), mean, _decibels(images))


def _decibels(similarity: Floats) -> Floats:
    """Spreads what is close to 1."""
    return as_quality(similarity, rising=True, decibels=True)


def _score(curve: MeasuredCurve, values: Floats) -> Reading:
    """A point without a score on one image has none over the images."""
    pixels = curve.sums.pixels
    return Reading(
        lambda draws: (values * pixels) @ draws / (pixels @ draws),
        lambda draws: values @ draws / draws.sum(axis=0),
        values,
    )


def fronts_of(curve: MeasuredCurve, reading: Reading, average: str, draws: Floats) -> Fronts:
    """The fronts of a curve over draws (images, draws), or for ``IMAGES`` those of the images."""
    # Lossless points have an infinite quality, which no weight takes away
    with np.errstate(invalid="ignore"):
        if average == POOLED:
            return Fronts.of(curve.rates(draws), reading.pooled(draws))
        if average == MEAN:
            return Fronts.of(curve.mean_rates(draws), reading.mean(draws))
        return Fronts.of(bits_per_pixel(curve.sums.bytes, curve.sums.pixels), reading.images)


def _external(curve: ExternalCurve, metric: str) -> Compared:
    fronts = Fronts.of(curve.rates[:, None], curve.qualities[metric][:, None])
    return Compared(curve.key, fronts, curve.average, source=f"{curve.name}: {curve.source}; {curve.protocol}")


def _line(test: Compared, anchor: Compared, draws: Floats) -> dict[str, Any]:
    """What ``COLUMNS`` say of a pair; ``draws`` are the resamples, (images, count)."""
    measured = bool(test.images and anchor.images)
    if not measured:
        test, anchor = test.alone(), anchor.alone()
    found = difference(anchor.fronts, test.fronts)
    line: dict[str, Any] = dict.fromkeys(COLUMNS[len(PAIR) :], np.nan) | {"kinds_disagree": None}
    line |= {
        "images": len(test.images) if measured else np.nan,
        "reason": _reason(test, anchor, found),
        "source": " | ".join(each.source for each in (test, anchor) if each.source),
    }
    if line["reason"]:
        return line
    singles = slice(test.singles)
    line |= _kinds(test, anchor, found) | {
        "quality_low": found.low[singles].min(),
        "quality_high": found.high[singles].max(),
        "points": found.points[singles].min(),
        "anchor_points": found.anchor_points[singles].min(),
    }
    if not measured:
        return line | {"reason": "no interval: published without images"}
    low, high, reason = interval(found.percent, test, draws)
    return line | {"bd_rate_low": low, "bd_rate_high": high, "reason": reason}


def _reason(test: Compared, anchor: Compared, found: Difference) -> str:
    """Why there is no BD-rate, of the dataset or of one image; empty if there is one."""
    problems = {at: problem for at in range(test.singles) if (problem := _problem(test, anchor, found, at))}
    if not problems:
        return ""
    first, problem = next(iter(problems.items()))
    if test.average != IMAGES:
        return problem
    more = f" and {len(problems) - 1} more of {len(test.images)} images" if len(problems) > 1 else ""
    return f"image {test.images[first]}{more}: {problem}"


def _problem(test: Compared, anchor: Compared, found: Difference, at: int) -> str:
    for side in (test, anchor):
        if (count := side.fronts.counts[at]) < FEWEST:
            return f"{side.name} has {count} of the {FEWEST} points that a front needs"
    if not found.low[at] < found.high[at]:
        spans = (f"{each.fronts.lowest[at]:.2f} to {each.fronts.highest[at]:.2f}" for each in (test, anchor))
        return f"no common range of quality, {' against '.join(spans)}"
    for side, points in ((test, found.points[at]), (anchor, found.anchor_points[at])):
        if points < FEWEST_WITHIN:
            return f"{side.name} has {points} of the {FEWEST_WITHIN} points that the common range needs"
    return ""


def _kinds(test: Compared, anchor: Compared, found: Difference) -> dict[str, Any]:
    """The BD-rate by each kind of interpolation, a mean where there are several, and whether they disagree."""
    values = {INTERPOLATION: float(found.percent[: test.singles].mean())}
    for kind in FURTHER_KINDS:
        single = []
        for ours, theirs, low, high in zip(test.interpolated, anchor.interpolated, found.low, found.high):  # noqa: B905
            area = ours[kind].integrate(low, high) - theirs[kind].integrate(low, high)
            single.append(100 * np.expm1(area / (high - low)))
        values[kind] = float(np.mean(single))
    spread = max(values.values()) - min(values.values())
    further = {f"bd_rate_{kind}": values[kind] for kind in FURTHER_KINDS}
    return {"bd_rate": values[INTERPOLATION], **further, "kinds_disagree": bool(spread > WIDEST_SPREAD)}


def interval(percent: Floats, test: Compared, draws: Floats) -> tuple[float, float, str]:
    """The confidence interval over images, or why there is none."""
    images, count = draws.shape
    if images < 2:
        return np.nan, np.nan, "no interval: one image"
    drawn = percent @ draws / images if test.average == IMAGES else percent[test.singles :]
    if undefined := int(np.isnan(drawn).sum()):
        return np.nan, np.nan, f"no interval: undefined in {undefined} of {count} resamples"
    return *percentile_interval(drawn, images), ""


def _over_quality(test: Compared, anchor: Compared, line: Mapping[str, Any]) -> pd.DataFrame:
    """By how many percent the rate is above the anchor's, over the common range."""
    qualities = np.linspace(line["quality_low"], line["quality_high"], SAMPLES)
    ours, theirs = (each.fronts.column(0, SAMPLES).log_rate_at(qualities) for each in (test, anchor))
    return pd.DataFrame({"quality": qualities, "rate_difference": 100 * np.expm1(ours - theirs)})
