"""The measured rows, and so the streams, behind each line of Table 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.pooling import rows_of
from licbench.metrics.distortion import psnr
from licbench.metrics.rate import bits_per_pixel

Entries = Mapping[str, Mapping[str, Any]]


def operating_rows(rows: pd.DataFrame, entries: Entries, table: pd.DataFrame) -> pd.DataFrame:
    """The rows behind each line of Table 5, one for each image and entry.

    Args:
        rows: see ``points``; of one image or more.
        entries: row name -> codec and, where given, curve, point or threshold (config: table5).
        table: Table 5 as measured, columns codec (the row's name) and setting.

    Returns:
        The rows as measured, so that ``point`` still names the stream of an adaptive codec, with ``name`` and
        ``setting`` of the table, ``bpp`` and ``psnr_db``; in the table's order.

    Raises:
        PointsError: a line has no row, or not one for each image.
    """
    chosen = []
    for line in table[["codec", "setting"]].to_dict("records"):
        own = rows_of(rows, entries[line["codec"]])
        kept = rows.loc[own.index[own["point"] == line["setting"]]]
        if sorted(kept["image"]) != sorted(set(rows["image"])):
            raise PointsError(f"report: {line['codec']} at {line['setting']} lacks an image; run the workflow again")
        chosen.append(kept.assign(name=line["codec"], setting=line["setting"]))
    return with_ratios(pd.concat(chosen, ignore_index=True))


def with_ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``bpp`` and ``psnr_db`` (of R, G and B; infinite without an error)."""
    pixels = rows["width"] * rows["height"]
    return rows.assign(
        bpp=[bits_per_pixel(size, count) for size, count in zip(rows["bytes"], pixels, strict=True)],
        psnr_db=[psnr(sse, 3 * count) for sse, count in zip(rows["sse"], pixels, strict=True)],
    )
