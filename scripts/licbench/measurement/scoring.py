"""A further metric of stored streams: each is decoded from its file alone, and nothing is encoded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from licbench.codecs.base import Image
from licbench.errors import ContractError
from licbench.images.files import read_rgb
from licbench.measurement.scores import Score
from licbench.measurement.verify import Task, decode_row
from licbench.metrics.base import Metric, Undefined
from licbench.metrics.registry import missing_package

DIGITS = 6


def score_rows(
    rows: Iterable[Mapping[str, Any]], metric: Metric, originals: Mapping[str, Path], *, streams: Path, weights: Path
) -> Iterator[Score]:
    """The score of each row's stream, in order.

    Args:
        rows: see ``measurement.rows``; rows of one image follow each other.
        metric: what scores.
        originals: image -> the original.
        streams: folder of the streams, ``{dataset}/{codec}/{batch}``.
        weights: folder of trained models.

    Raises:
        PointsError: a stream is missing or another, or decodes to another image than was scored.
        ContractError: the metric gives no number, or one out of its bounds.
        SettingsError: the metric's package is missing.
    """
    name, original = "", None
    for row in rows:
        if original is None or row["image"] != name:
            name, original = row["image"], read_rgb(originals[row["image"]])
        decoded, _ = decode_row(Task(row, streams, originals[name]), weights)
        found = score(metric, original, decoded)
        value, reason = (None, found.reason) if isinstance(found, Undefined) else (round(found, DIGITS), "")
        yield Score(row["dataset"], row["codec"], name, row["point"], value, reason)


def score(metric: Metric, original: Image, reconstruction: Image) -> float | Undefined:
    """The metric's score, checked to be what its contract says.

    Raises:
        ContractError: it is no number, or out of the metric's bounds, or has no reason.
        SettingsError: the metric's package is missing.
    """
    try:
        found: Any = metric.score(original, reconstruction)
    except ImportError as error:
        raise missing_package(metric.id, error) from error
    fault = f"metric {metric.id} gives {found!r}"
    if isinstance(found, Undefined):
        if not found.reason or not found.reason.isprintable():
            raise ContractError(f"{fault} without a line that says why; fix scripts/licbench/metrics/{metric.id}.py")
        return found
    low, high = metric.bounds
    if not isinstance(found, float) or not math.isfinite(found) or not low <= found <= high:
        raise ContractError(
            f"{fault}, no finite float from {low:g} to {high:g}; fix its file, or let it return Undefined with a reason"
        )
    return found
