"""The threshold scan: choices among rows, checked by hand on two images."""

import json
import math

import pandas as pd
import pytest
from synthetic_rows import row, synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation.pooling import adapt, pool
from licbench.evaluation.threshold_scan import COLUMNS, qp_sweep, threshold_scan, threshold_sweep
from licbench.metrics.distortion import psnr

# Both images are 200 x 200. Bytes and squared error of each (image, branch), the same at both QPs but for a factor
PRE_PSNR = {"hard": 30.0, "easy": 36.0}
CODED = {
    ("hard", "srcnn"): (1000, 600_000),
    ("hard", "lanczos"): (1600, 300_000),
    ("easy", "srcnn"): (400, 200_000),
    ("easy", "lanczos"): (700, 100_000),
}
PIXELS = 2 * 200 * 200


def two_pictures(pre_psnr=PRE_PSNR):
    rows = []
    for (image, branch), (size, sse) in CODED.items():
        for qp, factor in ((35, 1), (30, 2)):
            settings = json.dumps({"branch": branch, "model": "srcnn", "qp": qp})
            own = {"settings": settings, "branch": branch, "pre_psnr_db": pre_psnr[image], "ms_ssim": 0.9}
            coded = {"bytes": size * factor, "sse": sse // factor}
            rows.append(row(image, "sr", branch, f"{branch}-qp{qp}", **own, **coded))
    return pd.DataFrame(rows)


def line(scan, **values):
    for name, value in values.items():
        scan = scan[scan[name] == value]
    (found,) = scan.to_dict("records")
    return found


def test_each_threshold_moves_the_pictures_that_reach_it():
    scan = threshold_scan(two_pictures(), qp=35, threshold_db=33.0)
    assert list(scan.columns) == COLUMNS
    moving = scan[scan["sweep"] == "threshold"]
    assert moving["threshold_db"].tolist() == [30.0, 36.0, math.inf]
    assert moving["share_srcnn"].tolist() == [1.0, 0.5, 0.0]
    assert moving["qp"].tolist() == [35, 35, 35]
    assert moving["bpp"].tolist() == [8 * size / PIXELS for size in (1000 + 400, 1600 + 400, 1600 + 700)]
    assert moving["psnr_db"].tolist() == [round(psnr(sse, 3 * PIXELS), 6) for sse in (800_000, 500_000, 400_000)]


def test_qp_moves_at_the_fixed_threshold():
    scan = threshold_scan(two_pictures(), qp=35, threshold_db=33.0)
    moving = scan[scan["sweep"] == "qp"]
    assert moving["qp"].tolist() == [30, 35]
    assert moving["threshold_db"].tolist() == [33.0, 33.0]
    assert moving["share_srcnn"].tolist() == [0.5, 0.5]
    assert moving["bpp"].tolist() == [8 * size / PIXELS for size in (2 * 2000, 2000)]
    assert moving["psnr_db"].tolist() == [round(psnr(sse, 3 * PIXELS), 6) for sse in (250_000, 500_000)]


def test_the_sweeps_meet_where_both_settings_are_the_same():
    scan = threshold_scan(two_pictures(), qp=35, threshold_db=33.0)
    # 33 dB lies between the two images, and so does every threshold above 30 up to 36.
    met = [line(scan, sweep="threshold", threshold_db=36.0), line(scan, sweep="qp", qp=35)]
    assert met[0] | {"sweep": "", "threshold_db": 0} == met[1] | {"sweep": "", "threshold_db": 0}


def test_thresholds_that_print_alike_stay_apart():
    rows = two_pictures({"hard": 33.00000001, "easy": 33.00000002})
    assert threshold_scan(rows, 35, 33.0).query("sweep == 'threshold'")["share_srcnn"].tolist() == [1.0, 0.5, 0.0]


def test_equal_pre_psnr_is_one_threshold():
    rows = two_pictures({"hard": 31.0, "easy": 31.0})
    assert threshold_scan(rows, 35, 33.0).query("sweep == 'threshold'")["share_srcnn"].tolist() == [1.0, 0.0]


def test_every_point_is_what_the_adaptive_codec_makes():
    rows = synthetic_rows()
    scan = threshold_scan(rows, qp=35, threshold_db=33.0)
    own = rows[rows["codec"] == "sr"]
    for found in scan.to_dict("records"):
        adapted = pool(adapt(own, found["threshold_db"]))
        expected = adapted[adapted["point"].str.endswith(f"qp{found['qp']}")].iloc[0]
        for quantity in ("bpp", "psnr_db", "ms_ssim"):
            assert found[quantity] == round(expected[quantity], 6)


def test_sweeps_hold_one_row_a_picture_and_point():
    rows = synthetic_rows()
    for sweep in (threshold_sweep(rows, 35), qp_sweep(rows, 33.0)):
        assert set(sweep.groupby("point")["image"].nunique()) == {4}
        assert not sweep.duplicated(["image", "point"]).any()


def test_unmeasured_qp_is_named_with_the_choices():
    with pytest.raises(PointsError, match=r"QP 36 is not measured; choose one of 30, 35"):
        threshold_scan(two_pictures(), 36, 33.0)


def test_rows_without_super_resolution_are_refused():
    rows = synthetic_rows()
    with pytest.raises(PointsError, match="no row of codec sr"):
        threshold_scan(rows[rows["codec"] != "sr"], 35, 33.0)
