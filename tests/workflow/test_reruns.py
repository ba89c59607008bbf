"""What a change reruns: the jobs that depend on it, and no others."""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from checkout import NOTHING_TO_DO, TINY_SETTINGS, Checkout, Outcome, copy_project, save_pictures
from pictures import textured

TABLE = "results/table5.csv"
AFTERWARDS = ("collect_points", "make_table5")
"""What is built on the rows of all images and codecs, for this target."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Two images, two codecs, everything measured once."""
    project = copy_project(tmp_path_factory.mktemp("reruns") / "project")
    save_pictures(project.root / "photos", {name: textured(168, 176, seed) for seed, name in enumerate(["one", "two"])})
    done = project.snakemake(TABLE, settings=settings())
    assert done.returncode == 0, done.output
    assert done.counts == {"fetch_image": 2, "measure_image": 4, **dict.fromkeys(AFTERWARDS, 1)}
    return project


def settings(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(dict(TINY_SETTINGS)) | {"dataset": "./photos"} | changes


def plan(project: Checkout, **changes: Any) -> Outcome:
    planned = project.snakemake("-n", TABLE, settings=settings(**changes))
    assert planned.returncode == 0, planned.output
    return planned


@contextmanager
def edited(path: Path, text: str) -> Iterator[None]:
    """The file with something appended, for as long as the block lasts."""
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(before + text.encode())
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def counts(*measured: str, **others: int) -> Counter[str]:
    """Jobs to expect: one measure_image for each codec named, and all that follows."""
    return Counter({"measure_image": len(measured), **dict.fromkeys(AFTERWARDS, 1), **others})


def test_a_second_run_has_nothing_to_do(project: Checkout) -> None:
    planned = plan(project)
    assert NOTHING_TO_DO in planned.output
    assert planned.jobs == []


def test_a_setting_reruns_its_codec_only(project: Checkout) -> None:
    blocks = settings()["settings"] | {"jpeg": {"modes": ["420-optimised"], "quality": [5, 21]}}
    planned = plan(project, settings=blocks)
    assert planned.counts == counts("jpeg", "jpeg")
    assert planned.values("measure_image", "codec") == {"jpeg"}


def test_an_ablation_reruns_what_uses_it_and_no_sweep(project: Checkout) -> None:
    target = "results/table4.csv"
    blocks = [{"jpeg": {"modes": ["420-optimised"], "quality": qualities}} for qualities in ([8], [8, 9])]
    assert project.snakemake(target, settings=settings(ablations=blocks[0])).returncode == 0
    assert NOTHING_TO_DO in project.snakemake("-n", target, TABLE, settings=settings(ablations=blocks[0])).output
    planned = project.snakemake("-n", target, TABLE, settings=settings(ablations=blocks[1]))
    assert planned.counts == {"measure_ablations": 2, "collect_ablations": 1, "make_tables1to4": 1}


def test_another_codec_measures_that_codec_only(project: Checkout) -> None:
    blocks = settings()["settings"] | {"bpg": {"chroma": ["420"], "qp": [40]}}
    planned = plan(project, codecs=["jpeg", "jpeg2000", "bpg"], settings=blocks)
    assert planned.counts == counts("bpg", "bpg")
    assert planned.values("measure_image", "codec") == {"bpg"}


def test_a_codec_less_measures_nothing(project: Checkout) -> None:
    planned = plan(project, codecs=["jpeg"])
    assert planned.counts == counts()


@pytest.mark.parametrize(
    ("module", "codecs"),
    [
        ("codecs/jpeg.py", {"jpeg"}),
        ("coding/openjpeg.py", {"jpeg2000"}),
        ("metrics/distortion.py", {"jpeg", "jpeg2000"}),
        ("codecs/bpg.py", set()),
        ("training/loop.py", set()),
    ],
)
def test_edited_code_reruns_what_imports_it(project: Checkout, module: str, codecs: set[str]) -> None:
    with edited(project.root / "scripts" / "licbench" / module, "\n# edited\n"):
        planned = plan(project)
    assert planned.values("measure_image", "codec") == codecs
    assert planned.counts["measure_image"] == 2 * len(codecs)
    assert planned.counts["fetch_image"] == 0
    assert (NOTHING_TO_DO in planned.output) == (not codecs)


def test_new_dates_without_new_content_rerun_nothing(project: Checkout) -> None:
    inputs = [path for part in ("scripts", "workflow", "photos") for path in (project.root / part).rglob("*.*")]
    for path in inputs:
        path.touch()
    assert len(inputs) > 20
    assert NOTHING_TO_DO in plan(project).output


def test_another_target_makes_only_the_tables_anew(project: Checkout) -> None:
    planned = plan(project, rate_target_bpp=0.5)
    assert planned.counts == {"make_table5": 1}


def test_a_new_picture_is_measured_alone(project: Checkout) -> None:
    (new,) = save_pictures(project.root / "photos", {"three": textured(168, 176, 3)})
    try:
        planned = plan(project)
    finally:
        new.unlink()
    assert planned.counts == counts("jpeg", "jpeg2000", fetch_image=1)
    assert planned.values("measure_image", "batch") == {"three"}


def test_a_changed_picture_is_measured_again(project: Checkout) -> None:
    # What follows the end is no new image to Pillow, but a new file to Snakemake.
    with edited(project.root / "photos" / "one.png", "trailing bytes"):
        planned = plan(project)
    assert planned.values("measure_image", "batch") == {"one"}
    assert planned.counts == counts("jpeg", "jpeg2000", fetch_image=1)


def test_touch_keeps_rows_and_streams_when_modules_move(project: Checkout) -> None:
    """As CHANGELOG.md advises. The last test here: it renames a module of the project for good."""
    metrics = project.root / "scripts" / "licbench" / "metrics"
    (metrics / "distortion.py").rename(metrics / "moments.py")
    for file in (project.root / "scripts").rglob("*.py"):
        file.write_text(file.read_text().replace("metrics.distortion", "metrics.moments"))
    assert plan(project).counts["measure_image"] > 0
    kept = {name: (project.root / name).read_bytes() for name in project.files("results/streams")}
    (collected,) = (project.root / "results" / "points").glob("*.csv")
    touched = project.snakemake("--touch", str(collected.relative_to(project.root)), settings=settings())
    assert touched.returncode == 0, touched.output
    assert plan(project).counts == {"make_table5": 1}
    done = project.snakemake(TABLE, settings=settings())
    assert done.returncode == 0, done.output
    assert kept == {name: (project.root / name).read_bytes() for name in project.files("results/streams")} != {}


def test_another_metric_scores_the_streams_and_encodes_nothing(project: Checkout) -> None:
    (dataset,) = (path.stem for path in (project.root / "results" / "points").glob("*.csv"))
    planned = project.snakemake("-n", f"results/metrics/{dataset}/ssimulacra2.csv", settings=settings())
    assert planned.counts == {"score_metric": 4, "collect_scores": 1}, planned.output
    assert planned.values("score_metric", "codec") == {"jpeg", "jpeg2000"}
