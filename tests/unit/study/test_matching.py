"""Operating points that meet at one rate, and why others are left out."""

import pandas as pd
import pytest
from synthetic_rows import row

from licbench.errors import StudyError
from licbench.study.matching import Rates, match_rates, pair_table

ENTRIES = {"A": {"codec": "jpeg"}, "B": {"codec": "jpeg2000"}, "C": {"codec": "bpg", "curve": "420"}}
RATES = Rates(target=0.15, low=0.1, high=0.2, tolerance=0.05)


def rows_at(image="one", **rates):
    """Rows of an image of 100x800 pixels: codec -> (bytes, sse) of its points; 1000 bytes are 0.1 bpp."""
    found = []
    for codec, points in rates.items():
        for size, sse in points:
            columns = {
                "width": 100,
                "height": 800,
                "bytes": size,
                "sse": sse,
                "sse_rr": sse,
                "pixels_sha256": f"{codec}{size}{sse}",
            }
            found.append(row(image, codec, "420", f"{codec}-{size}-{sse}", **columns))
    return found


def matched(*lines, entries=ENTRIES, rates=RATES):
    rows = pd.DataFrame([line for group in lines for line in group])
    images = list(dict.fromkeys(rows["image"]))
    found = match_rates(rows, entries, images, rates)
    return found, pair_table(found, entries)


def test_the_window_with_most_entries_wins_over_the_one_nearest_to_the_target():
    (one,), pairs = matched(rows_at(jpeg=[(1500, 9), (1800, 9)], jpeg2000=[(1510, 9), (1850, 9)], bpg=[(1880, 9)]))
    assert {name: point["bpp"] for name, point in one.points.items()} == {"A": 0.18, "B": 0.185, "C": 0.188}
    assert pairs["matched"].all() and pairs["difference"].max() == pytest.approx(188 / 180 - 1)


def test_of_equal_windows_the_one_nearest_to_the_target_is_taken():
    points = [(1100, 9), (1480, 9), (1900, 9)]
    (one,), _ = matched(rows_at(jpeg=points, jpeg2000=points, bpg=points))
    assert {point["bpp"] for point in one.points.values()} == {0.148}


def test_an_entry_with_several_points_takes_the_best_and_of_equals_the_cheapest():
    (one,), _ = matched(rows_at(jpeg=[(1500, 9)], jpeg2000=[(1505, 50), (1510, 8), (1520, 8)], bpg=[(1500, 7)]))
    assert one.points["B"]["point"] == "jpeg2000-1510-8"


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(2600, 9), (400, 9)], "C: no point from 0.1 to 0.2 bpp; the nearest has 0.2600"),
        ([(1600, 9)], "C: no point from 0.1500 to 0.1575 bpp, where most entries meet; the nearest has 0.1600"),
        ([], "C: no measured point"),
    ],
)
def test_what_cannot_be_matched_is_left_out_with_the_reason(points, reason):
    _, pairs = matched(rows_at(jpeg=[(1500, 9)], jpeg2000=[(1500, 9)], bpg=points))
    assert dict(zip(pairs["entry"] + pairs["other"], pairs["reason"], strict=True)) == {
        "AB": "",
        "AC": reason,
        "BC": reason,
    }
    assert pairs["matched"].tolist() == [True, False, False]


def test_two_that_decode_to_the_same_pixels_are_no_pair():
    lines = rows_at(jpeg=[(1500, 9)], jpeg2000=[(1500, 9)], bpg=[(1500, 9)])
    for line in lines[:2]:
        line["pixels_sha256"] = "same"
    _, pairs = matched(lines)
    assert pairs["reason"].tolist() == ["both decode to the same pixels", "", ""]


def test_no_two_compared_rates_differ_by_more_than_the_tolerance():
    lines = [rows_at(f"i{at}", **{codec: [(900 + (37 * at + 61 * step) % 1300, step + 1) for step in range(12)]
                                  for codec in ("jpeg", "jpeg2000", "bpg")}) for at in range(6)]  # fmt: skip
    _, pairs = matched(*lines)
    kept = pairs[pairs["matched"]]
    assert len(kept) and (kept["difference"] <= RATES.tolerance + 1e-12).all()
    assert kept["bpp"].between(RATES.low, RATES.high).all()


def test_an_image_without_rows_is_refused():
    with pytest.raises(StudyError, match=r"no row of image two; run the workflow again"):
        match_rates(pd.DataFrame(rows_at(jpeg=[(1500, 9)])), ENTRIES, ["two"], RATES)
