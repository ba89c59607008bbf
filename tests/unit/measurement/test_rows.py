"""The rows: written and read unchanged, refused when anything is wrong with them; and how they are measured."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from pictures import photo, smooth

from licbench.codecs.registry import codec_class
from licbench.errors import LicbenchError, PointsError
from licbench.measurement import measure
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import COLUMNS, Row, collect, digest, read_rows, write_rows
from licbench.metrics.distortion import error_moments
from licbench.metrics.ms_ssim import ms_ssim
from licbench.networks.store import ModelStore

ROW = Row(
    dataset="set", image="001", codec="bpg", point="420-qp30", curve="420", settings='{"qp": 30}', codec_version="x265",
    width=200, height=170, bytes=900, stream_sha256="0123456789012345", pixels_sha256="12345678901234e5",
    sse_rr=10, sse_gg=20, sse_bb=30, sse_rg=-4, sse_rb=5, sse_gb=6, sse=60, ms_ssim=0.9876543210123456,
)  # fmt: skip
SMALL = replace(ROW, image="NA", width=160, ms_ssim=None, branch="srcnn", pre_psnr_db=31.25)


@pytest.fixture
def table(tmp_path):
    """Write a table of rows, changed as text; return its path."""

    def write(*rows, change=lambda text: text):
        path = tmp_path / "rows.csv"
        write_rows(rows, path)
        path.write_text(change(path.read_text()))
        return path

    return write


def test_rows_come_back_as_they_were(table):
    frame = read_rows(table(ROW, SMALL))
    assert tuple(frame.columns) == COLUMNS
    for index, row in enumerate((ROW, SMALL)):
        for name in COLUMNS:
            held, expected = frame[name][index], getattr(row, name)
            assert pd.isna(held) if expected is None else held == expected, name


@pytest.mark.filterwarnings("error")
def test_rows_of_two_files_stand_one_after_the_other(tmp_path):
    """Sweeps name branches and ablations do not: an empty column must not change the other file's."""
    for name, rows in (("sweeps", [ROW, SMALL]), ("ablations", [replace(ROW, image="002")])):
        write_rows(rows, tmp_path / name)
    frame = read_rows(tmp_path / "sweeps", tmp_path / "ablations")
    assert list(frame["image"]) == ["001", "NA", "002"] and list(frame.index) == [0, 1, 2]
    assert frame["branch"].fillna("none").tolist() == ["none", "srcnn", "none"]
    pd.testing.assert_frame_equal(frame[:2], read_rows(tmp_path / "sweeps"))


def test_ids_of_digits_stay_text(table):
    """A file of one codec alone must not turn curve 420 or image 001 into numbers."""
    frame = read_rows(table(ROW))
    assert [frame[name][0] for name in ("image", "curve", "stream_sha256", "pixels_sha256")] == [
        "001", "420", "0123456789012345", "12345678901234e5",
    ]  # fmt: skip


def test_the_same_rows_give_the_same_bytes(table):
    first = table(ROW, SMALL).read_bytes()
    assert table(ROW, SMALL).read_bytes() == first and b"\r" not in first
    assert first.splitlines()[0].decode() == ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("ms_ssim", "ssim"), "columns are not those of this version"),
        (lambda text: text.replace("0.9876543210123456", "inf"), "ms_ssim is not finite"),
        (lambda text: text.replace("0.9876543210123456", "nan"), "no table of points"),
        (lambda text: text.replace("0.9876543210123456", ""), "ms_ssim is not finite where it is defined"),
        (lambda text: text.replace(",900,", ",,"), "no table of points"),
        (lambda text: text.replace(",900,", ",900.5,"), "no table of points"),
        (lambda text: text.replace(",900,", ",many,"), "no table of points"),
        (lambda text: text.replace(",900,", ",inf,"), "no table of points"),
        (lambda text: text.replace(",900,", ",0,"), "a size is not positive"),
        (lambda text: text.replace(",60,", ",-60,"), "a size is not positive"),
        (lambda text: text.replace("x265", ""), "column codec_version has empty cells"),
        (lambda text: text.replace("set,001", ",001"), "column dataset has empty cells"),
        (lambda text: "", "no table of points"),
        (lambda text: text + "1," * 40 + "\n", "no table of points"),
        (lambda text: text.splitlines()[0] + "\n1,2\n", "no table of points|empty cells"),
    ],
)
def test_bad_rows_are_refused(table, change, message):
    path = table(ROW, change=change)
    with pytest.raises(PointsError, match=message) as refused:
        read_rows(path)
    assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(PointsError, match=r"gone\.csv: no table of points"):
        read_rows(tmp_path / "gone.csv")


KEYS = {("set", "001", "bpg", "420-qp30"), ("set", "NA", "bpg", "420-qp30")}


def test_collect_joins_what_was_asked_for(tmp_path):
    write_rows([ROW], tmp_path / "a.csv")
    write_rows([SMALL], tmp_path / "b.csv")
    frame = collect([tmp_path / "a.csv", tmp_path / "b.csv"], KEYS)
    assert list(frame["image"]) == ["001", "NA"] and list(frame.index) == [0, 1]


@pytest.mark.parametrize(
    ("files", "expected", "message"),
    [
        ("ab", KEYS | {("set", "x", "bpg", "q")}, "point set/x/bpg/q is missing; delete"),
        ("a", KEYS | {("set", "x", "bpg", "q")}, r"point set/NA/bpg/420-qp30 is missing \(and 1 more\)"),
        ("aab", KEYS, "point set/001/bpg/420-qp30 is measured twice; delete"),
        ("ab", KEYS - {("set", "NA", "bpg", "420-qp30")}, "point set/NA/bpg/420-qp30 was not asked for"),
        ("ab", {("set", "1", "bpg", "420-qp30"), ("set", "NA", "bpg", "420-qp30")}, "set/1/bpg/420-qp30 is missing"),
    ],
)
def test_collect_refuses_what_does_not_fit(tmp_path, files, expected, message):
    write_rows([ROW], tmp_path / "a.csv")
    write_rows([SMALL], tmp_path / "b.csv")
    with pytest.raises(PointsError, match=message) as refused:
        collect([tmp_path / f"{name}.csv" for name in files], expected)
    assert "\n" not in str(refused.value)


def test_two_versions_of_a_codec_are_refused(tmp_path):
    """Pooled in one line of a table they would be nobody's numbers."""
    write_rows([ROW], tmp_path / "a.csv")
    write_rows([replace(SMALL, codec_version="x265 next")], tmp_path / "b.csv")
    message = (
        "codec bpg was measured by two versions, 'x265' (image 001) and 'x265 next' (image NA); "
        "measure all its images with one: snakemake --forcerun measure_image measure_ablations"
    )
    for read in (lambda *paths: collect(paths, KEYS), read_rows):
        with pytest.raises(PointsError) as refused:
            read(tmp_path / "a.csv", tmp_path / "b.csv")
        assert str(refused.value) == message


def test_digest_is_of_bytes_or_samples():
    assert digest(b"abc") == hashlib.sha256(b"abc").hexdigest()[:16]
    assert digest(np.array([[97, 98], [99, 100]], np.uint8)) == digest(b"abcd")


# Measuring


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "photo.png"
    PIL.Image.fromarray(photo(168, 180)).save(path)
    return path


def rows_of(picture, codec, settings, folder, weights):
    places = {"weights": weights, "streams": folder / codec, "rows": folder / "rows.csv"}
    measure_images({"photo": picture}, ("set", codec), settings, **places)
    return read_rows(folder / "rows.csv")


@pytest.mark.parametrize(
    ("codec", "settings"),
    [
        ("jpeg", {"modes": ["420-optimised"], "quality": [10, 60]}),
        ("bpg", {"chroma": ["420"], "qp": [40]}),
        ("cae", {"rotation": ["offline"], "ladder": {"tiny_cae": [1.0]}}),
        ("sr", {"model": "tiny_srcnn", "qp": [38]}),
    ],
)
def test_every_number_of_a_row_follows_from_its_file(codec, settings, picture, weights, tmp_path):
    frame = rows_of(picture, codec, settings, tmp_path, weights)
    kind, original = codec_class(codec), photo(168, 180)
    points = kind.points(settings)
    assert list(frame["point"]) == [point.id for point in points]
    assert {path.name for path in (tmp_path / codec / "photo").iterdir()} == {
        f"{point.id}{kind.extension}" for point in points
    }
    for row, point in zip(frame.to_dict("records"), points, strict=True):
        stream = (tmp_path / codec / "photo" / f"{point.id}{kind.extension}").read_bytes()
        decoded = kind(ModelStore(weights)).decode(stream)
        assert (row["dataset"], row["image"], row["codec"], row["curve"]) == ("set", "photo", codec, point.curve)
        assert (row["width"], row["height"], row["bytes"]) == (180, 168, len(stream))
        assert row["stream_sha256"] == digest(stream) and row["pixels_sha256"] == digest(decoded)
        moments = error_moments(original, decoded)
        assert {name: row[name] for name in moments} == moments
        assert row["ms_ssim"] == pytest.approx(ms_ssim(original, decoded), rel=1e-14)
        assert json.loads(row["settings"]) == dict(point.settings)
        assert row["codec_version"] == kind(ModelStore(weights)).version()
        assert row["branch"] == point.curve if codec == "sr" else pd.isna(row["branch"])
        assert (row["pre_psnr_db"] > 20) if codec == "sr" else pd.isna(row["pre_psnr_db"])


def test_measuring_again_gives_the_same_bytes(picture, weights, tmp_path):
    settings = {"model": "tiny_srcnn", "qp": [38, 30]}
    for folder in ("first", "again"):
        rows_of(picture, "sr", settings, tmp_path / folder, weights)
    names = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*.*"))
    assert len(names) == 5
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_small_pictures_have_no_ms_ssim(weights, tmp_path):
    PIL.Image.fromarray(smooth(160, 300)).save(tmp_path / "small.png")
    frame = rows_of(tmp_path / "small.png", "jpeg", {"modes": ["444-standard"], "quality": [50]}, tmp_path, weights)
    assert frame["ms_ssim"].isna().all() and (frame["sse"] > 0).all()


def test_ms_ssim_that_is_no_number_counts_as_zero(picture, weights, tmp_path, monkeypatch):
    """As CLIC's scorer had it."""
    monkeypatch.setattr(measure, "ms_ssim", lambda *_: float("nan"))
    frame = rows_of(picture, "jpeg", {"modes": ["444-standard"], "quality": [50]}, tmp_path, weights)
    assert list(frame["ms_ssim"]) == [0.0]


def test_a_codec_that_loses_the_size_is_caught(picture, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(codec_class("jpeg"), "decode", lambda *_: np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(LicbenchError, match=r"decodes to \(4, 4, 3\), not \(168, 180, 3\); fix .*codecs/jpeg"):
        rows_of(picture, "jpeg", {"modes": ["444-standard"], "quality": [50]}, tmp_path, weights)
    assert not (tmp_path / "rows.csv").exists()


def test_nothing_is_left_of_a_picture_that_cannot_be_read(weights, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(LicbenchError, match=r"bad\.png"):
        rows_of(tmp_path / "bad.png", "jpeg", {"modes": ["444-standard"], "quality": [50]}, tmp_path / "out", weights)
    assert not list((tmp_path / "out").rglob("*"))
