"""Further metrics, scored apart from the rows: joined to them by codec, image and point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from licbench.errors import PointsError
from licbench.measurement.scores import KEY, read_scores
from licbench.metrics.quality import as_quality


def column_of(metric: str) -> str:
    """The column of the rows that holds a metric's scores."""
    return f"score_{metric}"


def with_scores(rows: pd.DataFrame, files: Iterable[Path], readings: Mapping[str, Mapping[str, bool]]) -> pd.DataFrame:
    """The rows (``measurement.rows``) with a column for each file of scores (``column_of``), as qualities.

    Args:
        rows: as measured, before any curve is formed of them.
        files: as ``measurement.scores`` writes them, named after their metric.
        readings: for each metric ``rising`` and ``decibels``, see ``metrics.quality.as_quality``.

    Raises:
        PointsError: a file is no table of scores, lacks a row or has it twice, or nothing says how to read it.
    """
    key = list(KEY)
    for path in files:
        if path.stem not in readings:
            raise PointsError(f"{path}: nothing says whether a higher score is better; name {path.stem} in --readings")
        scores = read_scores(path)
        if scores.duplicated(key).any():
            raise PointsError(f"{path}: a point is scored twice; delete it and run again")
        joined = rows[key].merge(scores[[*key, "value"]], on=key, how="left", indicator=True)
        if (lacking := joined["_merge"] != "both").any():
            first = "/".join(joined.loc[lacking, ["codec", "image", "point"]].iloc[0])
            raise PointsError(f"{path}: no score of {first}; delete it and run again")
        rows = rows.assign(**{column_of(path.stem): as_quality(joined["value"].to_numpy(), **readings[path.stem])})
    return rows
