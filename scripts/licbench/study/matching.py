"""Operating points of several codecs at one rate, image by image: what may be compared by looking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import StudyError
from licbench.evaluation.pooling import rows_of
from licbench.metrics.distortion import mse_y, psnr_of_mse
from licbench.report.operating import Entries, with_ratios

METRICS = ("psnr_db", "psnr_y_db", "ms_ssim")
"""Objective metrics that come out of the rows, larger being better."""
PAIR_COLUMNS = (
    "image",
    "entry",
    "other",
    "point",
    "other_point",
    "bpp",
    "other_bpp",
    "difference",
    "matched",
    "reason",
)


@dataclass(frozen=True)
class Rates:
    """Where rates have to meet: ``low`` to ``high`` bpp, near ``target``, apart by at most the share ``tolerance``."""

    target: float
    low: float
    high: float
    tolerance: float


@dataclass(frozen=True)
class Matched:
    """One image: the row chosen for each entry, with ``bpp`` and ``METRICS``; and why others have none."""

    image: str
    points: Mapping[str, pd.Series[Any]]
    reasons: Mapping[str, str]


def match_rates(rows: pd.DataFrame, entries: Entries, images: Sequence[str], rates: Rates) -> list[Matched]:
    """For each image, one operating point of every entry that has one in the same narrow window of rates.

    The window reaches from a rate to ``1 + tolerance`` times that rate, so that any two points in it are matched. Of
    all windows within the bounds it is the one that holds the most entries, and of those the nearest to the target
    rate. An entry with several points in it takes the one of highest PSNR, the cheaper of equals.

    Args:
        rows: see ``measurement.rows``; they hold the images.
        entries: name -> codec and, where given, curve, point or threshold, as the rows of Table 5.
        images: ids.
        rates: in bits per pixel.

    Raises:
        StudyError: an image has no rows.
    """
    chosen = []
    for image in images:
        own = rows[rows["image"] == image]
        if own.empty:
            raise StudyError(f"study: no row of image {image}; run the workflow again, or take it out of study.images")
        points = {name: with_metrics(own.loc[rows_of(own, entry).index]) for name, entry in entries.items()}
        chosen.append(_match(image, points, rates))
    return chosen


def with_metrics(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``bpp``, ``psnr_db`` and ``psnr_y_db`` (dB; infinite without an error)."""
    lines: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
    luma = [psnr_of_mse(mse_y(line, line["width"] * line["height"])) for line in lines]
    return with_ratios(rows).assign(psnr_y_db=luma)


def pair_table(matched: Sequence[Matched], entries: Entries) -> pd.DataFrame:
    """Every pair of entries on every image, columns ``PAIR_COLUMNS``: matched, or left out with the reason."""
    lines = [_pair(one, first, second) for one in matched for first, second in combinations(entries, 2)]
    return pd.DataFrame(lines, columns=list(PAIR_COLUMNS))


def _match(image: str, points: Mapping[str, pd.DataFrame], rates: Rates) -> Matched:
    inside = {
        name: own[(own["bpp"] >= rates.low) & (own["bpp"] <= rates.high)].sort_values(
            ["psnr_db", "bpp", "point"], ascending=[False, True, True]
        )
        for name, own in points.items()
    }
    starts = np.unique(np.concatenate([own["bpp"].to_numpy(np.float64) for own in inside.values()]))
    if not len(starts):
        return Matched(image, {}, {name: _outside(own, rates) for name, own in points.items()})
    start = min(
        starts, key=lambda rate: (-_held(inside, rate, rates), abs(math.log(_middle(rate, rates) / rates.target)))
    )
    window = {name: own[_within(own, start, rates)] for name, own in inside.items()}
    found = {name: own.iloc[0] for name, own in window.items() if len(own)}
    reasons = {
        name: _outside(points[name], rates) if own.empty else _missed(own, start, rates)
        for name, own in inside.items()
        if name not in found
    }
    return Matched(image, found, reasons)


def _within(own: pd.DataFrame, start: float, rates: Rates) -> pd.Series[bool]:
    return (own["bpp"] >= start) & (own["bpp"] <= start * (1 + rates.tolerance))


def _held(inside: Mapping[str, pd.DataFrame], start: float, rates: Rates) -> int:
    return sum(bool(_within(own, start, rates).any()) for own in inside.values())


def _middle(start: float, rates: Rates) -> float:
    return float(start * math.sqrt(1 + rates.tolerance))


def _outside(own: pd.DataFrame, rates: Rates) -> str:
    if own.empty:
        return "no measured point"
    return (
        f"no point from {rates.low:g} to {rates.high:g} bpp; the nearest has {_nearest(own['bpp'], rates.target):.4f}"
    )


def _missed(own: pd.DataFrame, start: float, rates: Rates) -> str:
    end = start * (1 + rates.tolerance)
    nearest = _nearest(own["bpp"], _middle(start, rates))
    return f"no point from {start:.4f} to {end:.4f} bpp, where most entries meet; the nearest has {nearest:.4f}"


def _nearest(rates: pd.Series[float], to: float) -> float:
    return float(min(rates, key=lambda rate: abs(math.log(rate / to))))


def _pair(one: Matched, first: str, second: str) -> dict[str, Any]:
    line: dict[str, Any] = {"image": one.image, "entry": first, "other": second}
    for name, prefix in ((first, ""), (second, "other_")):
        if name in one.points:
            line |= {f"{prefix}{key}": one.points[name][key] for key in ("point", "bpp")}
    reasons = [f"{name}: {one.reasons[name]}" for name in (first, second) if name in one.reasons]
    if not reasons:
        low, high = sorted([line["bpp"], line["other_bpp"]])
        line["difference"] = high / low - 1
        if one.points[first]["pixels_sha256"] == one.points[second]["pixels_sha256"]:
            reasons.append("both decode to the same pixels")
    return line | {"matched": not reasons, "reason": "; ".join(reasons)}
