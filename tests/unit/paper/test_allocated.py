"""Table 5 with a point for each image: against numbers worked out by hand, and the files of a run."""

import math

import pandas as pd
import pytest
from pictures import photo, textured
from synthetic_rows import row

from licbench.errors import PointsError
from licbench.evaluation.pooling import best_within, pool, rows_of
from licbench.images.files import write_png
from licbench.measurement.batches import MOST
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import COLUMNS as ROW_COLUMNS
from licbench.measurement.rows import digest, read_rows
from licbench.measurement.streams import stream_file
from licbench.metrics.rate import bits_per_pixel
from licbench.paper.allocated import COLUMNS, POINT_COLUMNS, limit_bytes, table5_allocated

JPEG = {"JPEG": {"codec": "jpeg", "curve": "420-optimised"}}
SR = {"SR": {"codec": "sr", "threshold_db": 33.0}}


def coded(image, point, size, sse, *, codec="jpeg", curve="420-optimised", **columns):
    """A row of an image of 200 x 200."""
    moments = {"sse": sse, "sse_rr": sse, "ms_ssim": 0.9}
    return row(image, codec, curve, point, bytes=size, **moments, **columns)


def frame(*rows):
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS))


EASY_AND_HARD = frame(
    coded("easy", "a", 100, 1000), coded("easy", "b", 200, 900), coded("easy", "c", 400, 850),
    coded("hard", "a", 100, 9000), coded("hard", "b", 200, 5000), coded("hard", "c", 400, 3000),
)  # fmt: skip


def test_bytes_go_where_they_save_most():
    # 500 bytes: fixed b (400) leaves 5900; the hard image at c, the easy one at a leaves 4000
    table, points = table5_allocated(EASY_AND_HARD, JPEG, 500 * 8 / 80_000)
    assert (tuple(table.columns), tuple(points.columns)) == (COLUMNS, POINT_COLUMNS)
    (line,) = table.to_dict("records")
    assert (line["codec"], line["fixed_setting"], line["bytes"], line["limit_bytes"]) == ("JPEG", "b", 500, 500)
    assert line["gain_db"] == pytest.approx(10 * math.log10(5900 / 4000), abs=1e-3)
    assert line["bound_psnr_db"] == line["psnr_db"] and line["meets_target_rate"] and line["points_used"] == 2
    fixed_at_500 = 10 * math.log10(5900 / 3850) * math.log(500 / 400) / math.log(800 / 400)
    assert line["gain_at_equal_rate_db"] == pytest.approx(line["gain_db"] - fixed_at_500, abs=2e-3)
    assert points[["image", "point", "bytes"]].to_numpy().tolist() == [["easy", "a", 100], ["hard", "c", 400]]
    assert points["stream"].tolist() == [
        "results/streams/points/synthetic/jpeg/easy/a.jpg", "results/streams/points/synthetic/jpeg/hard/c.jpg",
    ]  # fmt: skip


def test_a_codec_above_the_target_shows_its_cheapest_points():
    table, _ = table5_allocated(EASY_AND_HARD, JPEG, 150 * 8 / 80_000)
    (line,) = table.to_dict("records")
    assert (line["bytes"], line["meets_target_rate"], line["gain_db"]) == (200, False, 0)
    assert math.isnan(line["bound_psnr_db"])


def test_an_adaptive_codec_keeps_to_its_threshold_and_names_the_streams_as_measured():
    settings = '{{"branch": "{0}", "model": "srcnn", "qp": {1}}}'
    rows = frame(
        *(
            coded(
                image, f"{branch}-qp{qp}", size, sse, codec="sr", curve=branch,
                branch=branch, pre_psnr_db=pre_psnr, settings=settings.format(branch, qp),
            )
            for image, pre_psnr in (("smooth", 35.0), ("rough", 30.0))
            for branch, better in (("srcnn", 1), ("lanczos", 2))
            for qp, size, sse in ((30, 400, 100 * better), (40, 100, 1000 * better))
        )
    )  # fmt: skip
    _, points = table5_allocated(rows, SR, 500 * 8 / 80_000)
    chosen = dict(zip(points["image"], points["stream"], strict=True))
    assert chosen == {
        "smooth": "results/streams/points/synthetic/sr/smooth/srcnn-qp40.sr",
        "rough": "results/streams/points/synthetic/sr/rough/lanczos-qp30.sr",
    }


@pytest.mark.parametrize("pixels", [1, 7, 80_000, 2_150_400, 251_858_187])
@pytest.mark.parametrize("target", [0.15, 0.1, 1 / 3, 24])
def test_the_limit_is_the_last_whole_byte(pixels, target):
    limit = limit_bytes(pixels, target)
    assert bits_per_pixel(limit, pixels) <= target < bits_per_pixel(limit + 1, pixels)


def test_what_cannot_be_chosen_from_is_refused():
    with pytest.raises(PointsError, match="add a row for yours under table5"):
        table5_allocated(EASY_AND_HARD, {}, 0.15)
    with pytest.raises(PointsError, match="SR lacks an image or every point"):
        table5_allocated(EASY_AND_HARD, {"SR": {"codec": "sr"}}, 0.15)


def test_the_streams_named_are_the_files_of_the_run(tmp_path):
    pictures = {"one": photo(170, 180), "two": textured(165, 190, seed=4)}
    for name, picture in pictures.items():
        write_png(tmp_path / f"{name}.png", picture)
        streams = tmp_path / "results" / "streams" / "points" / "set" / "jpeg" / name
        block = {"modes": ["420-optimised"], "quality": [2, 5, 10, 20, 40]}
        places = {"weights": tmp_path, "streams": streams, "rows": tmp_path / f"{name}.csv"}
        measure_images({name: tmp_path / f"{name}.png"}, ("set", "jpeg"), block, **places)
    rows = read_rows(tmp_path / "one.csv", tmp_path / "two.csv")
    table, points = table5_allocated(rows, JPEG, 0.6)
    files = [tmp_path / stream for stream in points["stream"]]
    assert [file.stat().st_size for file in files] == points["bytes"].tolist()
    keyed = rows.set_index(["image", "point"])["stream_sha256"]
    assert [digest(file.read_bytes()) for file in files] == [
        keyed[line] for line in points[["image", "point"]].itertuples(index=False, name=None)
    ]
    (line,) = table.to_dict("records")
    fixed, _ = best_within(pool(rows_of(rows, JPEG["JPEG"])), 0.6)
    assert line["bpp"] <= 0.6 and line["psnr_db"] >= round(fixed["psnr_db"], 3)
    assert line["psnr_db"] <= line["bound_psnr_db"]


def test_in_a_large_dataset_a_stream_is_in_its_batch(tmp_path):
    line = {"dataset": "set", "codec": "bpg", "image": "a", "point": "420-qp30"}
    assert stream_file(tmp_path, line, MOST) == tmp_path / "set" / "bpg" / "a" / "420-qp30.bpg"
    assert stream_file(tmp_path, line, MOST + 1) == tmp_path / "set" / "bpg" / "@ca" / "a" / "420-qp30.bpg"
