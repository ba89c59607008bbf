"""The row format: one row for each (dataset, image, codec, operating point), raw integers first, ratios later.

Column          Meaning
dataset, image, codec, point
                the ids; together unique, and the place of the stream:
                results/streams/points/{dataset}/{codec}/{image}/{point}{extension}, in the folder of a batch where the
                dataset is large (``batches``)
curve           points of one curve form one rate-distortion curve
settings        what the encoder was given, as JSON
codec_version   the codec and the libraries that decide its bytes
width, height   of the image, in pixels
bytes           size of the stream's file: every header counted
stream_sha256   of that file
pixels_sha256   of the image decoded from that file alone: 8-bit RGB, row by row
sse_rr .. sse_gb
                sums over all pixels of products of the R, G, B errors; the error in any linear colour space follows
sse             sse_rr + sse_gg + sse_bb
ms_ssim         CLIC's MS-SSIM; empty where, and only where, the short side is under 161 pixels: it is not defined there
branch          what an encoder with a choice took: the branch of super-resolution, the codec inside best_of
pre_psnr_db     super-resolution only: the PSNR that the adaptive codec compares
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from licbench.errors import PointsError
from licbench.files import write_records
from licbench.metrics import MIN_SIDE_MS_SSIM

if TYPE_CHECKING:
    import pandas as pd

DATASET = "dataset"
"""The column that says what a table belongs to."""
KEY = (DATASET, "image", "codec", "point")
REMEASURE = "snakemake --forcerun measure_image measure_ablations"


@dataclass(frozen=True)
class Row:
    """One measured operating point of one image."""

    dataset: str
    image: str
    codec: str
    point: str
    curve: str
    settings: str
    codec_version: str
    width: int
    height: int
    bytes: int
    stream_sha256: str
    pixels_sha256: str
    sse_rr: int
    sse_gg: int
    sse_bb: int
    sse_rg: int
    sse_rb: int
    sse_gb: int
    sse: int
    ms_ssim: float | None
    branch: str | None = None
    pre_psnr_db: float | None = None


COLUMNS = tuple(field.name for field in fields(Row))
OPTIONAL = ("ms_ssim", "branch", "pre_psnr_db")
ANNOTATIONS: Mapping[str, type] = {"branch": str, "pre_psnr_db": Real}
"""Columns that a codec may add to its rows (``Codec.annotate``), and their types."""
NUMBERS = ("ms_ssim", "pre_psnr_db")
WHOLE = ("width", "height", "bytes", *(name for name in COLUMNS if name.startswith("sse")))


def digest(data: bytes | np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    """The head of the sha256 (64 bit) of a file's bytes, or of an image's samples."""
    return hashlib.sha256(data.tobytes() if isinstance(data, np.ndarray) else data).hexdigest()[:16]


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows as CSV; the same rows give the same bytes."""
    write_records(path, COLUMNS, map(asdict, rows))


def read_rows(*paths: Path) -> pd.DataFrame:
    """The rows of CSV files, one after the other, with their types checked.

    Raises:
        PointsError: columns are missing, or a number is missing, no number, negative where none may be, or infinite; or
            a codec was measured by two of its versions, which must not share a line of a table.
    """
    import pandas as pd  # noqa: PLC0415  takes longer than measuring a JPEG, which reads no rows

    frame = pd.concat(map(_read_file, paths), ignore_index=True)
    _refuse_two_versions(frame)
    return frame


def _refuse_two_versions(frame: pd.DataFrame) -> None:
    makers = frame.drop_duplicates(["codec", "codec_version"])
    for codec, own in makers[makers["codec"].duplicated(keep=False)].groupby("codec", sort=False):
        (one, image), (other, next_image) = own[["codec_version", "image"]].head(2).itertuples(index=False, name=None)
        raise PointsError(
            f"codec {codec} was measured by two versions, {one!r} (image {image}) and {other!r} (image {next_image}); "
            f"measure all its images with one: {REMEASURE}"
        )


def _read_file(path: Path) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    try:
        # Text stays text: an image may be called 001 or NA, and a curve 420.
        types = dict.fromkeys(COLUMNS, "str") | dict.fromkeys(WHOLE, "int64") | dict.fromkeys(NUMBERS, "float64")
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise PointsError(f"{path}: no table of points ({reason}); delete it and run again") from error
    if tuple(frame.columns) != COLUMNS:
        raise PointsError(f"{path}: its columns are not those of this version; delete it and run again")
    required = [name for name in COLUMNS if name not in OPTIONAL]
    for name in required:
        if frame[name].isna().any():
            raise PointsError(f"{path}: column {name} has empty cells; delete it and run again")
    short = frame[["width", "height"]].min(axis=1) < MIN_SIDE_MS_SSIM
    if np.isinf(frame["ms_ssim"]).any() or (frame["ms_ssim"].isna() != short).any():
        raise PointsError(f"{path}: column ms_ssim is not finite where it is defined; delete it and run again")
    if (frame[["width", "height", "bytes"]] < 1).any(axis=None) or (frame["sse"] < 0).any():
        raise PointsError(f"{path}: a size is not positive; delete it and run again")
    return frame


def collect(paths: Sequence[Path], expected: set[tuple[str, str, str, str]]) -> pd.DataFrame:
    """All rows of the files, checked to be exactly the ``expected`` keys (dataset, image, codec, point).

    Raises:
        PointsError: a row is missing, there twice, or was not asked for, or a codec has rows of two versions.
    """
    frame = read_rows(*paths)
    keys = list(frame[list(KEY)].itertuples(index=False, name=None))
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) != len(keys) else []
    for problem, found in (
        ("is measured twice", twice),
        ("is missing", sorted(expected - set(keys))),
        ("was not asked for", sorted(set(keys) - expected)),
    ):
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise PointsError(f"point {'/'.join(found[0])} {problem}{more}; delete results/points and run again")
    return frame


def settings_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What the encoder was given for a row."""
    settings: dict[str, Any] = json.loads(row["settings"])
    return settings


def setting(rows: pd.DataFrame, name: str) -> list[Any]:
    """What the encoder was given as ``name`` for each row, in order; None where its codec has no such setting."""
    values = {text: json.loads(text).get(name) for text in rows["settings"].unique()}
    return [values[text] for text in rows["settings"]]


def with_dataset(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """A table made of ``rows`` with their dataset as first column: each file names its dataset."""
    result = table.copy()
    result.insert(0, DATASET, ", ".join(dict.fromkeys(rows[DATASET])))
    return result


def without_dataset(table: pd.DataFrame, name: str, dataset: str) -> pd.DataFrame:
    """A table without that column, for a page whose heading names the dataset.

    Raises:
        PointsError: the table ``name`` belongs to another dataset, left by an earlier run.
    """
    if DATASET not in table:
        return table
    if others := set(table[DATASET]) - {dataset}:
        raise PointsError(f"{name} belongs to {', '.join(map(str, others))}, not to {dataset}; delete it and run again")
    return table.drop(columns=DATASET)
