"""Rows are only believed together with their files."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import photo

from licbench.codecs.registry import codec_class
from licbench.errors import LicbenchError, PointsError
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import digest, read_rows
from licbench.measurement.verify import MOST_DB, Finding, Task, decode_row, outcome, verify_row, verify_rows
from licbench.metrics.distortion import error_moments

ROOT = Path(__file__).parents[3]
ORIGINAL = photo(60, 70)
SETTINGS = {
    "jpeg": {"modes": ["420-optimised"], "quality": [20]},
    "sr": {"model": "tiny_srcnn", "qp": [40]},
    "cae": {"rotation": ["per_image"], "ladder": {"tiny_cae": [1.0]}},
    "gan": {"families": [{"model": ["tiny_gan"], "scale": [2], "bits": [8], "rotated": [True]}]},
}


def measure(codec, folder, weights):
    """A task, and its stream's file."""
    streams = folder / "streams"
    PIL.Image.fromarray(ORIGINAL).save(folder / "photo.png")
    measure_images(
        {"photo": folder / "photo.png"}, ("set", codec), SETTINGS[codec],
        weights=weights, streams=streams / "set" / codec / "photo", rows=folder / "rows.csv",
    )  # fmt: skip
    row = read_rows(folder / "rows.csv").to_dict("records")[0]
    (file,) = (streams / "set" / codec / "photo").glob(f"{row['point']}.*")
    return Task(row, streams, folder / "photo.png"), file


@pytest.fixture(params=["jpeg", "sr"])
def measured(request, tmp_path, weights):
    return measure(request.param, tmp_path, weights)


@pytest.fixture(params=["sr", "cae", "gan"])
def learned(request, tmp_path, weights):
    """A task of a codec with a network, and the image in its stream."""
    task, _ = measure(request.param, tmp_path, weights)
    return task, decode_row(task, weights)[0]


def changed(task, **columns):
    return replace(task, row={**task.row, **columns})


def scored(task, image):
    """The task as if ``image`` had been scored, by a machine that decodes the stream to that."""
    return changed(task, pixels_sha256=digest(image), **error_moments(ORIGINAL, image))


def moved(image, samples, levels=1):
    """The image with so many samples moved by so many levels."""
    other = image.astype(np.int16)
    at = np.random.default_rng(0).choice(image.size, samples, replace=False)
    flat = other.reshape(-1)
    flat[at] += np.where(flat[at] < 128, levels, -levels)
    return other.astype(np.uint8)


def test_rows_agree_with_their_files(measured, weights):
    task, _ = measured
    assert verify_row(task, None) == verify_row(task, weights) == Finding()


def test_a_file_that_is_gone(measured):
    task, file = measured
    file.unlink()
    problem = verify_row(task, None).problem
    assert str(file) in problem and "is missing; run the workflow again" in problem


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:9] + b"\x5a" + data[10:], lambda _: b""],
)
def test_a_file_that_changed(measured, change):
    task, file = measured
    file.write_bytes(change(file.read_bytes()))
    problem = verify_row(task, None).problem
    assert str(file) in problem and "is not the file that was measured" in problem and "\n" not in problem


@pytest.mark.parametrize("change", [{"bytes": 7}, {"stream_sha256": "0" * 16}])
def test_a_row_that_changed(measured, change):
    assert "is not the file that was measured" in verify_row(changed(measured[0], **change), None).problem


def test_a_row_of_another_checksum(measured, weights):
    task, file = measured
    altered = changed(task, pixels_sha256="0" * 16)
    assert not verify_row(altered, None).problem
    problem = verify_row(altered, weights).problem
    assert str(file) in problem and "decodes to another image than was scored" in problem
    with pytest.raises(PointsError, match="decodes to another image than was scored"):
        decode_row(altered, weights)


def test_a_file_that_was_never_a_stream(measured, weights):
    task, file = measured
    file.write_bytes(b"junk")
    assert str(file) in verify_row(changed(task, bytes=4, stream_sha256=digest(b"junk")), weights).problem


def test_an_unknown_codec(measured):
    assert "unknown codec 'gif'" in verify_row(changed(measured[0], codec="gif"), None).problem


def test_a_few_samples_of_another_cpu_are_named_and_pass(learned, weights):
    task, image = learned
    found = verify_row(scored(task, moved(image, 5)), weights)
    assert not found.problem and found.deviation is not None
    assert 0 < found.deviation.psnr_change_db < MOST_DB
    again, deviation = decode_row(scored(task, moved(image, 5)), weights)
    assert (again == image).all() and deviation == found.deviation
    line = outcome([Finding(), found, Finding(problem="x")], decoded=True)
    assert line.startswith("2 rows agree with their files and decode to what was scored, 1 of them within 1 level")
    assert line.endswith("; 1 do not")


@pytest.mark.parametrize(
    ("scored_image", "problem"),
    [
        (lambda _: np.flip(ORIGINAL, 0), "its PSNR moves by"),
        (lambda image: np.clip(image.astype(int) + 1, 0, 255).astype(np.uint8), "its PSNR moves by"),
        (lambda image: moved(image, 40, levels=30), "its PSNR moves by"),
    ],
)
def test_another_scored_image_does_not_pass(learned, weights, scored_image, problem):
    task, image = learned
    assert problem in verify_row(scored(task, scored_image(image)), weights).problem


def test_errors_of_another_channel_do_not_pass(learned, weights):
    task, image = learned
    altered = scored(task, moved(image, 5))
    red, blue = altered.row["sse_rr"], altered.row["sse_bb"]
    assert "another image" in verify_row(changed(altered, sse_rr=blue, sse_bb=red), weights).problem


def test_an_altered_checksum_alone_does_not_pass(learned, weights):
    assert "though with the same errors" in verify_row(changed(learned[0], pixels_sha256="0" * 16), weights).problem


def test_another_version_of_the_codec_does_not_pass(learned, weights):
    task, image = learned
    altered = changed(scored(task, moved(image, 5)), codec_version="older 1")
    assert "by older 1; decode it with that version" in verify_row(altered, weights).problem


@pytest.mark.parametrize("change", [lambda image: moved(image, 1, levels=2), lambda image: moved(image, 200)])
def test_a_decoder_that_went_astray_does_not_pass(learned, weights, monkeypatch, change):
    """Its images are what was scored but for a few samples, yet farther from float64 than float32 gets."""
    task, image = learned
    kind = codec_class(task.row["codec"])
    monkeypatch.setattr(kind, "decode", lambda *_: change(image))
    assert "from the reconstruction in float64" in verify_row(scored(task, moved(image, 5)), weights).problem


def test_without_the_original_nothing_is_assumed(learned, weights):
    task, image = learned
    task.original.unlink()
    assert not verify_row(task, weights).problem
    assert str(task.original) in verify_row(scored(task, moved(image, 5)), weights).problem


@pytest.mark.parametrize("processes", [1, 2])
def test_many_rows_are_all_checked(measured, weights, processes):
    task, file = measured
    bad = changed(task, pixels_sha256="0" * 16)
    assert list(verify_rows([task] * 3, weights, processes)) == [Finding()] * 3
    first, second, third = verify_rows([task, bad, task], weights, processes)
    assert first == third == Finding() and str(file) in second.problem


def test_the_command_names_ten_and_counts_the_others(tmp_path, weights):
    task, file = measure("jpeg", tmp_path, weights)
    header, line = (tmp_path / "rows.csv").read_text().splitlines()
    point = f",{task.row['point']},"
    lines = [line.replace(point, f",{at:02d},", 1) for at in range(12)]
    (tmp_path / "rows.csv").write_text("\n".join([header, line, *lines]) + "\n")
    command = [sys.executable, ROOT / "scripts" / "verify.py", tmp_path / "rows.csv", "--streams", task.streams]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    named = done.stdout.splitlines()
    assert [f"{at:02d}.jpg is missing" in named[at] for at in range(10)] == [True] * 10
    assert named[10:] == ["... and 2 more streams", "1 rows agree with their files; 12 do not"]
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"error: not reproduced: 12 of 13 streams fail ({file.parent}/00.jpg is missing")


def test_errors_are_one_line(measured):
    with pytest.raises(LicbenchError) as refused:
        decode_row(changed(measured[0], bytes=1), Path())
    assert "\n" not in str(refused.value)
