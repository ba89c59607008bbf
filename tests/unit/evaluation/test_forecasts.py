"""Straight lines through a training's snapshots, to what the paper printed."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pictures import photo

from licbench.errors import PointsError
from licbench.evaluation.forecasts import COLUMNS, forecast
from licbench.images.files import write_png
from licbench.measurement.measure import measure_images
from licbench.paper.figures.training import draw_training_curve

ROOT = Path(__file__).parents[3]
STEPS = [125, 250, 500, 1000, 2000]


def curve(psnr, bd_rate=None):
    """Two operating points a snapshot; the second is 1 dB above the first."""
    rows = [
        {"model": "m", "step": step, "point": point, "bpp": 0.1, "psnr_db": value + more, "ms_ssim": 0.9}
        for step, value in zip(STEPS, psnr, strict=True)
        for point, more in (("one", 0), ("two", 1))
    ]
    table = pd.DataFrame(rows)
    return table if bd_rate is None else table.assign(bd_rate_jpeg_y=np.repeat(bd_rate, 2))


def goals(quantity, value):
    return pd.DataFrame([{"quantity": quantity, "value": value, "source": "a table"}])


def test_a_straight_line_is_followed_to_its_goal():
    found = forecast(curve([20, 21, 22, 23, 24]), goals("psnr_db", 26))
    assert tuple(found.columns) == COLUMNS and found["point"].tolist() == ["one", "two"]
    assert found["per_doubling"].tolist() == pytest.approx([1, 1]) and found["steps"].tolist() == [2000, 2000]
    assert found["steps_to_goal"].tolist() == [8000, 4000]


def test_the_line_goes_through_the_last_three_doublings():
    assert forecast(curve([0, 21, 22, 23, 24]), goals("psnr_db", 26))["per_doubling"].iloc[0] == pytest.approx(1)


def test_a_bd_rate_belongs_to_the_whole_curve():
    (line,) = forecast(curve([20] * 5, bd_rate=[40, 30, 20, 10, 0]), goals("bd_rate_jpeg_y", -13.7)).to_dict("records")
    assert line["point"] == "" and line["steps_to_goal"] == pytest.approx(2000 * 2**1.37, rel=0.01)


@pytest.mark.parametrize("psnr", [[24, 23, 22, 21, 20], [20] * 5])
def test_a_line_that_leads_elsewhere_never_arrives(psnr):
    assert math.isinf(forecast(curve(psnr), goals("psnr_db", 30))["steps_to_goal"].iloc[0])


def test_what_cannot_be_forecast_is_refused():
    with pytest.raises(PointsError, match="no vmaf in the training curve; choose from step, bpp, psnr_db, ms_ssim"):
        forecast(curve([20] * 5), goals("vmaf", 90))
    with pytest.raises(PointsError, match="one snapshot makes no curve"):
        forecast(curve([20] * 5).query("step == 125"), goals("psnr_db", 30))


def test_the_figure_has_a_panel_for_each_goal():
    table = curve([20, 21, 22, 23, 24], bd_rate=[40, 30, 20, 10, 0])
    wanted = pd.concat([goals("psnr_db", 26), goals("bd_rate_jpeg_y", -13.7)])
    figure = draw_training_curve(table, forecast(table, wanted))
    snapshots, psnr, difference = figure.axes
    assert len(snapshots.get_lines()) == len(STEPS)
    assert psnr.get_ylabel() == "PSNR (dB), R, G and B"
    assert difference.get_ylabel() == "BD-rate (%), luma PSNR,\nagainst jpeg"
    dashed = [line for line in psnr.get_lines() if line.get_linestyle() == "--"]
    assert [line.get_xdata()[-1] for line in dashed] == pytest.approx([8000, 4000])
    assert [line.get_ydata()[-1] for line in dashed] == pytest.approx([26, 26])


def test_the_published_goals_name_columns_of_the_curve():
    published = pd.read_csv(ROOT / "workflow" / "resources" / "paper" / "training.csv")
    assert published["quantity"].isin(["psnr_db", "ms_ssim", "bd_rate_jpeg2000_y", "bd_rate_jpeg2000_rgb"]).all()


def test_the_script_writes_curve_forecast_and_pictures(weights, tmp_path):
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
        "forecast": tmp_path / "forecast.csv",
        "pictures": tmp_path / "curve.png",
    }
    options = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    script = ROOT / "scripts" / "training_curve.py"
    subprocess.run([sys.executable, script, tmp_path / "one.png", *options], check=True)
    assert pd.read_csv(tmp_path / "curve.csv")["step"].tolist() == [1, 1, 1, 3, 3, 3]
    assert pd.read_csv(tmp_path / "forecast.csv")["quantity"].tolist() == ["bd_rate_jpeg_y"]
    assert (tmp_path / "curve.png").stat().st_size > 1000
