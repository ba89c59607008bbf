"""Quality against rate for the interactive plot: the whole dataset pooled, and each image by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from licbench.evaluation.curve_rows import curves
from licbench.evaluation.pooling import pool
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
    rows: pd.DataFrame, published: pd.DataFrame, qp: int, threshold_db: float, others: pd.DataFrame | None = None
) -> dict[str, Any]:
    """What the plot shows, ready for JSON.

    Args:
        rows: see ``measurement.rows``; all rows of one dataset, sweeps and ablations.
        published: the paper's points (Figure 6), columns codec, bpp, psnr_db, ms_ssim.
        qp: of super-resolution while its threshold moves.
        threshold_db: of super-resolution while its QP moves.
        others: points of published curves (``external_curves.points_of``), shown with the pooled dataset.

    Returns:
        ``images``; ``styles`` of the curves; ``points``: image id, or "" for the dataset pooled after the CLIC 2018
        protocol -> curve -> [setting, bpp, psnr_db, ms_ssim, on Pareto front in PSNR, in MS-SSIM], by rising rate;
        ``published`` likewise. An infinite PSNR and a missing MS-SSIM are null.
    """
    images = list(dict.fromkeys(rows["image"]))
    pooled = pool(curves(rows, qp, threshold_db))
    whole = with_pareto_fronts(pooled if others is None else pd.concat([pooled, others], ignore_index=True))
    points = {WHOLE: _points(whole)}
    for image, own in rows.groupby("image", sort=False):
        points[str(image)] = _points(with_pareto_fronts(pool(curves(own, qp, threshold_db))))
    return {
        "images": images,
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


def _points(data: pd.DataFrame) -> dict[str, list[list[Any]]]:
    return {
        curve_key(str(codec), str(curve)): [
            [point, *map(_number, triple), int(psnr), int(ms_ssim)]
            for point, triple, psnr, ms_ssim in zip(
                own["point"], _triples(own), own["on_pareto_front_psnr"], own["on_pareto_front_ms_ssim"], strict=True
            )
        ]
        for (codec, curve), own in data.groupby(["codec", "curve"], sort=False)
    }


def _triples(data: pd.DataFrame) -> Any:
    return data[["bpp", "psnr_db", "ms_ssim"]].to_numpy(np.float64)


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
