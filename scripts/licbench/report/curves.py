"""Quality against rate for the interactive plot: the whole dataset pooled, and each image by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from licbench.evaluation.curve_rows import curves
from licbench.evaluation.pooling import POINT, pool
from licbench.metrics.rate import on_pareto_front
from licbench.metrics.registry import metric_class
from licbench.paper.figures.rate_distortion import PUBLISHED, STYLES, Style, styles_of, with_pareto_fronts

DASHES = {"-": "solid", "--": "dash", ":": "dot", "-.": "dashdot"}
SYMBOLS = {
    "s": "square", "D": "diamond", "v": "triangle-down", "P": "cross", ">": "triangle-right", "o": "circle",
    "h": "hexagon", "p": "pentagon", "^": "triangle-up", "X": "x", "<": "triangle-left", "H": "hexagon2",
    "d": "diamond-tall", "*": "star", "8": "octagon",
}  # fmt: skip
"""Matplotlib's markers, as the printed figures use them -> the plot library's names."""
WHOLE = ""
"""Key of the pooled dataset, where other keys are image ids."""


def curve_data(
    rows: pd.DataFrame,
    published: pd.DataFrame,
    qp: int,
    threshold_db: float,
    *,
    scores: Mapping[str, pd.DataFrame] | None = None,
    others: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """What the plot shows, ready for JSON.

    Args:
        rows: see ``measurement.rows``; all rows of one dataset, sweeps and ablations.
        published: the paper's points (Figure 6), columns codec, bpp, psnr_db, ms_ssim.
        qp: of super-resolution while its threshold moves.
        threshold_db: of super-resolution while its QP moves.
        scores: further metric -> its table, see ``measurement.scores``; of the sweeps' points.
        others: points of published curves (``external_curves.points_of``), shown with the pooled dataset.

    Returns:
        ``images``; ``styles`` of the curves; ``metrics``: id and title of each further metric; ``points``: image id, or
        "" for the dataset pooled after the CLIC 2018 protocol -> curve -> [setting, bpp, psnr_db, ms_ssim, on Pareto
        front in PSNR, in MS-SSIM, and for each further metric the images' mean, on Pareto front in it], by rising rate;
        ``published`` likewise, without those. An infinite PSNR and a missing value are null.
    """
    images = list(dict.fromkeys(rows["image"]))
    scores = scores or {}
    scored = _with_scores(rows, scores)
    whole = _pooled(curves(scored, qp, threshold_db), list(scores), others)
    points = {WHOLE: _points(whole, list(scores))}
    for image, own in scored.groupby("image", sort=False):
        points[str(image)] = _points(_pooled(curves(own, qp, threshold_db), list(scores)), list(scores))
    return {
        "images": images,
        "metrics": [{"id": metric, "title": _title(metric)} for metric in scores],
        "styles": {curve_key(*key): plot_style(key[0], style) for key, style in styles_of(whole).items()},
        "points": points,
        "published": [
            {
                "name": str(name),
                "colour": STYLES[PUBLISHED[str(name)]].colour,
                "symbol": SYMBOLS[STYLES[PUBLISHED[str(name)]].marker],
                "points": [["as published", *map(_number, line)] for line in _triples(own)],
            }
            for name, own in published.groupby("codec", sort=False)
        ],
    }


def curve_key(codec: str, curve: str) -> str:
    """A curve's name in the data of a page."""
    return f"{codec}/{curve}"


def plot_style(codec: str, style: Style) -> Mapping[str, str]:
    """A style of the figures in the plot library's words."""
    return {
        "label": style.label,
        "codec": codec,
        "colour": style.colour,
        "dash": DASHES[style.dashes],
        "symbol": SYMBOLS[style.marker],
    }


def _title(metric: str) -> str:
    kind = metric_class(metric)
    unit = f" ({kind.unit})" if kind.unit else ""
    return f"{kind.title}{unit}{'' if kind.higher_is_better else ', lower is better'}"


def _with_scores(rows: pd.DataFrame, scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows with a column for each metric; empty where a row has no score."""
    key = ["codec", "image", "point"]
    for metric, table in scores.items():
        rows = rows.merge(table[[*key, "value"]].rename(columns={"value": metric}), on=key, how="left")
    return rows


def _pooled(rows: pd.DataFrame, metrics: Sequence[str], others: pd.DataFrame | None = None) -> pd.DataFrame:
    """The pooled points, and ``others``, with Pareto fronts; of a further metric the mean, where all have a score."""
    pooled = pool(rows)
    pooled = with_pareto_fronts(pooled if others is None else pd.concat([pooled, others], ignore_index=True))
    for metric in metrics:
        means = rows.groupby(POINT, sort=False)[metric].agg(lambda values: values.mean(skipna=False)).reset_index()
        pooled = pooled.merge(means, on=POINT, how="left")
        quality = [metric_class(metric).quality(value) if pd.notna(value) else np.nan for value in pooled[metric]]
        front = pooled.assign(quality=quality).groupby(["codec", "curve"], sort=False)[["bpp", "quality"]]
        pooled[f"on_pareto_front_{metric}"] = False
        for _, own in front:
            pooled.loc[own.index, f"on_pareto_front_{metric}"] = on_pareto_front(own["bpp"], own["quality"])
    return pooled


def _points(data: pd.DataFrame, metrics: Sequence[str]) -> dict[str, list[list[Any]]]:
    fronts = ["on_pareto_front_psnr", "on_pareto_front_ms_ssim"]
    further = [name for metric in metrics for name in (metric, f"on_pareto_front_{metric}")]
    return {
        curve_key(str(codec), str(curve)): [
            [point, *map(_number, triple), *map(int, on_front), *(_number(value) for value in more)]
            for point, triple, on_front, more in zip(
                own["point"], _triples(own), own[fronts].to_numpy(), own[further].to_numpy(np.float64), strict=True
            )
        ]
        for (codec, curve), own in data.groupby(["codec", "curve"], sort=False)
    }


def _triples(data: pd.DataFrame) -> Any:
    return data[["bpp", "psnr_db", "ms_ssim"]].to_numpy(np.float64)


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
