"""Which rows form the curves that are drawn and compared: one for each codec and way of moving its rate."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from licbench.evaluation.curve_names import FAMILY
from licbench.evaluation.threshold_scan import measured_qps, qp_sweep, threshold_sweep


def curves(rows: pd.DataFrame, qp: int, threshold_db: float) -> pd.DataFrame:
    """The rows of the curves that are drawn and compared: SR as its sweeps, the GAN's models as one curve.

    Args:
        rows: see ``measurement.rows``.
        qp: of super-resolution while its threshold moves; without rows at this QP that curve is left out.
        threshold_db: of super-resolution while its QP moves.
    """
    return pd.concat(list(_curves(rows, qp, threshold_db)), ignore_index=True)


def _curves(rows: pd.DataFrame, qp: int, threshold_db: float) -> Iterator[pd.DataFrame]:
    for codec, own in rows.groupby("codec", sort=False):
        if codec == "sr":
            yield qp_sweep(own, threshold_db)
            if qp in measured_qps(own):
                yield threshold_sweep(own, qp)
        else:
            yield own.assign(curve=FAMILY) if codec == "gan" else own
