"""Further metrics, scored apart from the rows: joined to them by codec, image and point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.pooling import Floats

KEY = ["dataset", "codec", "image", "point"]
COLUMNS = (*KEY, "value", "reason")
"""Of a file of scores, whose name is that of the metric; ``value`` is empty where ``reason`` says why."""


def column_of(metric: str) -> str:
    """The column of the rows that holds a metric's scores."""
    return f"score_{metric}"


def with_scores(rows: pd.DataFrame, files: Iterable[Path], readings: Mapping[str, Mapping[str, bool]]) -> pd.DataFrame:
    """The rows (``measurement.rows``) with a column for each file of scores (``column_of``), as qualities.

    Args:
        rows: as measured, before any curve is formed of them.
        files: columns ``COLUMNS``.
        readings: for each metric ``rising``, whether a higher score is better, and ``decibels``, whether its distance
            to a perfect score (1, or 0 where lower is better) is compared in decibels.

    Raises:
        PointsError: a file is no table of scores, lacks a row or has it twice, or nothing says how to read it.
    """
    for path in files:
        if path.stem not in readings:
            raise PointsError(f"{path}: nothing says whether a higher score is better; name {path.stem} in --readings")
        joined = rows[KEY].merge(_read(path)[[*KEY, "value"]], on=KEY, how="left", indicator=True)
        if (lacking := joined["_merge"] != "both").any():
            first = "/".join(joined.loc[lacking, ["codec", "image", "point"]].iloc[0])
            raise PointsError(f"{path}: no score of {first}; delete it and run again")
        rows = rows.assign(**{column_of(path.stem): as_quality(joined["value"].to_numpy(), **readings[path.stem])})
    return rows


def as_quality(scores: Floats, *, rising: bool, decibels: bool) -> Floats:
    """Scores as what rises with quality: as they are, negated, or their distance to a perfect score in dB."""
    if not decibels:
        return scores if rising else -scores
    with np.errstate(divide="ignore", invalid="ignore"):
        distance: Floats = -10 * np.log10(1 - scores if rising else scores)
    return distance


def _read(path: Path) -> pd.DataFrame:
    try:
        scores = pd.read_csv(path, dtype=dict.fromkeys(KEY, "str"), keep_default_na=False, na_values={"value": [""]})
        scores["value"] = scores["value"].astype("float64")
    except (ValueError, KeyError, OSError) as error:
        raise PointsError(
            f"{path}: no table of scores ({' '.join(str(error).split())}); delete it and run again"
        ) from error
    if not set(COLUMNS) <= set(scores.columns):
        raise PointsError(f"{path}: its columns are not {', '.join(COLUMNS)}; delete it and run again")
    if scores.duplicated(KEY).any():
        raise PointsError(f"{path}: a point is scored twice; delete it and run again")
    return scores
