"""Pooling, choices among the measured rows, Table 5 and the contest; Tables 1 to 4 are in ``paper_tables``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.metrics.distortion import psnr


def pool(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of all pictures -> one line a (codec, curve, point), after the CLIC 2018 protocol.

    ``psnr_db`` from one squared error over all samples of all pictures, ``ms_ssim`` weighted by picture size (over the
    pictures large enough to have one), ``bpp`` from all bytes and all pixels; ``mean_psnr_db`` and ``mean_bpp`` are the
    plain means over pictures.
    """
    rows = rows.assign(pixels=rows["width"] * rows["height"])
    rows["image_psnr_db"] = [psnr(sse, 3 * pixels) for sse, pixels in zip(rows["sse"], rows["pixels"], strict=True)]
    return pd.DataFrame(
        [
            {"codec": codec, "curve": curve, "point": point, **_pooled(group)}
            for (codec, curve, point), group in rows.groupby(["codec", "curve", "point"], sort=False)
        ]
    )


def _pooled(group: pd.DataFrame) -> dict[str, float]:
    pixels, size = int(group["pixels"].sum()), int(group["bytes"].sum())
    scored = group[group["ms_ssim"].notna()]
    weight = scored["pixels"].sum()
    return {
        "images": len(group),
        "bytes": size,
        "pixels": pixels,
        "bpp": 8 * size / pixels,
        "psnr_db": psnr(int(group["sse"].sum()), 3 * pixels),
        "ms_ssim": (scored["ms_ssim"] * scored["pixels"]).sum() / weight if weight else float("nan"),
        "mean_bpp": (8 * group["bytes"] / group["pixels"]).mean(),
        "mean_psnr_db": group["image_psnr_db"].mean(),
    }


def adapt(rows: pd.DataFrame, threshold_db: float) -> pd.DataFrame:
    """The rows that adaptive super-resolution makes at a threshold (section 2.3): SRCNN where Pre_PSNR reaches it.

    Rows of both branches at every QP go in; for each picture and QP the row of its branch comes out.
    """
    takes_srcnn = rows["pre_psnr_db"] >= threshold_db
    chosen = rows[takes_srcnn == (rows["branch"] == "srcnn")]
    qps = [json.loads(settings)["qp"] for settings in chosen["settings"]]
    return chosen.assign(
        curve=f"adaptive-{threshold_db:g}", point=[f"adaptive-{threshold_db:g}-qp{qp:02d}" for qp in qps]
    )


def rows_of(rows: pd.DataFrame, contender: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that stand for a contender of the config: its codec's, or those of one curve, point or threshold."""
    own = rows[rows["codec"] == contender["codec"]]
    for column in ("curve", "point"):
        if column in contender:
            own = own[own[column] == contender[column]]
    return adapt(own, contender["threshold_db"]) if "threshold_db" in contender else own


def best_within(pooled: pd.DataFrame, target_bpp: float) -> tuple[pd.Series[Any], bool]:
    """The point of highest pooled PSNR at or under the target, and True; or the point of lowest rate, and False.

    Of equally good points the cheapest, of equally cheap ones the best, and then the first by the point's id.
    """
    affordable = pooled[pooled["bpp"] <= target_bpp]
    if len(affordable):
        return affordable.sort_values(["psnr_db", "bpp", "point"], ascending=[False, True, True]).iloc[0], True
    return pooled.sort_values(["bpp", "psnr_db", "point"], ascending=[True, False, True]).iloc[0], False
