"""Curves that others published: points without images, read from the files that they are given in."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.pooling import Floats

PUBLISHED = "published"
"""Stands for the codec of a published curve, whose name is that of the curve."""
POOLED, MEAN = "pooled", "mean"
"""How a curve is averaged over the images: after the CLIC 2018 protocol, or as means of rate and of quality."""
MS_SSIM = "ms_ssim_db"
PSNR = ("psnr_rgb", "psnr_y", "psnr_611")
COMPRESSAI_NAMES = {"psnr-rgb": "psnr_rgb", "psnr-y": "psnr_y", "ms-ssim": "ms_ssim", "ms-ssim-rgb": "ms_ssim"}
"""CompressAI's name of a quality -> ours; its plain ``psnr`` is whichever the config says."""
COOLCHIC_KEYS = (("lmbda", "lambda"), ("seq_name", "seq"))
"""The columns of Cool-Chic's results that name a point and an image, as later and as first releases call them."""


@dataclass(frozen=True)
class ExternalCurve:
    """A curve as published; NaN where a point lacks a quality."""

    name: str
    source: str
    protocol: str
    average: str
    """``POOLED`` or ``MEAN``."""
    rates: Floats
    """Bits per pixel, shape (points,)."""
    qualities: Mapping[str, Floats]
    """By metric: psnr_rgb, psnr_y, psnr_611 or ms_ssim_db, in dB; shape (points,)."""

    @property
    def key(self) -> tuple[str, str]:
        """Its codec and curve in our tables."""
        return PUBLISHED, self.name


def read_curves(entries: Iterable[Mapping[str, Any]]) -> list[ExternalCurve]:
    """The curves of ``published_curves`` in the config.

    Raises:
        PointsError: a file cannot be read as what the entry says, or holds no point, or a point that is none.
    """
    return [_read(entry) for entry in entries]


def points_of(curves: Iterable[ExternalCurve]) -> pd.DataFrame | None:
    """The points of the curves with a PSNR over R, G and B, as ``pooling.pool`` gives ours; None without one."""
    frames = [
        pd.DataFrame(
            {
                "codec": PUBLISHED,
                "curve": f"{curve.name} ({curve.average})",
                "point": [f"{number:02d}" for number in range(len(curve.rates))],
                "bpp": curve.rates,
                "psnr_db": curve.qualities["psnr_rgb"],
                "ms_ssim": 1 - 10 ** (-curve.qualities.get(MS_SSIM, np.full(len(curve.rates), np.nan)) / 10),
            }
        )
        for curve in curves
        if "psnr_rgb" in curve.qualities
    ]
    return pd.concat(frames, ignore_index=True) if frames else None


def _read(entry: Mapping[str, Any]) -> ExternalCurve:
    path, plain = Path(entry["file"]), entry.get("metric", "psnr_rgb")
    try:
        columns = READERS[entry["format"]](path.read_text(encoding="utf-8"), entry)
        rates = columns.pop("bpp")
        qualities = {_known(name, plain): values for name, values in columns.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise PointsError(
            f"published curve {entry['name']}: {path} is no {entry['format']} file ({reason}); correct published_curves"
        ) from error
    _check(entry["name"], path, rates, qualities)
    if (linear := qualities.pop("ms_ssim", None)) is not None:
        with np.errstate(divide="ignore"):
            qualities[MS_SSIM] = -10 * np.log10(1 - linear)
    return ExternalCurve(entry["name"], entry["source"], entry["protocol"], entry["average"], rates, qualities)


def _known(name: str, plain: str) -> str:
    return plain if name in ("psnr", "psnr_db") else name


def _check(name: str, path: Path, rates: Floats, qualities: Mapping[str, Floats]) -> None:
    problem = ""
    if not qualities:
        problem = f"has none of the qualities {', '.join((*PSNR, 'ms_ssim'))}"
    elif len(rates) == 0 or not (np.isfinite(rates) & (rates > 0)).all():
        problem = "has no point, or one without a positive rate"
    elif any(len(values) != len(rates) or np.isinf(values).any() for values in qualities.values()):
        problem = "has qualities that are infinite, or more or fewer than rates"
    elif "ms_ssim" in qualities and not (np.nan_to_num(qualities["ms_ssim"], nan=0.5) < 1).all():
        problem = "has an MS-SSIM that is not below 1, as in decibels; give it as published between 0 and 1"
    if problem:
        raise PointsError(f"published curve {name}: {path} {problem}; correct the file or published_curves")


def _compressai(text: str, entry: Mapping[str, Any]) -> dict[str, Floats]:
    """CompressAI's result JSON: lists of equal length by quantity, below ``results`` or at the top."""
    content = json.loads(text)
    results = content.get("results", content)
    names = {"bpp": "bpp", "psnr": "psnr"} | COMPRESSAI_NAMES
    return {names[name]: _numbers(values) for name, values in results.items() if name in names}


def _csv(text: str, entry: Mapping[str, Any]) -> dict[str, Floats]:
    """A column ``bpp``, and a column for each quality; of the rows with the values in ``where`` alone."""
    wanted = entry.get("where", {})
    rows = [row for row in _rows(text, ",") if all(row[name] == value for name, value in wanted.items())]
    names = [name for name in ("bpp", "psnr", "psnr_db", *PSNR, "ms_ssim") if rows and name in rows[0]]
    return {name: _numbers([row[name] for row in rows]) for name in names}


def _coolchic(text: str, entry: Mapping[str, Any]) -> dict[str, Floats]:
    """A row for each image and point: averaged over the images as the entry says, by number of pixels or plainly."""
    rows = _rows(text, "\t")
    point, image = (next(name for name in names if name in rows[0]) for names in COOLCHIC_KEYS)
    points: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        points[row[point]].append(row)
    images = sorted(row[image] for row in rows if row[point] == rows[0][point])
    if any(sorted(row[image] for row in own) != images or len(set(images)) != len(images) for own in points.values()):
        raise ValueError("its points are not of the same images, each once")
    averaged = [_average(own, pooled=entry["average"] == POOLED) for own in points.values()]
    return {"bpp": np.array([rate for rate, _ in averaged]), "psnr": np.array([psnr for _, psnr in averaged])}


def _average(rows: Sequence[Mapping[str, str]], *, pooled: bool) -> tuple[float, float]:
    """Rate and PSNR of one point over its images."""
    rates, psnr = (_numbers(row[name] for row in rows) for name in ("rate_bpp", "psnr_db"))
    if not pooled:
        return float(rates.mean()), float(psnr.mean())
    pixels = _numbers(row["n_pixels"] for row in rows)
    error = float(np.average(10 ** (-psnr / 10), weights=pixels))
    return float(np.average(rates, weights=pixels)), -10 * math.log10(error)


READERS = {"compressai_json": _compressai, "csv": _csv, "coolchic_tsv": _coolchic}
"""By format."""


def _rows(text: str, delimiter: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    if not rows:
        raise ValueError("no rows")
    return rows


def _numbers(values: Iterable[Any]) -> Floats:
    """Numbers; empty cells are NaN."""
    return np.array([np.nan if value in ("", None) else float(value) for value in values])
