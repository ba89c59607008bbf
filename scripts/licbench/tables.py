"""Pooling, choices among the measured rows, Table 5 and the contest; Tables 1 to 4 are in ``paper_tables``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.errors import PointsError
from licbench.metrics import psnr

TABLE5_COLUMNS = (
    "codec",
    "psnr_db",
    "ms_ssim",
    "bpp",
    "paper_psnr_db",
    "paper_ms_ssim",
    "paper_bpp",
    "setting",
    "within_budget",
)
CONTEST_COLUMNS = (
    "entry",
    "psnr_db",
    "ms_ssim",
    "bytes",
    "bpp",
    "official_psnr_db",
    "official_ms_ssim",
    "official_bytes",
    "official_bpp",
    "setting",
    "within_budget",
)


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


def table5(
    rows: pd.DataFrame, paper: pd.DataFrame, contenders: Mapping[str, Mapping[str, Any]], target_bpp: float
) -> pd.DataFrame:
    """Table 5: each contender's best operating point at the target rate, beside the published values.

    Args:
        rows: all rows of one dataset.
        paper: the published table, columns codec, psnr_db, ms_ssim, bpp.
        contenders: row name -> codec, and a curve, a point or a threshold where only these count (config: table5).
        target_bpp: the budget, in bits per pixel.

    Raises:
        PointsError: there is no contender, or one has no measured point.
    """
    published = paper.set_index("codec").add_prefix("paper_")
    table = _beside("table5", rows, published, contenders, target_bpp)
    return table.rename(columns={"name": "codec"})[list(TABLE5_COLUMNS)]


def contest(
    rows: pd.DataFrame, leaderboard: pd.DataFrame, contenders: Mapping[str, Mapping[str, Any]], target_bpp: float
) -> pd.DataFrame:
    """The entries of the CLIC 2018 challenge as measured here, beside the official leaderboard of the validation set.

    Args:
        rows: all rows of one dataset.
        leaderboard: columns entry, split, psnr_db, ms_ssim, bytes, bpp.
        contenders: entry -> what stands for it, as in ``table5`` (config: contest).
        target_bpp: the challenge's limit, in bits per pixel.

    Raises:
        PointsError: there is no contender, or one has no measured point.
    """
    published = leaderboard[leaderboard["split"] == "valid"].set_index("entry").add_prefix("official_")
    table = _beside("contest", rows, published, contenders, target_bpp)
    return table.rename(columns={"name": "entry"})[list(CONTEST_COLUMNS)]


def _beside(
    title: str,
    rows: pd.DataFrame,
    published: pd.DataFrame,
    contenders: Mapping[str, Mapping[str, Any]],
    target_bpp: float,
) -> pd.DataFrame:
    """Each contender's best affordable point, ``name``d, beside its line of ``published``."""
    if not contenders:
        raise PointsError(f"{title}: none of its codecs was measured; add a row for yours under {title} in the config")
    lines = []
    for name, contender in contenders.items():
        own = rows_of(rows, contender)
        if own.empty:
            raise PointsError(f"{title}: no measured point stands for {name}; check what the config says of it")
        chosen, within = best_within(pool(own), target_bpp)
        ours = {**chosen.drop("codec").to_dict(), "name": name, "setting": chosen["point"], "within_budget": within}
        lines.append(ours | (published.loc[name].to_dict() if name in published.index else {}))
    table = pd.DataFrame(lines)
    absent = [column for column in published.columns if column not in table]
    return table.assign(**dict.fromkeys(absent)).round({"psnr_db": 3, "ms_ssim": 4, "bpp": 4})
