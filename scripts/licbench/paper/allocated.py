"""Table 5 where each codec may choose a point for each image under the same total of bytes, as CLIC's entrants did."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.allocation import Allocation, Point, allocate
from licbench.evaluation.curves import curve_of, pooled_psnr, quality_at_rate
from licbench.evaluation.pooling import POINT, best_within, pool, rows_of
from licbench.measurement.streams import stream_file
from licbench.metrics.distortion import psnr_of_mse
from licbench.metrics.rate import bits_per_pixel

COLUMNS = (
    "codec", "psnr_db", "ms_ssim", "bpp", "fixed_psnr_db", "fixed_ms_ssim", "fixed_bpp", "fixed_setting", "gain_db",
    "gain_at_equal_rate_db", "bound_psnr_db", "bytes", "limit_bytes", "points_used", "meets_target_rate",
)  # fmt: skip
POINT_COLUMNS = ("codec", "image", "point", "stream", "bytes")
DIGITS = {
    "psnr_db": 3, "fixed_psnr_db": 3, "gain_db": 3, "gain_at_equal_rate_db": 3, "bound_psnr_db": 3,
    "ms_ssim": 4, "fixed_ms_ssim": 4, "bpp": 4, "fixed_bpp": 4,
}  # fmt: skip
STREAMS = Path("results/streams/points")


def table5_allocated(
    rows: pd.DataFrame, entries: Mapping[str, Mapping[str, Any]], target_bpp: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each entry's best choice of a point for each image, and its best fixed point, from the rows alone.

    What is least is the squared error pooled over all images, as in Table 5. An adaptive codec chooses among the rows
    that its threshold leaves.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        entries: row name -> codec, and a curve, a point or a threshold where only these count (config: table5).
        target_bpp: the target rate, in bits per pixel of all images together.

    Returns:
        The table, columns ``COLUMNS``, and the point of each image with its stream, columns ``POINT_COLUMNS``.

    Raises:
        PointsError: there is no entry, or one has no measured point, or not one on each image.
    """
    if not entries:
        raise PointsError("table5_allocated: none of its codecs was measured; add a row for yours under table5")
    images = rows["image"].nunique()
    lines, choices = [], []
    for name, entry in entries.items():
        own = rows_of(rows, entry)
        if own.empty or own["image"].nunique() != images:
            raise PointsError(f"table5_allocated: {name} lacks an image or every point; run the workflow again")
        limit = limit_bytes(_pixels(own), target_bpp)
        fixed, _ = best_within(pool(own), target_bpp)
        chosen, allocation = _allocated(own, limit, str(fixed["point"]))
        lines.append({"codec": name, **_line(own, fixed, chosen, allocation), "limit_bytes": limit})
        # Adaptation renames points; the streams are those of the rows as measured
        measured = rows.loc[chosen.index]
        choices += [_choice(name, row, images) for row in measured.to_dict("records")]
    table = pd.DataFrame(lines, columns=list(COLUMNS)).round(DIGITS)
    return table, pd.DataFrame(choices, columns=list(POINT_COLUMNS))


def limit_bytes(pixels: int, target_bpp: float) -> int:
    """The largest whole number of bytes that is at or under a rate, as the tables compute it."""
    limit = int(target_bpp * pixels / 8) + 1
    while bits_per_pixel(limit, pixels) > target_bpp:
        limit -= 1
    return limit


def _pixels(own: pd.DataFrame) -> int:
    """Of all images together."""
    each = own.drop_duplicates("image")
    return int((each["width"] * each["height"]).sum())


def _allocated(own: pd.DataFrame, limit: int, fixed: str) -> tuple[pd.DataFrame, Allocation]:
    """The chosen row of each image, in the rows' order of images, and how it was chosen; never worse than ``fixed``."""
    groups = [group for _, group in own.groupby("image", sort=False)]
    points = [[Point(int(size), int(sse)) for size, sse in zip(g["bytes"], g["sse"], strict=True)] for g in groups]
    allocation = allocate(points, limit, [[list(group["point"]).index(fixed) for group in groups]])
    rows = [group.iloc[[at]] for group, at in zip(groups, allocation.chosen, strict=True)]
    return pd.concat(rows), allocation


def _line(own: pd.DataFrame, fixed: pd.Series[Any], chosen: pd.DataFrame, allocation: Allocation) -> dict[str, Any]:
    pooled = pool(chosen.assign(**dict.fromkeys(POINT, "allocated"))).iloc[0]
    samples = 3 * int(pooled["pixels"])
    return {
        **{name: pooled[name] for name in ("psnr_db", "ms_ssim", "bpp")},
        **{f"fixed_{name}": fixed[name] for name in ("psnr_db", "ms_ssim", "bpp")},
        "fixed_setting": fixed["point"],
        "gain_db": pooled["psnr_db"] - fixed["psnr_db"],
        "gain_at_equal_rate_db": pooled["psnr_db"] - _fixed_at(own, pooled["bpp"]),
        "bound_psnr_db": psnr_of_mse(allocation.bound / samples) if allocation.within else nan,
        "bytes": allocation.bytes,
        "points_used": chosen["point"].nunique(),
        "meets_target_rate": allocation.within,
    }


def _fixed_at(own: pd.DataFrame, bpp: float) -> float:
    """PSNR of the curve of fixed points at a rate, between its points; NaN where it does not reach."""
    curve = curve_of(own, "fixed points")
    try:
        return quality_at_rate(curve, np.ones(curve.images), pooled_psnr, bpp)
    except PointsError:
        return nan


def _choice(name: str, row: dict[Any, Any], images: int) -> dict[str, Any]:
    stream = str(stream_file(STREAMS, row, images))
    return {"codec": name, "image": row["image"], "point": row["point"], "stream": stream, "bytes": row["bytes"]}
