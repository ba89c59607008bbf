"""Adaptive super-resolution as its threshold or its QP moves (section 2.3): choices among measured rows."""

from __future__ import annotations

import math

import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.curve_names import QP, THRESHOLD
from licbench.evaluation.pooling import adapt, pool
from licbench.measurement.rows import setting

COLUMNS = ["sweep", "threshold_db", "qp", "share_srcnn", "psnr_db", "ms_ssim", "bpp"]


def threshold_scan(rows: pd.DataFrame, qp: int, threshold_db: float) -> pd.DataFrame:
    """Both sweeps of adaptive super-resolution, pooled over the dataset after the CLIC 2018 protocol.

    Args:
        rows: see ``measurement.rows``; both branches of codec sr at every QP.
        qp: at which the threshold moves (the paper: 35), over every distinct Pre_PSNR and on to infinity.
        threshold_db: at which the QP moves (the paper: 33.0), over every measured QP.

    Returns:
        One line a setting: ``share_srcnn`` is the share of images that take SRCNN, from 1 at the lowest threshold to
        0 at an infinite one.

    Raises:
        PointsError: there are no rows of codec sr, or none at ``qp``.
    """
    sweeps = pd.concat([threshold_sweep(rows, qp), qp_sweep(rows, threshold_db)])
    shares = sweeps.assign(srcnn=sweeps["branch"] == "srcnn").groupby(["curve", "point"], sort=False)
    settings = shares.agg(threshold_db=("threshold_db", "first"), qp=("qp", "first"), share_srcnn=("srcnn", "mean"))
    scan = pool(sweeps).merge(settings.reset_index(), on=["curve", "point"]).rename(columns={"curve": "sweep"})
    scan = scan.sort_values(["sweep", "threshold_db", "qp"], ascending=[False, True, True], ignore_index=True)
    # The threshold stays exact: rounded, it would part the images otherwise.
    return scan[COLUMNS].round(dict.fromkeys(["share_srcnn", "psnr_db", "ms_ssim", "bpp"], 6))


def threshold_sweep(rows: pd.DataFrame, qp: int) -> pd.DataFrame:
    """The rows that the adaptive codec makes at one QP for every threshold at which its choice changes.

    Further columns ``qp`` and ``threshold_db``; ``curve`` is ``threshold``, ``point`` names the threshold.

    Raises:
        PointsError: there are no rows of codec sr, or none at ``qp``.
    """
    both = _with_qp(rows)
    fixed = both[both["qp"] == qp]
    if fixed.empty:
        measured = ", ".join(map(str, sorted(set(both["qp"]))))
        raise PointsError(f"threshold scan: QP {qp} is not measured; choose one of {measured}, or add it to the config")
    thresholds = sorted({*fixed["pre_psnr_db"], math.inf})
    return pd.concat([_adapted(fixed, threshold, THRESHOLD) for threshold in thresholds], ignore_index=True)


def qp_sweep(rows: pd.DataFrame, threshold_db: float) -> pd.DataFrame:
    """The rows that the adaptive codec makes at one threshold for every measured QP; columns as above, ``curve`` qp.

    Raises:
        PointsError: there are no rows of codec sr.
    """
    return _adapted(_with_qp(rows), threshold_db, QP)


def measured_qps(rows: pd.DataFrame) -> set[int]:
    """The QPs at which codec sr has rows.

    Raises:
        PointsError: there are no rows of codec sr.
    """
    return set(_with_qp(rows)["qp"])


def _with_qp(rows: pd.DataFrame) -> pd.DataFrame:
    own = rows[rows["codec"] == "sr"]
    if own.empty:
        raise PointsError("threshold scan: no row of codec sr; add sr to codecs in the config")
    return own.assign(qp=setting(own, "qp"))


def _adapted(rows: pd.DataFrame, threshold_db: float, sweep: str) -> pd.DataFrame:
    chosen = adapt(rows, threshold_db)
    points = [f"threshold{threshold_db}-qp{qp:02d}" for qp in chosen["qp"]]
    return chosen.assign(curve=sweep, point=points, threshold_db=threshold_db)
