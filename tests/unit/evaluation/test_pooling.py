"""Pooling after CLIC's protocol, the choice within the budget and Table 5, against numbers worked out by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from licbench.errors import PointsError
from licbench.evaluation.pooling import adapt, best_within, pool
from licbench.paper.tables import CONTEST_COLUMNS, TABLE5_COLUMNS, contest, table5

PAPER = pd.DataFrame(
    {"codec": ["JPEG", "SR"], "psnr_db": [25.82, 30.0], "ms_ssim": [0.853, 0.947], "bpp": [0.133, 0.143]}
)


def row(image="a", codec="jpeg", curve="420", point="q1", **changes):
    """An image of 100 x 100 unless told otherwise."""
    usual = {"width": 100, "height": 100, "bytes": 1000, "sse": 30_000, "ms_ssim": 0.9, "branch": None}
    return {"image": image, "codec": codec, "curve": curve, "point": point, "settings": "{}", **usual, **changes}


def frame(*rows):
    return pd.DataFrame(list(rows))


def test_pooled_by_hand():
    pooled = pool(
        frame(
            row("a", width=100, height=100, bytes=1000, sse=30_000, ms_ssim=0.9),
            row("b", width=300, height=100, bytes=1400, sse=810_000, ms_ssim=0.5),
            row("c", width=10, height=100, bytes=50, sse=3_000, ms_ssim=np.nan),
        )
    )
    (line,) = pooled.to_dict("records")
    assert (line["images"], line["bytes"], line["pixels"]) == (3, 2450, 41_000)
    assert line["bpp"] == pytest.approx(8 * 2450 / 41_000)
    # One squared error over all 123,000 samples
    assert line["psnr_db"] == pytest.approx(10 * math.log10(255**2 / (843_000 / 123_000)))
    # Weighted by size, over the two images that have one
    assert line["ms_ssim"] == pytest.approx((0.9 * 10_000 + 0.5 * 30_000) / 40_000)
    # Mean of 1, 9 and 1 in MSE, each in dB first
    decibels = [10 * math.log10(255**2 / mse) for mse in (1, 9, 1)]
    assert line["mean_psnr_db"] == pytest.approx(sum(decibels) / 3)
    assert line["mean_bpp"] == pytest.approx((0.8 + 1400 * 8 / 30_000 + 0.4) / 3)


def test_points_are_pooled_apart_and_keep_their_order():
    rows = frame(row("a", point="q9"), row("a", point="q1"), row("b", point="q9"), row("a", codec="bpg", point="q1"))
    pooled = pool(rows)
    assert list(zip(pooled["codec"], pooled["point"], pooled["images"], strict=True)) == [
        ("jpeg", "q9", 2), ("jpeg", "q1", 1), ("bpg", "q1", 1),
    ]  # fmt: skip


def test_pooling_pictures_without_ms_ssim_or_error():
    (line,) = pool(frame(row(sse=0, ms_ssim=np.nan))).to_dict("records")
    assert math.isnan(line["ms_ssim"]) and line["psnr_db"] == line["mean_psnr_db"] == math.inf


def curve(*points):
    return pd.DataFrame([{"point": name, "bpp": bpp, "psnr_db": psnr_db} for name, bpp, psnr_db in points])


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([("a", 0.10, 24.0), ("b", 0.14, 26.0), ("c", 0.16, 27.0)], ("b", True)),
        ([("a", 0.10, 24.0), ("b", 0.15, 26.0)], ("b", True)),  # at the target is within it
        ([("a", 0.10, 26.0), ("b", 0.14, 25.0)], ("a", True)),  # the best, not the largest
        ([("a", 0.20, 24.0), ("b", 0.16, 23.0), ("c", 0.3, 30.0)], ("b", False)),  # none: the cheapest
        ([("a", 0.14, 26.0), ("b", 0.12, 26.0)], ("b", True)),  # equally good: the cheaper
        ([("a", 0.14, math.inf), ("b", 0.12, math.inf), ("c", 0.01, 50.0)], ("b", True)),  # also without a loss
        ([("b", 0.14, 26.0), ("a", 0.14, 26.0)], ("a", True)),  # equal in both: by id, whatever the order
        ([("a", 0.2, 23.0), ("b", 0.2, 24.0)], ("b", False)),  # none, equally cheap: the better
    ],
)
def test_budget(points, expected):
    chosen, within = best_within(curve(*points), 0.15)
    assert (chosen["point"], within) == expected


def sr_rows():
    """Two images at two QPs, both branches: SRCNN suits a (34 dB), not b (32 dB)."""
    return frame(
        *(
            row(
                image, codec="sr", curve=branch, point=f"{branch}-qp{qp}", branch=branch, pre_psnr_db=pre,
                settings=json.dumps({"qp": qp}), bytes=size * (qp == 35) + size, sse=size,
            )
            for image, pre in (("a", 34.0), ("b", 32.0))
            for branch, size in (("srcnn", 100), ("lanczos", 130))
            for qp in (35, 9)
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("threshold", "branches"),
    [
        (33.0, {"a": "srcnn", "b": "lanczos"}),
        (34.0, {"a": "srcnn", "b": "lanczos"}),  # false of Pre_PSNR < threshold: SRCNN
        (34.01, {"a": "lanczos", "b": "lanczos"}),
        (0.0, {"a": "srcnn", "b": "srcnn"}),
    ],
)
def test_adapt_takes_the_branch_of_each_picture(threshold, branches):
    rows = sr_rows()
    chosen = adapt(rows, threshold)
    assert len(chosen) == 4
    for line in chosen.to_dict("records"):
        assert line["branch"] == branches[line["image"]]
        assert line["curve"] == f"adaptive-{threshold:g}"
        assert line["point"] == f"adaptive-{threshold:g}-qp{json.loads(line['settings'])['qp']:02d}"
    assert set(pool(chosen)["images"]) == {2}
    assert set(rows["curve"]) == {"srcnn", "lanczos"}  # what went in is left as it was


def test_adapt_takes_lossless_srcnn():
    rows = sr_rows().assign(pre_psnr_db=math.inf)
    assert set(adapt(rows, 100.0)["branch"]) == {"srcnn"}


def test_table5_by_hand():
    rows = pd.concat(
        [
            sr_rows(),
            frame(
                row(curve="420", point="q1", bytes=150, sse=90_000),
                row(curve="420", point="q2", bytes=180, sse=30_000, ms_ssim=0.91234),
                row(curve="420", point="q3", bytes=190, sse=20_000),
                row(curve="444", point="better", bytes=100, sse=3),
                row(codec="gan", curve="x", point="too much", bytes=400),
            ),
        ],
        ignore_index=True,
    )
    entries = {
        "JPEG": {"codec": "jpeg", "curve": "420"},
        "GAN": {"codec": "gan"},
        "SR": {"codec": "sr", "threshold_db": 33.0},
    }
    table = table5(rows, PAPER, entries, target_bpp=0.15)
    assert tuple(table.columns) == TABLE5_COLUMNS
    header = "codec,psnr_db,ms_ssim,bpp,paper_psnr_db,paper_ms_ssim,paper_bpp,setting,meets_target_rate"
    assert table.to_csv(index=False).splitlines()[0] == header
    jpeg, gan, sr = table.to_dict("records")
    # 180 bytes for 10,000 pixels; an MSE of 1
    assert jpeg == {
        "codec": "JPEG", "psnr_db": 48.131, "ms_ssim": 0.9123, "bpp": 0.144, "paper_psnr_db": 25.82,
        "paper_ms_ssim": 0.853, "paper_bpp": 0.133, "setting": "q2", "meets_target_rate": True,
    }  # fmt: skip
    assert (gan["codec"], gan["setting"], gan["bpp"], gan["meets_target_rate"]) == ("GAN", "too much", 0.32, False)
    assert all(math.isnan(gan[name]) for name in ("paper_psnr_db", "paper_ms_ssim", "paper_bpp"))
    # At QP 35: 200 bytes of a with SRCNN and 260 of b with Lanczos, 0.184 bpp; at QP 9 half of that at the same error
    assert (sr["setting"], sr["bpp"], sr["paper_bpp"]) == ("adaptive-33-qp09", 0.092, 0.143)
    assert sr["psnr_db"] == round(10 * math.log10(255**2 / (230 / 60_000)), 3)


def test_contest_sets_a_point_against_the_leaderboard():
    leaderboard = pd.DataFrame(
        [
            {"entry": "Gcodec", "split": "valid", "psnr_db": 26.5, "ms_ssim": 0.9, "bytes": 4_657_080, "bpp": 0.1479},
            {"entry": "Gcodec", "split": "test", "psnr_db": 25.6, "ms_ssim": 0.8, "bytes": 13_313_459, "bpp": 0.1498},
        ]
    )
    rows = frame(
        row(codec="gan", point="s3", bytes=180, sse=30_000),
        row(codec="gan", point="s2", bytes=150, sse=3),
        row(codec="jpeg", point="q2", bytes=150),
    )
    entries = {"Gcodec": {"codec": "gan", "point": "s3"}, "JPEG": {"codec": "jpeg"}}
    table = contest(rows, leaderboard, entries, target_bpp=0.15)
    assert tuple(table.columns) == CONTEST_COLUMNS
    gan, jpeg = table.to_dict("records")
    assert gan == {
        "entry": "Gcodec", "psnr_db": 48.131, "ms_ssim": gan["ms_ssim"], "bytes": 180, "bpp": 0.144,
        "official_psnr_db": 26.5, "official_ms_ssim": 0.9, "official_bytes": 4_657_080, "official_bpp": 0.1479,
        "setting": "s3", "meets_target_rate": True,
    }  # fmt: skip
    assert (jpeg["entry"], jpeg["bytes"]) == ("JPEG", 150) and math.isnan(jpeg["official_bytes"])


@pytest.mark.parametrize("entry", [{"codec": "bpg"}, {"codec": "jpeg", "curve": "422"}])
def test_table5_without_a_point_is_refused(entry):
    with pytest.raises(
        PointsError, match="table5: no measured point fits BPG; correct its block in the config"
    ) as refused:
        table5(frame(row()), PAPER, {"BPG": entry}, 0.15)
    assert "\n" not in str(refused.value)
