"""Bootstrap bands: exact where all resamples can be listed, and pooled as the tables pool."""

import numpy as np
import pandas as pd
import pytest
from synthetic_rows import row, synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation.bootstrap import pooled_intervals
from licbench.evaluation.pooling import POINT, pool
from licbench.metrics.distortion import psnr

SIDE = 200
PIXELS = SIDE * SIDE


def two_rows(**second):
    rows = [
        row("a", "jpeg", "c", "p", bytes=500, sse=900_000, ms_ssim=0.8),
        row("b", "jpeg", "c", "p", **{"bytes": 1500, "sse": 100_000, "ms_ssim": 0.95} | second),
    ]
    return pd.DataFrame(rows)


def test_two_pictures_reach_from_one_to_the_other():
    # Of two images the resamples are aa (1/4), ab (1/2), bb (1/4): the outer 2.5 % are aa and bb.
    (band,) = pooled_intervals(two_rows()).to_dict("records")
    assert (band["bpp_low"], band["bpp_high"]) == (8 * 500 / PIXELS, 8 * 1500 / PIXELS)
    assert band["psnr_db_low"] == pytest.approx(psnr(900_000, 3 * PIXELS), abs=1e-12)
    assert band["psnr_db_high"] == pytest.approx(psnr(100_000, 3 * PIXELS), abs=1e-12)
    assert (band["ms_ssim_low"], band["ms_ssim_high"]) == (pytest.approx(0.8), pytest.approx(0.95))


def test_one_picture_has_no_width():
    rows = two_rows().iloc[:1]
    (band,), (pooled,) = pooled_intervals(rows).to_dict("records"), pool(rows).to_dict("records")
    for quantity in ("bpp", "psnr_db", "ms_ssim"):
        assert band[f"{quantity}_low"] == band[f"{quantity}_high"] == pytest.approx(pooled[quantity], abs=1e-12)


def test_pooled_values_lie_inside_and_more_pictures_narrow_the_band():
    rows = synthetic_rows()
    twice = pd.concat([rows, rows.assign(image=rows["image"] + "_again")], ignore_index=True)
    once, more = pooled_intervals(rows), pooled_intervals(twice)
    both = pool(rows).merge(once, on=POINT)
    for quantity in ("bpp", "psnr_db", "ms_ssim"):
        assert both[quantity].between(both[f"{quantity}_low"] - 1e-9, both[f"{quantity}_high"] + 1e-9).all()
    width = [(bands["psnr_db_high"] - bands["psnr_db_low"]).mean() for bands in (once, more)]
    assert width[1] < 0.85 * width[0]


def test_equal_rows_in_any_order_give_equal_bands():
    rows = synthetic_rows()
    shuffled = rows.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        pooled_intervals(rows).sort_values(POINT, ignore_index=True),
        pooled_intervals(shuffled).sort_values(POINT, ignore_index=True),
        check_exact=True,
    )
    assert not pooled_intervals(rows).equals(pooled_intervals(rows, seed=1))


def test_pictures_too_small_for_ms_ssim_weigh_nothing_there():
    (band,) = pooled_intervals(two_rows(ms_ssim=np.nan)).to_dict("records")
    assert band["ms_ssim_low"] == band["ms_ssim_high"] == pytest.approx(0.8)
    (none,) = pooled_intervals(two_rows(ms_ssim=np.nan).assign(ms_ssim=np.nan)).to_dict("records")
    assert np.isnan(none["ms_ssim_low"]) and np.isnan(none["ms_ssim_high"])


def test_lossless_points_have_infinite_quality():
    (band,) = pooled_intervals(two_rows(sse=0)).to_dict("records")
    assert band["psnr_db_high"] == np.inf and np.isfinite(band["psnr_db_low"])


def test_missing_and_doubled_pictures_are_refused():
    rows = two_rows()
    other = rows.assign(point="q")
    with pytest.raises(PointsError, match="lacks some of the images"):
        pooled_intervals(pd.concat([rows, other.iloc[:1]]))
    with pytest.raises(PointsError, match="has an image twice"):
        pooled_intervals(pd.concat([rows, rows]))
