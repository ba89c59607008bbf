"""Which points represent a codec, and what a line of complexity.csv says, from rows that are made up."""

import math

import pandas as pd
import pytest
from synthetic_rows import synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation.complexity import COLUMNS, NO_ANCHOR, complexity_table, representatives, waiting
from licbench.paper.figures.complexity import draw_complexity
from licbench.paper.figures.style import save

ENTRIES = [
    {"codec": "jpeg", "curve": "420-optimised"},
    {"codec": "sr", "threshold_db": 33.0},
    {"codec": "bpg", "curve": "420"},
]
COST = {
    "bytes": 3840, "encode_min_s": 0.2, "encode_median_s": 0.3, "encode_cpu_s": 0.1, "decode_min_s": 0.02,
    "decode_median_s": 0.03, "decode_cpu_s": 0.016, "start_up_s": 1.0, "start_up_memory_mb": 40.0, "memory_mb": 60.0,
    "encoder_parameters": 8129, "encoder_macs": 307_200_000, "decoder_parameters": None, "decoder_macs": None,
}  # fmt: skip


def chosen(rows=None, points=None, target=0.15):
    return representatives(synthetic_rows() if rows is None else rows, ENTRIES, target, points or {})


def table(rows):
    found = chosen(rows)
    return complexity_table(rows, found, [COST] * len(found), ["beach"], repeats=5)


def test_each_codec_is_at_its_best_point_at_the_target_rate():
    found = {one.subject.codec: one.subject.point for one in chosen()}
    assert list(found) == ["jpeg", "jpeg2000", "bpg", "cae", "gan", "sr"]
    assert found["jpeg"].id == "420-optimised-0.15" and found["bpg"].id == "420-0.15"
    # Without an entry in Table 5: of all curves the best, on its curve
    assert found["jpeg2000"].id == "9-7-0.15" and found["jpeg2000"].curve == "9-7"
    assert found["sr"].id.startswith("adaptive-33-qp")
    assert found["sr"].settings | {"qp": 0} == {"branch": "adaptive", "model": "srcnn", "qp": 0, "threshold_db": 33.0}


def test_the_config_may_name_the_points():
    found = chosen(points={"cae": ["none-0.4", "offline-0.1"]})
    assert [one.subject.point.id for one in found if one.subject.codec == "cae"] == ["none-0.4", "offline-0.1"]
    with pytest.raises(PointsError, match=r"cae was not measured at x; correct complexity\.points"):
        chosen(points={"cae": ["x"]})


def test_a_line_has_rates_costs_and_bd_rate():
    lines = table(synthetic_rows()).set_index("codec")
    assert ["codec", *lines.columns][1:] == [name for name in COLUMNS if name != "codec"]
    assert lines.loc["bpg", "bd_rate_percent"] == 0
    # Straight lines over log2 of the rate, 37 + 3.2 x and 34 + 3.9 x: the mean difference is that in the middle
    middle = (37 + 3.2 * math.log2(0.06) + 34 + 3.9 * math.log2(1.2)) / 2
    ratio = 2 ** ((middle - 34) / 3.9 - (middle - 37) / 3.2)
    assert lines.loc["jpeg", "bd_rate_percent"] == pytest.approx(100 * (ratio - 1), abs=0.1)
    assert lines.loc["jpeg", "bpp"] == 8 * 3840 / (640 * 480) and lines.loc["jpeg", "megapixels"] == 0.3072
    assert lines.loc["jpeg", "encoder_kmac_per_pixel"] == 1.0
    assert lines["decoder_kmac_per_pixel"].isna().all() and lines["decoder_parameters"].isna().all()
    assert (lines["encoder_parameters"] == 8129).all() and (lines["bd_rate_note"] == "").all()


def test_without_the_anchor_or_a_common_quality_the_cell_is_empty_with_the_reason():
    rows = synthetic_rows()
    alone = table(rows[rows["codec"] != "bpg"])
    assert alone["bd_rate_percent"].isna().all() and set(alone["bd_rate_note"]) == {NO_ANCHOR}
    worse = rows.assign(sse=rows["sse"].where(rows["codec"] != "gan", rows["sse"] * 1000))
    line = table(worse).set_index("codec").loc["gan"]
    assert pd.isna(line["bd_rate_percent"]) and "without common quality" in line["bd_rate_note"]


def test_a_busy_machine_shows_in_the_ratio_of_time_to_cpu():
    assert waiting(table(synthetic_rows())) == pytest.approx(2.0)
    quiet = table(synthetic_rows()).assign(encode_cpu_s=0.19, decode_cpu_s=0.0001)
    assert waiting(quiet) == pytest.approx(0.2 / 0.19)


def test_the_figure_shows_each_codec_once_and_names_those_without_bd_rate(tmp_path):
    lines = table(synthetic_rows())
    lines.loc[lines["codec"] == "gan", "bd_rate_percent"] = None
    figure = draw_complexity(lines)
    (axes,), (legend,) = figure.axes, figure.legends
    named = [text.get_text().split(",")[0] for text in legend.get_texts()]
    assert named == ["jpeg", "jpeg2000", "bpg", "cae", "sr"]
    assert "without BD-rate: gan" in axes.get_xlabel() and axes.get_xscale() == "log"
    nothing = draw_complexity(lines.assign(bd_rate_percent=None))
    save(nothing, [tmp_path / "nothing.png"])
    assert not nothing.legends and (tmp_path / "nothing.png").stat().st_size > 1000
    least, median = axes.get_lines()[0].get_xdata()
    assert (least, median) == pytest.approx((0.02 / 0.3072, 0.03 / 0.3072))
