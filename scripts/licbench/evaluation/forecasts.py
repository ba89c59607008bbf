"""How far a training was from what the paper printed: straight lines through its snapshots, over doublings of steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import PointsError

COLUMNS = ("model", "quantity", "point", "steps", "value", "per_doubling", "goal", "steps_to_goal", "source")
LAST = 4
"""Snapshots that the line goes through: the last three doublings."""


def forecast(curve: pd.DataFrame, goals: pd.DataFrame) -> pd.DataFrame:
    """Where each goal would be reached if every doubling of the steps went on gaining what the last three gained.

    Args:
        curve: from ``training_curves.measure_snapshots``, of one model.
        goals: the published values for its network; columns quantity, value, source.

    Returns:
        One line a goal and operating point, ``COLUMNS``. BD-rates belong to a snapshot's whole curve, and get one line
        without a point. ``steps_to_goal`` is infinite where the line leads away from the goal. A point of which fewer
        than two snapshots have a finite value (a lossless one has none) gets no line.

    Raises:
        PointsError: a goal names no column of the curve, or there is a single snapshot.
    """
    lines = [line for goal in goals.to_dict("records") for line in _lines(curve, goal)]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _lines(curve: pd.DataFrame, goal: Mapping[Any, Any]) -> Iterable[dict[str, Any]]:
    quantity = str(goal["quantity"])
    if quantity not in curve:
        there = ", ".join(map(str, curve.select_dtypes("number").columns))
        raise PointsError(f"no {quantity} in the training curve; choose from {there}")
    for point, path in paths_of(curve, quantity).items():
        slope, at_start = line_through(path)
        steps, value, wanted = int(path.index[-1]), float(path.iloc[-1]), float(goal["value"])
        yield {
            "model": curve["model"].iloc[0],
            "quantity": quantity,
            "point": point,
            "steps": steps,
            "value": value,
            "per_doubling": slope,
            "goal": wanted,
            "steps_to_goal": _crossing(slope, at_start, wanted, int(path.index[0])),
            "source": goal["source"],
        }


def paths_of(curve: pd.DataFrame, quantity: str) -> dict[str, pd.Series[float]]:
    """By operating point, the finite values over the steps (the index); a BD-rate has one path, under no name."""
    if quantity.startswith("bd_rate"):
        groups: Iterable[tuple[Any, pd.DataFrame]] = [("", curve.drop_duplicates("step"))]
    else:
        groups = curve.groupby("point", sort=False)
    paths = {str(point): lines.set_index("step")[quantity].sort_index() for point, lines in groups}
    finite = {point: path[np.isfinite(path.to_numpy(float))] for point, path in paths.items()}
    # Points of a single snapshot stay: line_through names what is wrong
    return {point: path for point, path in finite.items() if len(path) > 1 or (len(path) == len(paths[point]) == 1)}


def line_through(path: pd.Series[float]) -> tuple[float, float]:
    """Slope for each doubling of the steps, and the value at one step, of the line through the last snapshots.

    Raises:
        PointsError: the path has a single snapshot.
    """
    if len(path) < 2:
        raise PointsError("one snapshot makes no curve; measure at least two")
    last = path.iloc[-LAST:]
    slope, at_start = np.polyfit(np.log2(last.index.to_numpy(float)), last.to_numpy(float), 1)
    return float(slope), float(at_start)


def _crossing(slope: float, at_start: float, goal: float, first: int) -> float:
    """Steps at which the line meets the goal; infinite if it does so before the first snapshot, or nowhere."""
    doublings = (goal - at_start) / slope if slope else math.inf
    return float(f"{2.0**doublings:.3g}") if math.log2(first) <= doublings < 60 else math.inf
