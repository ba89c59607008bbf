"""Large datasets in batches: few jobs, every image in one of them, and a change concerns its own batch alone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from checkout import NOTHING_TO_DO, Checkout, complaints, copy_project, save_pictures
from pictures import textured

from licbench.measurement import batches
from licbench.measurement.rows import read_rows

TABLE = "results/table5.csv"
SETTINGS: Mapping[str, Any] = {
    "dataset": "./photos",
    "codecs": ["jpeg"],
    "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [5, 20]}},
}
ALIKE = ["photo0", "photo1"]
"""Of one batch."""
BESIDE, BAD = "photo2", "photo163"
"""Of one batch, too."""
NAMES = [*ALIKE, BESIDE, "photo3", "photo4", "photo5"]
CHANGING = ("photos", "results", ".snakemake")
"""What runs and tests write below the project."""


def test_few_pictures_are_batches_by_themselves() -> None:
    images = [f"p{number}" for number in range(batches.MOST)]
    assert batches.cut(images) == {image: [image] for image in images}


def test_many_pictures_share_as_many_batches() -> None:
    images = [f"p{number}" for number in range(10_000)]
    cut = batches.cut(images)
    assert len(cut) == batches.MOST
    assert sorted(image for members in cut.values() for image in members) == sorted(images)
    assert max(map(len, cut.values())) < 3 * len(images) / batches.MOST
    assert all(batches.batch_of(image, len(images)) == batch for batch, members in cut.items() for image in members)


def test_a_new_picture_changes_its_own_batch_only() -> None:
    images = [f"p{number}" for number in range(1000)]
    before, after = batches.cut(images), batches.cut(["new", *images])
    assert [batch for batch in after if after[batch] != before.get(batch)] == [batches.batch_of("new", 1001)]


def test_streams_have_a_folder_for_each_picture() -> None:
    assert batches.stream_folder(Path("a/one"), "one") == Path("a/one")
    assert batches.stream_folder(Path("a/@3f"), "one") == Path("a/@3f/one")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Path]:
    """More images than a dataset without batches may have, measured; and a copy of what the run changed."""
    folder = tmp_path_factory.mktemp("batches")
    project = copy_project(folder / "project")
    module = project.root / "scripts" / "licbench" / "measurement" / "batches.py"
    module.write_text(module.read_text().replace(f"MOST = {batches.MOST}", "MOST = 5"))
    save_pictures(project.root / "photos", {name: textured(168, 176, seed) for seed, name in enumerate(NAMES)})
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 0, done.output
    for part in CHANGING:
        shutil.copytree(project.root / part, folder / "kept" / part)
    return project, folder / "kept"


@pytest.fixture
def project(prepared: tuple[Checkout, Path]) -> Checkout:
    """The measured project, whatever the test before has done to it; the same folder, for its path is in the ids."""
    project, kept = prepared
    for part in CHANGING:
        shutil.rmtree(project.root / part)
        shutil.copytree(kept / part, project.root / part)
    return project


def test_a_bad_picture_keeps_its_own_batch_waiting_and_no_other(project: Checkout) -> None:
    shutil.rmtree(project.root / "results")
    (project.root / "photos" / f"{BAD}.png").write_bytes(b"no image")
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 1
    (complaint,) = complaints(done.output)
    assert complaint.startswith(f"error: photos/{BAD}.png: not an image")
    measured = [image for file in project.files("results/points") for image in read_rows(project.root / file)["image"]]
    assert set(measured) == set(NAMES) - {BESIDE}
    (project.root / "photos" / f"{BAD}.png").unlink()
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 0, done.output
    assert done.counts == {"measure_image": 1, "collect_points": 1, "make_table5": 1}
    assert NOTHING_TO_DO in project.snakemake("-n", TABLE, settings=SETTINGS).output


def test_rows_and_streams_of_batches_agree(project: Checkout) -> None:
    (rows,) = (project.root / "results" / "points").glob("*.csv")
    assert sorted(set(read_rows(rows)["image"])) == sorted(NAMES)
    (folder,) = (project.root / "results" / "streams" / "points").glob("*/jpeg")
    shared = folder / batches.batch_of(ALIKE[0], batches.MOST + 1)
    assert sorted(path.name for path in shared.iterdir() if path.is_dir()) == sorted(ALIKE)
    checked = project.python("scripts/verify.py", "--decode", rows)
    assert checked.returncode == 0, checked.output
    assert "12 rows agree with their files and decode to what was scored" in checked.output


def test_a_dataset_that_shrinks_is_still_verified(project: Checkout) -> None:
    for name in ALIKE:
        (project.root / "photos" / f"{name}.png").unlink()
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 0, done.output
    assert done.values("measure_image", "batch") == set(NAMES) - set(ALIKE)
    (rows,) = (project.root / "results" / "points").glob("*.csv")
    assert project.python("scripts/verify.py", rows).returncode == 0
