"""Further metrics of stored streams: each is decoded from its file alone, and nothing is encoded.

Column          Meaning
dataset, codec, image, point
                of the row whose stream is scored
value           the score, as the metric defines it; empty where it is not defined
reason          why it is not; empty where it is
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licbench.codecs.base import Image
from licbench.errors import ContractError, PointsError
from licbench.files import write_records
from licbench.images.files import read_rgb
from licbench.measurement.batches import cut
from licbench.measurement.rows import read_rows
from licbench.measurement.verify import Task, decode_row
from licbench.metrics.base import Metric, Undefined
from licbench.metrics.registry import missing_package

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
KEY = ("dataset", "codec", "image", "point")


@dataclass(frozen=True)
class Score:
    """The score of one row's stream."""

    dataset: str
    codec: str
    image: str
    point: str
    value: float | None
    reason: str


COLUMNS = tuple(field.name for field in fields(Score))


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


def write_scores(scores: Iterable[Score], path: Path) -> None:
    """Write scores as CSV; the same scores give the same bytes."""
    write_records(path, COLUMNS, map(asdict, scores))


def read_scores(*paths: Path) -> pd.DataFrame:
    """The scores of CSV files, one after the other, with their types checked.

    Raises:
        PointsError: a file is no table of scores, or has a score with a reason or neither.
    """
    import pandas as pd  # noqa: PLC0415

    return pd.concat(map(_read_file, paths), ignore_index=True)


def _read_file(path: Path) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    types = dict.fromkeys(COLUMNS, "str") | {"value": "float64"}
    try:
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values={"value": [""]})
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise PointsError(f"{path}: no table of scores ({reason}); delete it and run again") from error
    if tuple(frame.columns) != COLUMNS:
        raise PointsError(f"{path}: its columns are not {', '.join(COLUMNS)}; delete it and run again")
    if (frame["value"].isna() != (frame["reason"] != "")).any():
        raise PointsError(f"{path}: each line needs a score or the reason why not; delete it and run again")
    return frame


def collect_scores(folder: Path, rows: Path) -> pd.DataFrame:
    """The scores of all batches, ``{codec}/{batch}.csv`` below ``folder``: one for each row, in the rows' order.

    Raises:
        PointsError: a row has no score, or two.
    """
    wanted = read_rows(rows)
    batches = cut(list(dict.fromkeys(wanted["image"])))
    files = [folder / codec / f"{batch}.csv" for codec in dict.fromkeys(wanted["codec"]) for batch in batches]
    found = read_scores(*files)
    key = list(KEY)
    table = wanted[key].merge(found, on=key, how="left", indicator=True)
    absent = table[table["_merge"] != "both"]
    if len(absent) or len(table) != len(wanted) or len(found) != len(wanted):
        first = "/".join(absent[key].iloc[0]) if len(absent) else "a row"
        raise PointsError(f"{folder}: {first} has no score, or two; delete that folder and run again")
    return table[list(COLUMNS)]
