"""The table of a further metric's scores: one line for each row that was measured.

Column          Meaning
dataset, codec, image, point
                of the row whose stream is scored
value           the score, as the metric defines it; empty where it is not defined
reason          why it is not; empty where it is
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from licbench.errors import PointsError
from licbench.files import write_records
from licbench.measurement.batches import cut
from licbench.measurement.rows import read_rows

if TYPE_CHECKING:
    import pandas as pd

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
