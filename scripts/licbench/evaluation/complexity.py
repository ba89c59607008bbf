"""What a codec costs for what it saves: costs at representative operating points, and BD-rates of their curves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from licbench.codecs.base import OperatingPoint
from licbench.errors import PointsError
from licbench.evaluation.pooling import best_within, pool, rows_of
from licbench.measurement.costs import Subject
from licbench.measurement.rows import settings_of
from licbench.metrics.rate import bd_rate, bits_per_pixel

ANCHOR: Mapping[str, Any] = {"codec": "bpg", "curve": "420"}
"""The strongest of the paper's anchors, and the winner of its comparison."""
NO_ANCHOR = "BPG 4:2:0 was not measured"
NETWORKS = tuple(f"{part}_{what}" for what in ("parameters", "kmac_per_pixel") for part in ("encoder", "decoder"))
COLUMNS = (
    "dataset", "codec", "curve", "point", "images", "megapixels", "repeats", "bpp",
    *(f"{way}_{kind}_s" for way in ("encode", "decode") for kind in ("min", "median", "cpu")),
    "start_up_s", "start_up_memory_mb", "memory_mb", *NETWORKS, "bd_rate_percent", "bd_rate_note",
)  # fmt: skip


BUSY = 1.25
"""Seconds for each second of CPU, in the quickest repeat, from which times tell more of the machine than the codec."""
TOO_SHORT_S = 0.01
"""Under this a call is too short to tell."""


@dataclass(frozen=True)
class Representative:
    """An operating point to measure, and the rows of the curve that it is on."""

    subject: Subject
    curve: pd.DataFrame


def representatives(
    rows: pd.DataFrame,
    entries: Collection[Mapping[str, Any]],
    target_bpp: float,
    points: Mapping[str, Sequence[str]],
) -> list[Representative]:
    """The operating points to measure, codec by codec.

    Args:
        rows: see ``measurement.rows``; of one dataset, the sweeps.
        entries: the rows of Table 5: each codec's entries are measured at their points of that table.
        target_bpp: the target rate of Table 5.
        points: codec -> ids of points, in place of that.

    Raises:
        PointsError: an id is not among the rows, or an entry has none.
    """
    found: dict[tuple[str, str], Representative] = {}
    for codec, own in rows.groupby("codec", sort=False):
        ids = points.get(str(codec), ())
        fitting = [entry for entry in entries if entry["codec"] == codec]
        for one in [_named(own, point) for point in ids] or _best(own, fitting, target_bpp):
            found.setdefault((one.subject.codec, one.subject.point.id), one)
    return list(found.values())


def complexity_table(
    rows: pd.DataFrame,
    measured: Sequence[Representative],
    costs: Sequence[Mapping[str, Any]],
    images: Sequence[str],
    repeats: int,
) -> pd.DataFrame:
    """One line for each operating point, columns ``COLUMNS``; BD-rates in PSNR, of pooled points.

    Args:
        rows: all rows, with those of the anchor.
        measured: the operating points.
        costs: of each, from ``measurement.costs.measure_costs``.
        images: the ids of the images that the costs are measured on.
        repeats: how often.
    """
    sizes = rows[rows["image"].isin(images)].drop_duplicates("image")
    pixels = int((sizes["width"] * sizes["height"]).sum())
    lines = []
    for one, cost in zip(measured, costs, strict=True):
        change, note = _bd_rate(rows, one.curve)
        about = {"dataset": rows["dataset"].iloc[0], "codec": one.subject.codec, "curve": one.subject.point.curve}
        about |= {"point": one.subject.point.id, "images": len(images), "megapixels": pixels / 1e6, "repeats": repeats}
        for part in ("encoder", "decoder"):
            macs = cost[f"{part}_macs"]
            about[f"{part}_kmac_per_pixel"] = None if macs is None else macs / 1000 / pixels
        rate = bits_per_pixel(cost["bytes"], pixels)
        lines.append({**cost, **about, "bpp": rate, "bd_rate_percent": change, "bd_rate_note": note})
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    whole = [name for name in NETWORKS if name.endswith("parameters")]
    digits = {name: 6 if name.endswith("_s") else 2 for name in COLUMNS}
    return table.astype(dict.fromkeys(whole, "Int64")).round(digits | {"megapixels": 6, "bpp": 4})


def waiting(table: pd.DataFrame) -> float:
    """The largest ratio of a codec's least time to its least CPU time: 1 on a quiet machine."""
    ratios = [
        wall / cpu
        for way in ("encode", "decode")
        for wall, cpu in zip(table[f"{way}_min_s"], table[f"{way}_cpu_s"], strict=True)
        if cpu > TOO_SHORT_S
    ]
    return max(ratios, default=1.0)


def _named(own: pd.DataFrame, point: str) -> Representative:
    rows = own[own["point"] == point]
    if rows.empty:
        raise PointsError(f"complexity: {own['codec'].iloc[0]} was not measured at {point}; correct complexity.points")
    return _representative(rows.iloc[0], own[own["curve"] == rows["curve"].iloc[0]])


def _best(own: pd.DataFrame, entries: Sequence[Mapping[str, Any]], target_bpp: float) -> Iterator[Representative]:
    """Each entry at its best point; without an entry, the codec at its best, on that point's curve."""
    for entry in entries or [{"codec": own["codec"].iloc[0]}]:
        rows = rows_of(own, entry)
        if rows.empty:
            raise PointsError(f"complexity: no measured point fits the row of {entry['codec']} in table5; correct it")
        best = best_within(pool(rows), target_bpp)[0]
        chosen = rows[(rows["point"] == best["point"]) & (rows["curve"] == best["curve"])].iloc[0]
        settings = {"branch": "adaptive", "threshold_db": entry["threshold_db"]} if "threshold_db" in entry else {}
        yield _representative(chosen, rows if entries else rows[rows["curve"] == best["curve"]], settings)


def _representative(
    row: pd.Series[Any], curve: pd.DataFrame, settings: Mapping[str, Any] | None = None
) -> Representative:
    """``settings`` go over the row's: the adaptive codec chooses a branch, of which the row is one."""
    point = OperatingPoint(row["point"], row["curve"], settings_of(row.to_dict()) | dict(settings or {}))
    return Representative(Subject(row["codec"], point), curve)


def _bd_rate(rows: pd.DataFrame, curve: pd.DataFrame) -> tuple[float | None, str]:
    """In percent against the anchor; or None, and why."""
    anchor = rows_of(rows, ANCHOR)
    if anchor.empty:
        return None, NO_ANCHOR
    try:
        return bd_rate(*_finite(anchor), *_finite(curve)), ""
    except PointsError as error:
        return None, " ".join(str(error).split())


def _finite(rows: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Pooled rates and PSNR, without lossless points."""
    pooled = pool(rows)
    pooled = pooled[np.isfinite(pooled["psnr_db"])]
    return pooled["bpp"], pooled["psnr_db"]
