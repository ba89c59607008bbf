"""A training drawn over its steps, beside what the paper printed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pictures import photo

from licbench.errors import PointsError
from licbench.images.files import write_png
from licbench.measurement.measure import measure_images
from licbench.paper.figures.training import draw_training_curve

ROOT = Path(__file__).parents[3]
STEPS = [125, 250, 500, 1000, 2000]


def curve():
    """Two operating points a snapshot; the second is 1 dB above the first, and lossless after the first step."""
    rows = [
        {"model": "m", "step": step, "point": point, "bpp": 0.1, "psnr_db": value + more, "ms_ssim": 0.9}
        for step, value in zip(STEPS, (20, 21, 22, 23, 24), strict=True)
        for point, more in (("one", 0), ("two", 1 if step == STEPS[0] else np.inf))
    ]
    return pd.DataFrame(rows).assign(bd_rate_jpeg_y=np.repeat([40, 30, 20, 10, 0], 2))


def published(*quantities):
    return pd.DataFrame(quantities, columns=["quantity", "value"])


def test_the_figure_has_a_panel_for_each_published_quantity():
    figure = draw_training_curve(curve(), published(("psnr_db", 26), ("bd_rate_jpeg_y", -13.7)))
    snapshots, psnr, difference = figure.axes
    assert len(snapshots.get_lines()) == len(STEPS)
    assert psnr.get_ylabel() == "PSNR (dB), R, G and B"
    assert difference.get_ylabel() == "BD-rate (%), luma PSNR,\nagainst jpeg"
    one, two, paper = psnr.get_lines()
    assert list(one.get_xdata()) == STEPS and list(one.get_ydata()) == [20, 21, 22, 23, 24]
    assert list(two.get_xdata()) == STEPS[:1] and list(two.get_ydata()) == [21]
    assert list(paper.get_ydata()) == [26, 26]
    # A BD-rate belongs to a snapshot's whole curve
    path, paper = difference.get_lines()
    assert list(path.get_ydata()) == [40, 30, 20, 10, 0] and list(paper.get_ydata()) == [-13.7, -13.7]


def test_a_published_quantity_that_was_not_measured_is_named():
    with pytest.raises(PointsError, match="no vmaf in the training curve; choose from step, bpp, psnr_db, ms_ssim"):
        draw_training_curve(curve(), published(("vmaf", 90)))


def test_the_published_values_name_columns_of_the_curve():
    published = pd.read_csv(ROOT / "workflow" / "resources" / "paper" / "training.csv")
    assert published["quantity"].isin(["psnr_db", "ms_ssim", "bd_rate_jpeg2000_y", "bd_rate_jpeg2000_rgb"]).all()


def test_the_script_writes_curve_and_pictures(weights, tmp_path):
    write_png(tmp_path / "one.png", photo(170, 176))
    jpeg = {"modes": ["420-optimised"], "quality": [5, 20, 50, 90]}
    places = {"streams": tmp_path / "streams", "rows": tmp_path / "rows.csv"}
    measure_images({"one": tmp_path / "one.png"}, ("d", "jpeg"), jpeg, weights=weights, **places)
    (tmp_path / "paper.csv").write_text(
        "network,quantity,value,source\ncae,bd_rate_jpeg_y,-13.7,us\ngan,psnr_db,9,us\n"
    )
    ladder = {"rotation": ["offline"], "ladder": {"tiny_cae": [0.5, 1.0, 2.0]}}
    arguments = {
        "snapshots": weights / "snapshots",
        "model": "tiny_cae",
        "network": "cae",
        "settings": json.dumps(ladder),
        "anchors": json.dumps({"jpeg": {"codec": "jpeg", "curve": "420-optimised"}}),
        "rows": tmp_path / "rows.csv",
        "paper": tmp_path / "paper.csv",
        "csv": tmp_path / "curve.csv",
        "drawings": tmp_path / "curve.png",
    }
    options = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    script = ROOT / "scripts" / "training_curve.py"
    subprocess.run([sys.executable, script, tmp_path / "one.png", *options], check=True)
    assert pd.read_csv(tmp_path / "curve.csv")["step"].tolist() == [1, 1, 1, 3, 3, 3]
    assert (tmp_path / "curve.png").stat().st_size > 1000
