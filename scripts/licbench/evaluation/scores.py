"""Further metrics, scored apart from the rows: joined to them by codec, image and point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from licbench.errors import PointsError

KEY = ["dataset", "codec", "image", "point"]
COLUMNS = (*KEY, "value", "reason")
"""Of a file of scores, whose name is that of the metric; ``value`` is empty where ``reason`` says why."""


def column_of(metric: str) -> str:
    """The column of the rows that holds a metric's scores."""
    return f"score_{metric}"


def with_scores(rows: pd.DataFrame, files: Iterable[Path], falling: Sequence[str] = ()) -> pd.DataFrame:
    """The rows (``measurement.rows``) with a column for each file of scores (``column_of`` its stem).

    Args:
        rows: as measured, before any curve is formed of them.
        files: columns ``COLUMNS``.
        falling: metrics that are lower where the quality is higher; they are negated.

    Raises:
        PointsError: a file is no table of scores, or has not exactly one line for each row.
    """
    for path in files:
        scores = _read(path)
        joined = rows.merge(scores[[*KEY, "value"]], on=KEY, how="left", validate="many_to_one", indicator=True)
        if (joined["_merge"] != "both").any():
            lacks = "/".join(joined.loc[joined["_merge"] != "both", ["codec", "image", "point"]].iloc[0])
            raise PointsError(f"{path}: no score of {lacks}; delete it and run again")
        sign = -1 if path.stem in falling else 1
        rows = rows.assign(**{column_of(path.stem): sign * joined["value"].to_numpy()})
    return rows


def _read(path: Path) -> pd.DataFrame:
    try:
        scores = pd.read_csv(path, dtype=dict.fromkeys(KEY, "str"), keep_default_na=False, na_values={"value": [""]})
        scores["value"] = scores["value"].astype("float64")
    except (ValueError, KeyError, OSError) as error:
        raise PointsError(f"{path}: no table of scores ({' '.join(str(error).split())}); delete it and run again") from error
    if not set(COLUMNS) <= set(scores.columns):
        raise PointsError(f"{path}: its columns are not {', '.join(COLUMNS)}; delete it and run again")
    if scores.duplicated(KEY).any():
        raise PointsError(f"{path}: a point is scored twice; delete it and run again")
    return scores
