"""Any choice of codecs ends: what they cannot fill is left out with a note, and their needs are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from checkout import NOTHING_TO_DO, Checkout, copy_project, save_pictures
from pictures import textured
from registered import CONFIG, sweep

from licbench.config import left_out, rows_left_out
from licbench.measurement import job_resources

ABSENT = {
    "bpg": {"threshold_scan"},
    "cae": {"contest", "threshold_scan", "bdrate"},
    "gan": {"threshold_scan", "bdrate"},
    "jpeg": {"threshold_scan"},
    "jpeg2000": {"table5", "contest", "threshold_scan"},
    "sr": {"bdrate"},
}
"""What a codec of the paper alone cannot fill."""
RULES = {
    "table5": "make_table5",
    "contest": "make_contest",
    "threshold_scan": "scan_thresholds",
    "bdrate": "make_bdrate",
}
"""Tables and figures that a config may leave out -> the rule that makes them."""


def not_filled(codec: str) -> set[str]:
    """What a codec alone cannot fill; one of your own fills what has a row of it."""
    without_row = {
        table for table in ("table5", "contest") if codec not in [row["codec"] for row in CONFIG[table].values()]
    }
    return ABSENT.get(codec, {"threshold_scan", "bdrate"} | without_row)


ALONE: Mapping[str, Any] = {
    "dataset": "./flat",
    "codecs": ["jpeg2000"],
    "settings": {"jpeg2000": {"bpp": [0.3, 1.0], "reversible_bpp": [1.0]}},
}
PROGRAM = '''"""A codec whose bytes a program decides, of the version in a file."""

from pathlib import Path

import numpy as np

from licbench.codecs.base import Codec, OperatingPoint


class Outside(Codec):
    """Stores the samples."""

    id, extension, point_schema = "outside", ".out", {}
    settings_schema = {"type": "object", "additionalProperties": False}

    @classmethod
    def points(cls, settings):
        return [OperatingPoint("raw", "raw")]

    def version(self):
        return f"program {Path('program').read_text()}"

    def encode(self, image, point):
        return bytes(image.shape[:2]) + image.tobytes()

    def decode(self, stream):
        return np.frombuffer(stream[2:], np.uint8).reshape(*stream[:2], 3)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    project = copy_project(tmp_path_factory.mktemp("codecs") / "project")
    flat = {"black": np.zeros((168, 176, 3), np.uint8), "white": np.full((168, 176, 3), 255, np.uint8)}
    save_pictures(project.root / "flat", flat)
    save_pictures(project.root / "small", {name: textured(20, 30, seed) for seed, name in enumerate(["one", "two"])})
    return project


def notes(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("note: left out")]


@pytest.mark.parametrize("codec", CONFIG["codecs"])
def test_a_codec_alone_plans_what_it_can_fill_and_says_what_not(project: Checkout, codec: str) -> None:
    planned = project.snakemake("-n", settings={"codecs": [codec], "settings": {codec: sweep(codec)}})
    assert planned.returncode == 0, planned.output
    absent = {name for name, rule in RULES.items() if rule not in planned.counts}
    assert absent == not_filled(codec) == set(left_out(CONFIG | {"codecs": [codec]}))
    (note,) = notes(planned.output)
    assert all(f"{name} (" in note for name in absent)


def test_the_default_config_leaves_nothing_out() -> None:
    assert left_out(CONFIG) == rows_left_out(CONFIG) == {}


def test_the_scan_without_its_qp_is_left_out_not_met_after_the_work(project: Checkout) -> None:
    asked = {"codecs": ["sr"], "settings": {"sr": {"qp": [30, 40]}}}
    planned = project.snakemake("-n", settings=asked)
    assert planned.returncode == 0 and "scan_thresholds" not in planned.counts and planned.counts["draw_figure6"] == 1
    assert "threshold_scan (its QP 35 is not in settings.sr.qp)" in notes(planned.output)[0]


def test_no_cae_is_trained_for_a_figure_alone() -> None:
    assert "figure5" in left_out(CONFIG | {"codecs": ["jpeg"], "weights": "trained"})


@pytest.mark.parametrize("target", ["table5.csv", "contest.csv", "threshold_scan.png"])
def test_what_cannot_be_filled_is_refused_before_any_work(project: Checkout, target: str) -> None:
    asked = project.snakemake(f"results/{target}", settings={**ALONE, "dataset": "./small"})
    assert asked.returncode == 1 and not asked.jobs
    assert f"{target.split('.', maxsplit=1)[0]} cannot be filled: " in asked.output


@pytest.mark.long
def test_a_codec_without_any_row_ends_on_flat_pictures(project: Checkout) -> None:
    """Table 5 and the contest have no row, every PSNR is infinite, and still all pages are written."""
    done = project.snakemake(settings=ALONE)
    assert done.returncode == 0, done.output
    assert len(notes(done.output)) == 1
    made = set(project.files())
    assert {f"results/{name}.csv" for name in ("table4", "claims", "figure6")} <= made
    assert not {"results/table5.csv", "results/contest.csv"} & made
    assert (project.root / "results" / "tables.md").read_text().count("Left out: none of its codecs") == 2
    assert "Table 5 was left out" in (project.root / "results" / "report" / "index.html").read_text()
    for log in (project.root / "results" / "logs").rglob("*.log"):
        assert "Warning" not in log.read_text(), log
    assert NOTHING_TO_DO in project.snakemake("-n", settings=ALONE).output


def test_another_version_of_a_program_measures_that_codec_again(project: Checkout) -> None:
    (project.root / "scripts" / "licbench" / "codecs" / "outside.py").write_text(PROGRAM)
    (project.root / "program").write_text("1")
    settings = {
        "dataset": "./small",
        "codecs": ["jpeg", "outside"],
        "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [5]}, "outside": {}},
    }
    target = "results/figure6.png"
    try:
        done = project.snakemake(target, settings=settings)
        assert done.returncode == 0, done.output
        assert NOTHING_TO_DO in project.snakemake("-n", target, settings=settings).output
        (project.root / "program").write_text("2")
        planned = project.snakemake("-n", target, settings=settings)
        assert planned.values("measure_image", "codec") == {"outside"} and planned.counts["measure_image"] == 2
    finally:
        (project.root / "scripts" / "licbench" / "codecs" / "outside.py").unlink()


def test_clusters_are_asked_by_codec_and_size(project: Checkout) -> None:
    save_pictures(project.root / "large", {"big": np.zeros((4000, 6000, 3), np.uint8), "tiny": textured(8, 8)})
    planned = project.snakemake("-n", "results/table5.csv", settings={"dataset": "./large", "codecs": ["jpeg", "gan"]})
    assert planned.returncode == 0, planned.output
    jobs = re.findall(
        r"wildcards: .*codec=(\w+), batch=(\w+)\n    resources: .*runtime=(\d+), mem_mb=(\d+)",
        planned.output,
    )
    asked = {(codec, image): (int(memory), int(minutes)) for codec, image, minutes, memory in jobs}
    # Peaks as measured, in MB: docs/dev/performance.md
    assert 946 < asked["jpeg", "big"][0] < 2000 and 3234 < asked["gan", "big"][0] < 6000
    assert asked["jpeg", "tiny"] == (500, 60) and asked["gan", "tiny"][0] < 1500
    assert asked["gan", "big"][1] == 91


def test_sizes_come_from_headers(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (300, 200)).save(tmp_path / "one.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert job_resources.megapixels(tmp_path / "one.png") == 0.06
    assert job_resources.megapixels(tmp_path / "bad.png") == job_resources.megapixels(tmp_path / "gone.png") == 0.0
    assert job_resources.memory_mb("jpeg", {}, []) == 500
    assert job_resources.minutes([0.06, 24.0]) == 55 + 5 + 36
