"""Table 5 as distances between codecs, ours and the paper's: comparable across datasets, unlike the decibels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from licbench.paper.protocol import ANCHORS

QUANTITIES = {"psnr_db": 3, "ms_ssim": 4, "bpp": 4}
"""Columns of Table 5 whose differences are taken, and the digits that the table has."""
PUBLISHED = "paper_"
COLUMNS = (
    "codec", "anchor", *(f"{prefix}{name}_to_anchor" for name in QUANTITIES for prefix in ("", PUBLISHED)),
)  # fmt: skip


def fidelity(table5: pd.DataFrame, anchors: Sequence[str] = ANCHORS) -> pd.DataFrame:
    """Each codec of Table 5 less each anchor: what is measured, and what is printed.

    Args:
        table5: as ``tables.table5`` makes it, or as read from its file.
        anchors: rows that the others are compared with; those that the table lacks are left out.

    Returns:
        One line for each anchor and other codec, columns ``COLUMNS``; negative is less than the anchor has. The rates
        of two points differ too, by ``bpp_to_anchor``. A codec that the paper does not have has no printed distance.
    """
    rows = {str(line["codec"]): line for line in table5.to_dict("records")}
    lines = [
        {"codec": codec, "anchor": anchor, **_distances(rows[codec], rows[anchor])}
        for anchor in anchors
        if anchor in rows
        for codec in rows
        if codec != anchor
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _distances(codec: Mapping[Any, Any], anchor: Mapping[Any, Any]) -> dict[str, float]:
    return {
        f"{prefix}{name}_to_anchor": round(float(codec[f"{prefix}{name}"]) - float(anchor[f"{prefix}{name}"]), digits)
        for name, digits in QUANTITIES.items()
        for prefix in ("", PUBLISHED)
    }
