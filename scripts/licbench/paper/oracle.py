"""What choosing a codec and an operating point for each image could gain at most: an oracle over measured rows.

At each lambda every image takes its row of least J = D + lambda R; nothing is spent on saying which. One codec alone
gains by that, too: its operating point then differs from image to image. So each is judged alone, then all together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.curves import curve_of, finite, pooled_ms_ssim_db, pooled_psnr
from licbench.evaluation.pooling import Floats
from licbench.metrics.rate import bd_rate
from licbench.paper.claims.verdicts import interval_of

LAMBDAS = np.geomspace(100, 60000, 24)
"""Squared errors, summed over R, G and B, that a bit is worth."""
DIGITS = 2
ALL = "all"
COLUMNS = ["choice", "bd_rate_psnr", "low", "high", "bd_rate_ms_ssim", "taken"]


def oracle(rows: pd.DataFrame, codecs: Sequence[str], anchor: tuple[str, str]) -> pd.DataFrame:
    """BD-rates in percent of the oracle's curves: of each codec alone, and of all together; ``COLUMNS``.

    ``low`` and ``high`` are the 95 % bootstrap interval of ``bd_rate_psnr`` over images; ``taken`` says how often each
    codec was taken, over all images and lambdas.

    Args:
        rows: see ``measurement.rows``.
        codecs: from whose rows to choose.
        anchor: codec and curve, at fixed operating points.

    Raises:
        PointsError: a codec or the anchor is not measured.
    """
    if absent := sorted({*codecs, anchor[0]} - set(rows["codec"])):
        raise PointsError(f"no rows of {', '.join(absent)}; add it to codecs in the config")
    fixed = rows[(rows["codec"] == anchor[0]) & (rows["curve"] == anchor[1])]
    choices = {codec: [codec] for codec in codecs} | ({ALL: list(codecs)} if len(codecs) > 1 else {})
    return pd.DataFrame([_line(name, chosen(rows, own), fixed) for name, own in choices.items()], columns=COLUMNS)


def chosen(rows: pd.DataFrame, codecs: Sequence[str]) -> pd.DataFrame:
    """For each image and lambda the row of least J, of equal ones the first; ``point`` names the lambda."""
    own = rows[rows["codec"].isin(list(codecs))].reset_index(drop=True)
    parts = []
    for weight in LAMBDAS:
        best = (own["sse"] + weight * 8 * own["bytes"]).groupby(own["image"], sort=True).idxmin()
        taken = own.loc[best.to_numpy()]
        parts.append(taken.assign(made_by=taken["codec"], codec="oracle", curve="oracle", point=f"{weight:09.2f}"))
    together: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return together


def _line(name: str, taken: pd.DataFrame, fixed: pd.DataFrame) -> dict[str, object]:
    ours, theirs = curve_of(taken, f"oracle of {name}"), curve_of(fixed, "the anchor")

    def in_psnr(draw: Floats) -> float:
        return bd_rate(*finite(theirs, draw, pooled_psnr), *finite(ours, draw, pooled_psnr))

    def in_ms_ssim(draw: Floats) -> float:
        return bd_rate(*finite(theirs, draw, pooled_ms_ssim_db), *finite(ours, draw, pooled_ms_ssim_db))

    once, counts = np.ones(ours.images), taken["made_by"].value_counts().sort_index()
    low, high = interval_of(in_psnr, ours.images)
    return {
        "choice": name,
        "bd_rate_psnr": _or_nan(in_psnr, once),
        "low": round(low, DIGITS),
        "high": round(high, DIGITS),
        "bd_rate_ms_ssim": _or_nan(in_ms_ssim, once),
        "taken": ", ".join(f"{codec} {count}" for codec, count in counts.items()),
    }


def _or_nan(quantity: Callable[[Floats], float], draw: Floats) -> float:
    """NaN where the curves share no quality, or the images are too small to have one."""
    try:
        return round(quantity(draw), DIGITS)
    except PointsError:
        return nan
