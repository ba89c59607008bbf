"""Distances between the codecs of Table 5."""

from __future__ import annotations

import math

import pandas as pd

from licbench.paper.fidelity import COLUMNS, fidelity

TABLE = pd.DataFrame(
    {
        "codec": ["JPEG", "mine", "BPG"],
        "psnr_db": [24.0, 25.5, 28.25],
        "ms_ssim": [0.8, 0.9, math.nan],
        "bpp": [0.13, 0.15, 0.14],
        "paper_psnr_db": [25.0, math.nan, 30.0],
        "paper_ms_ssim": [0.85, math.nan, 0.95],
        "paper_bpp": [0.14, math.nan, 0.15],
    }
)


def test_each_codec_less_each_anchor():
    found = fidelity(TABLE)
    assert tuple(found.columns) == COLUMNS
    pairs = list(zip(found["codec"], found["anchor"], strict=True))
    assert pairs == [("mine", "JPEG"), ("BPG", "JPEG"), ("JPEG", "BPG"), ("mine", "BPG")]
    assert found["psnr_db_to_anchor"].tolist() == [1.5, 4.25, -4.25, -2.75]
    assert found["bpp_to_anchor"].tolist() == [0.02, 0.01, -0.01, 0.01]
    assert found["paper_psnr_db_to_anchor"].dropna().tolist() == [5.0, -5.0]
    assert found["ms_ssim_to_anchor"].dropna().tolist() == [0.1]


def test_an_anchor_that_the_table_lacks_is_left_out():
    found = fidelity(TABLE[TABLE["codec"] != "BPG"])
    assert found["anchor"].tolist() == ["JPEG"]
    assert fidelity(TABLE[TABLE["codec"] == "mine"]).empty
