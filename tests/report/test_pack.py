"""The archive for a reviewer: what it holds, that it is the same each time, and what its checker says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pictures import photo, textured

from licbench.errors import PointsError
from licbench.images.files import read_rgb, write_png
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import digest, read_rows
from licbench.measurement.verify import Task, decode_row
from licbench.metrics.distortion import error_moments
from licbench.paper.tables import contest, table5
from licbench.report.pack import FOLDER, PackInputs, check_pack, named_rows, write_pack

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "workflow" / "resources" / "paper"
DATASET = "two"
PICTURES = {"first": photo(60, 70), "second#2": textured(66, 50)}
CODECS = {
    "jpeg": {"modes": ["420-optimised"], "quality": [5, 60]},
    "sr": {"model": "tiny_srcnn", "qp": [30, 40]},
}
ENTRIES = {
    "table5": {"JPEG": {"codec": "jpeg", "curve": "420-optimised"}, "SR": {"codec": "sr", "threshold_db": 33.0}},
    "contest": {"JPEG": {"codec": "jpeg", "point": "420-optimised-q60"}},
}
TARGET = 2.0


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, weights):
    """A small run: a classical codec and one with a network, on two images."""
    results = tmp_path_factory.mktemp("run") / "results"
    for image, picture in PICTURES.items():
        original = results / "data" / DATASET / f"{image}.png"
        original.parent.mkdir(parents=True, exist_ok=True)
        write_png(original, picture)
        for codec, settings in CODECS.items():
            rows = results / "points" / DATASET / codec / f"{image}.csv"
            streams = results / "streams" / "points" / DATASET / codec / image
            measure_images({image: original}, (DATASET, codec), settings, weights=weights, streams=streams, rows=rows)
    rows = read_rows(*sorted((results / "points" / DATASET).glob("*/*.csv")))
    board = pd.read_csv(PAPER / "clic2018_leaderboard.csv")
    tables = {
        "table5": table5(rows, pd.read_csv(PAPER / "table5.csv"), ENTRIES["table5"], TARGET),
        "contest": contest(rows, board, ENTRIES["contest"], TARGET),
    }
    named = {"points": named_rows(rows, tables, ENTRIES)}
    models, requirements = {"sr": ["tiny_srcnn"], "cae": ["tiny_cae"]}, ROOT / "envs" / "run.lock"
    return PackInputs(named, tables, ENTRIES, results / "streams", weights, models, requirements)


@pytest.fixture(scope="module")
def packed(inputs, tmp_path_factory):
    """An archive, and what it said of its size."""
    archive = tmp_path_factory.mktemp("pack") / "pack.tar.gz"
    return archive, write_pack(inputs, archive)


def unpack(archive, to):
    # As the docs say; Python 3.11.2, Debian's, has no filter for the members that tarfile extracts
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", to], check=True)
    return to / FOLDER


@pytest.fixture
def unpacked(packed, tmp_path):
    return unpack(packed[0], tmp_path)


def check(pack, *arguments, program=(sys.executable,)):
    """The checker as a reviewer starts it, from another folder."""
    command = [*program, str(pack / "check.py"), *map(str, arguments)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=120)


def test_it_holds_the_streams_that_the_tables_name_and_the_models_that_decode_them(unpacked, inputs, packed):
    streams = {
        str(path.relative_to(unpacked / "streams")) for path in (unpacked / "streams").rglob("*.*") if path.is_file()
    }
    settings = set(inputs.tables["table5"]["setting"])
    assert "420-optimised-q60" in settings or "420-optimised-q05" in settings
    rows = read_rows(unpacked / "rows" / "points.csv")
    assert len(streams) == len(rows) == packed[1].streams == len(inputs.rows["points"])
    assert len(rows[rows["codec"] == "sr"]) == len(PICTURES), "one branch an image"
    assert {path.name for path in (unpacked / "weights").iterdir()} == {"tiny_srcnn.safetensors", "tiny_srcnn.json"}
    assert (unpacked / "scripts" / "licbench" / "codecs" / "sr.py").is_file() and (
        unpacked / "tables" / "contest.csv"
    ).is_file()
    assert not list(unpacked.rglob("*.png")), "originals stay at home"
    assert packed[1].bytes == packed[0].stat().st_size and f"{len(rows)} streams" in str(packed[1])


def test_the_same_run_gives_the_same_bytes(inputs, packed, tmp_path):
    write_pack(inputs, tmp_path / "again.tar.gz")
    assert (tmp_path / "again.tar.gz").read_bytes() == packed[0].read_bytes()
    with tarfile.open(packed[0]) as archive:
        members = archive.getmembers()
    assert {(one.mtime, one.uid, one.gid, one.uname) for one in members} == {(0, 0, 0, "")}
    assert [one.name for one in members] == [*sorted(one.name for one in members[:-1]), f"{FOLDER}/files.sha256"]


def test_a_pack_that_is_whole_is_said_to_be(unpacked):
    before = sorted(unpacked.rglob("*"))
    done = check(unpacked)
    assert done.returncode == 0, done.stderr
    jpeg, sr, *tables, last = done.stdout.splitlines()
    assert jpeg == "jpeg: 4 rows agree with their files and decode to what was scored"
    assert sr == "sr: 2 rows agree with their files and decode to what was scored"
    assert tables == ["contest: agrees with the rows", "table5: agrees with the rows"]
    assert last == "CHECKED: all of it agrees" and sorted(unpacked.rglob("*")) == before


def test_damaged_and_missing_files_are_named_in_a_line_each(unpacked):
    stream = next((unpacked / "streams").rglob("*.jpg"))
    stream.write_bytes(stream.read_bytes()[:-1])
    (unpacked / "weights" / "tiny_srcnn.json").unlink()
    done = check(unpacked)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{stream.relative_to(unpacked)} is not the file that was packed; unpack the archive again",
        "weights/tiny_srcnn.json is missing; unpack the archive again",
    ]
    for text, said in ((None, "cannot be read"), ("nonsense\n", "is damaged")):
        (unpacked / "files.sha256").unlink()
        if text:
            (unpacked / "files.sha256").write_text(text)
        elif not text:
            assert said in check(unpacked).stdout
            (unpacked / "files.sha256").touch()
            continue
        (line,) = check(unpacked).stdout.splitlines()
        assert said in line and line.endswith("unpack the archive again")


def test_the_list_of_files_is_what_sha256sum_reads(unpacked):
    done = subprocess.run(["sha256sum", "--check", "--quiet", "files.sha256"], cwd=unpacked, check=False)
    assert done.returncode == 0


def test_without_the_packages_one_line_says_what_to_install(unpacked):
    """A Python without site-packages."""
    done = check(unpacked, program=(sys.executable, "-I", "-S"))
    assert done.returncode == 1 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert " is missing; check.py needs Python 3.11 and the packages of requirements.txt: " in line


def test_a_table_that_its_rows_do_not_give_is_named(unpacked):
    table = pd.read_csv(unpacked / "tables" / "table5.csv")
    table.loc[0, "psnr_db"] += 0.5
    table.to_csv(unpacked / "tables" / "table5.csv", index=False)
    said = dict(check_pack(unpacked, None, 1))
    (problem,) = said["table5: differs from the rows"]
    assert problem.startswith("table5, JPEG: psnr_db is ") and "its rows give" in problem


def test_another_cpu_s_pixels_are_said_to_be_within_a_level(unpacked, inputs):
    """A row scored elsewhere, where two samples were rounded the other way."""
    rows = read_rows(unpacked / "rows" / "points.csv")
    at = rows.index[(rows["codec"] == "sr")][0]
    original = inputs.streams.parent / "data" / DATASET / f"{rows['image'][at]}.png"
    task = Task(rows.loc[at].to_dict(), unpacked / "streams" / "points", original)
    scored = decode_row(task, unpacked / "weights")[0].copy()
    flat = scored.reshape(-1)
    flat[:2] += np.where(flat[:2] < 128, 1, -1).astype(np.uint8)
    for name, value in {"pixels_sha256": digest(scored), **error_moments(read_rgb(original), scored)}.items():
        rows.loc[at, name] = value
    rows.to_csv(unpacked / "rows" / "points.csv", index=False)
    alone = next(line for line, _ in check_pack(unpacked, None, 1) if line.startswith("sr: "))
    assert alone.endswith("1 of them within 1 level (at most 0 samples an image, not scored without the originals)")
    scored_too = next(line for line, _ in check_pack(unpacked, original.parent, 1) if line.startswith("sr: "))
    assert "1 of them within 1 level (at most 0 samples an image, 0.0" in scored_too and scored_too.endswith(" dB)")


def test_a_stream_that_is_not_the_one_measured_is_not_packed(inputs, tmp_path):
    shutil.copytree(inputs.streams, tmp_path / "streams")
    broken = next((tmp_path / "streams").rglob("*q60.jpg"))
    broken.write_bytes(b"other")
    with pytest.raises(PointsError, match="is not the file that was measured"):
        write_pack(replace(inputs, streams=tmp_path / "streams"), tmp_path / "pack.tar.gz")
    assert not list(tmp_path.glob("*pack.tar.gz*")), "nothing half-written is left"


def test_all_streams_can_be_packed_by_the_script(inputs, tmp_path):
    results = inputs.streams.parent
    rows = read_rows(*sorted((results / "points" / DATASET).glob("*/*.csv")))
    rows.to_csv(results / "points" / f"{DATASET}.csv", index=False)
    for name, table in inputs.tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    command = [
        sys.executable, ROOT / "scripts" / "pack.py", results / "points" / f"{DATASET}.csv", "--all",
        "--tables", tmp_path / "table5.csv", tmp_path / "contest.csv", "--entries", json.dumps(ENTRIES),
        "--streams", inputs.streams, "--weights", inputs.weights, "--models", "{}", "--out", tmp_path / "all.tar.gz",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f": {len(rows)} streams (" in done.stdout and "; sha256 " in done.stdout
    assert len(rows) == 2 * (2 + 4)
