"""A dataset that comes as zip files without a manifest: the checkpoint, from a mirror to Table 5."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from checkout import NOTHING_TO_DO, Checkout, Outcome, complaints, copy_project
from pictures import textured

from licbench.datasets.manifests import read_manifest
from licbench.measurement.rows import read_rows

ARCHIVES = {
    "first.zip": {"valid/one.png": textured(20, 24), "valid/two.png": textured(24, 20)},
    "second.zip": {"three.png": textured(18, 18)},
}
SETTINGS: dict[str, Any] = {
    "dataset": "zipped",
    "mirror": "mirror",
    "codecs": ["jpeg"],
    "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [20]}},
}
TABLE = "results/table5.csv"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    project = copy_project(tmp_path_factory.mktemp("archives") / "project")
    mirror = project.root / "mirror" / "zips"
    mirror.mkdir(parents=True)
    for name, members in ARCHIVES.items():
        with zipfile.ZipFile(mirror / name, "w") as archive:
            archive.writestr("LICENCE.txt", "no image")
            for member, picture in members.items():
                archive.writestr(member, _png(picture))
    pixels = sum(picture.shape[0] * picture.shape[1] for members in ARCHIVES.values() for picture in members.values())
    definition = {"title": "Three", "kind": "archives", "mirror_folder": "zips", "pixels": pixels}
    archives = [_listed(mirror / name) for name in ARCHIVES]
    project.add_dataset("zipped", definition | {"urls": ["https://example.org/"], "archives": archives})
    return project


@pytest.fixture(scope="module")
def done(project: Checkout) -> Outcome:
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 0, done.output
    return done


def test_the_checkpoint_adds_a_job_for_every_picture(done: Outcome) -> None:
    assert done.values("fetch_archive", "archive") == set(ARCHIVES)
    assert done.values("measure_image", "batch") == {"one", "two", "three"}


def test_the_pictures_and_their_manifest_are_unpacked(project: Checkout, done: Outcome) -> None:
    folder = project.root / "results" / "data" / "zipped"
    rows = {row.image: row for row in read_manifest(folder / "manifest.tsv")}
    for members in ARCHIVES.values():
        for member, picture in members.items():
            row = rows.pop(Path(member).stem)
            assert row.sha256 == _sha256(folder / row.file)
            with PIL.Image.open(folder / row.file) as unpacked:
                assert np.array_equal(np.array(unpacked), picture)
    assert not rows


def test_every_picture_is_measured(project: Checkout, done: Outcome) -> None:
    rows = read_rows(project.root / "results" / "points" / "zipped.csv")
    assert sorted(rows["image"]) == ["one", "three", "two"]
    assert len((project.root / TABLE).read_text().splitlines()) == 2


def test_the_pixels_are_as_many_as_they_should_be(project: Checkout, done: Outcome) -> None:
    log = (project.root / "results" / "logs" / "unpack_archives" / "zipped.log").read_text()
    assert "not the published set" not in log
    assert "skipped 1 files that are no images" in log


def test_a_second_run_has_nothing_to_do(project: Checkout, done: Outcome) -> None:
    assert NOTHING_TO_DO in project.snakemake("-n", TABLE, settings=SETTINGS).output


def test_another_codec_uses_the_pictures_that_are_there(project: Checkout, done: Outcome) -> None:
    more = {**SETTINGS, "codecs": ["jpeg", "jpeg2000"]}
    planned = project.snakemake("-n", TABLE, settings=more)
    assert planned.counts == {"measure_image": 3, "collect_points": 1, "make_table5": 1}
    assert planned.values("measure_image", "codec") == {"jpeg2000"}


def test_a_changed_archive_is_refused_by_name(project: Checkout, done: Outcome) -> None:
    archive = project.root / "mirror" / "zips" / "second.zip"
    sound = archive.read_bytes()
    archive.write_bytes(sound[:-1] + b"x")
    try:
        refused = project.snakemake("results/archives/zipped/second.zip", "--force", settings=SETTINGS)
    finally:
        archive.write_bytes(sound)
    assert refused.returncode == 1
    (line,) = complaints(refused.output)
    assert line.startswith("error: mirror/zips/second.zip: sha256 is ")


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _listed(path: Path) -> dict[str, Any]:
    return {"file": path.name, "sha256": _sha256(path), "bytes": path.stat().st_size}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
