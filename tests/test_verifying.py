"""Rows are only believed together with their files."""

import PIL.Image
import pytest
from pictures import photo

from licbench.errors import LicbenchError, PointsError
from licbench.measuring import measure_images
from licbench.points import digest, read_rows
from licbench.verifying import verify_row, verify_rows

SETTINGS = {"jpeg": {"modes": ["420-optimised"], "quality": [20]}, "sr": {"model": "tiny_srcnn", "qp": [40]}}


@pytest.fixture(params=["jpeg", "sr"])
def measured(request, tmp_path, weights):
    """A row, the root of the streams, and the row's file."""
    codec, streams = request.param, tmp_path / "streams"
    PIL.Image.fromarray(photo(60, 70)).save(tmp_path / "photo.png")
    measure_images(
        {"photo": tmp_path / "photo.png"}, ("set", codec), SETTINGS[codec],
        weights=weights, streams=streams / "set" / codec / "photo", rows=tmp_path / "rows.csv",
    )  # fmt: skip
    row = read_rows(tmp_path / "rows.csv").to_dict("records")[0]
    (file,) = (streams / "set" / codec / "photo").glob(f"{row['point']}.*")
    return row, streams, file


def test_rows_agree_with_their_files(measured, weights):
    row, streams, _ = measured
    verify_row(row, streams, None)
    verify_row(row, streams, weights)


def test_a_file_that_is_gone(measured):
    row, streams, file = measured
    file.unlink()
    with pytest.raises(PointsError, match="is gone; run the workflow again") as refused:
        verify_row(row, streams, None)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:9] + b"\x5a" + data[10:], lambda _: b""],
)
def test_a_file_that_changed(measured, change):
    row, streams, file = measured
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(PointsError, match="is not the file that was measured") as refused:
        verify_row(row, streams, None)
    assert str(file) in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("change", [{"bytes": 7}, {"stream_sha256": "0" * 16}])
def test_a_row_that_changed(measured, change):
    row, streams, _ = measured
    with pytest.raises(PointsError, match="is not the file that was measured"):
        verify_row({**row, **change}, streams, None)


def test_a_row_of_other_pixels(measured, weights):
    row, streams, _ = measured
    verify_row({**row, "pixels_sha256": "0" * 16}, streams, None)
    with pytest.raises(PointsError, match="decodes to another picture than was scored"):
        verify_row({**row, "pixels_sha256": "0" * 16}, streams, weights)


def test_a_file_that_was_never_a_stream(measured, weights):
    row, streams, file = measured
    file.write_bytes(b"junk")
    with pytest.raises(LicbenchError) as refused:
        verify_row({**row, "bytes": 4, "stream_sha256": digest(b"junk")}, streams, weights)
    assert str(file) in str(refused.value)


def test_an_unknown_codec(measured):
    row, streams, _ = measured
    with pytest.raises(LicbenchError, match="unknown codec 'gif'"):
        verify_row({**row, "codec": "gif"}, streams, None)


@pytest.mark.parametrize("processes", [1, 2])
def test_many_rows_stop_at_the_first_that_differs(measured, weights, processes):
    row, streams, file = measured
    good, bad = (row, streams), ({**row, "pixels_sha256": "0" * 16}, streams)
    assert list(verify_rows([good] * 3, weights, processes)) == [None] * 3
    with pytest.raises(PointsError, match="decodes to another picture than was scored") as refused:
        list(verify_rows([good, bad, good], weights, processes))
    assert str(file) in str(refused.value)
