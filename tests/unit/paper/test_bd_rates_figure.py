"""The figure of relative rates: every pair, a panel for each anchor and quality, the same bytes every time."""

import numpy as np
import pandas as pd
import pytest

from licbench.evaluation.bd_rates import OVER_QUALITY
from licbench.evaluation.external_curves import PUBLISHED
from licbench.paper.figures.bd_rates import draw_bd_rates
from licbench.paper.figures.rate_distortion import STYLES
from licbench.paper.figures.style import save

PAIRS = [
    (("bpg", "420"), ("jpeg", "420-optimised"), "psnr_rgb", "pooled", -50.0),
    (("bpg", "420"), ("jpeg", "420-optimised"), "ms_ssim_db", "pooled", -40.0),
    (("bpg", "420"), ("jpeg", "420-optimised"), "psnr_rgb", "mean", -55.0),
    (("bpg", "420"), ("jpeg", "420-optimised"), "psnr_y", "pooled", -60.0),
    (("mine", "a"), ("jpeg", "420-optimised"), "psnr_rgb", "pooled", 100.0),
    (("bpg", "420"), (PUBLISHED, "Theirs"), "psnr_rgb", "mean", 10.0),
]


@pytest.fixture
def over_quality():
    frames = [
        pd.DataFrame({"quality": np.linspace(25, 35, 41), "rate_difference": percent}).assign(
            codec=test[0], curve=test[1], anchor_codec=anchor[0], anchor_curve=anchor[1], metric=metric, average=average
        )
        for test, anchor, metric, average, percent in PAIRS
    ]
    return pd.concat(frames, ignore_index=True)[list(OVER_QUALITY)]


def lines_of(axes):
    return [(line.get_color(), line.get_ydata()[0]) for line in axes.get_lines() if len(line.get_xdata()) > 2]


def test_each_anchor_has_its_panels_and_each_pair_its_line(over_quality):
    figure = draw_bd_rates(over_quality)
    jpeg_psnr, jpeg_ms_ssim, theirs_psnr, theirs_ms_ssim = figure.axes
    blue = STYLES["bpg", "420"].colour
    # Means of our own pair are not drawn, nor luma
    (bpg, mine) = lines_of(jpeg_psnr)
    assert bpg == (blue, 0.5) and mine[1] == 2.0 and mine[0] != blue
    assert lines_of(jpeg_ms_ssim) == [(blue, pytest.approx(0.6))]
    assert lines_of(theirs_psnr) == [(blue, pytest.approx(1.1))] and "Theirs" in theirs_psnr.get_ylabel()
    assert not lines_of(theirs_ms_ssim) and "not published" in theirs_ms_ssim.texts[0].get_text()
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == ["BPG 4:2:0", "mine, a"]


def test_without_a_pair_the_figure_says_so(over_quality):
    (text,) = draw_bd_rates(over_quality.iloc[:0]).texts
    assert text.get_text() == "No two curves have a common range of quality."


def test_equal_data_are_equal_files(over_quality, tmp_path):
    for name in ("one", "two"):
        save(draw_bd_rates(over_quality), [tmp_path / f"{name}.png", tmp_path / f"{name}.pdf"])
    for suffix in (".png", ".pdf"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
