"""workflow/presets/modern.yaml and vvc.yaml: what they plan, and the one line where their packages are missing."""

from __future__ import annotations

import sys

import pytest
from checkout import Checkout, Outcome, copy_project

from licbench.codecs.registry import codec_class

PAPER, MODERN = {"jpeg", "jpeg2000", "bpg", "cae", "gan", "sr"}, {"avif", "webp", "jpegxl", "vvc"}
IMAGES = 6
MISSING = "codec jpegxl needs imagecodecs, which is not installed; run: python -m pip install -r envs/modern.lock"
needs_packages = pytest.mark.skipif(
    bool(codec_class("jpegxl").missing_packages() or codec_class("vvc").missing_packages()),
    reason="not installed: imagecodecs or imageio-ffmpeg; install envs/dev.lock",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_project(tmp_path_factory.mktemp("modern") / "project")


def planned(project: Checkout, presets: list[str], *targets: str, developer: bool) -> Outcome:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "-n", *targets, "--configfile"]
    return project.run(*command, *(f"workflow/presets/{name}.yaml" for name in presets), developer=developer)


@needs_packages
def test_the_codecs_join_the_paper_s(project: Checkout) -> None:
    outcome = planned(project, ["modern", "vvc"], "results/points/embedded.csv", developer=True)
    assert outcome.returncode == 0, outcome.output
    assert outcome.values("measure_image", "codec") == PAPER | MODERN
    assert outcome.counts["measure_image"] == IMAGES * len(PAPER | MODERN)


def test_missing_packages_are_named_before_any_work(project: Checkout) -> None:
    outcome = planned(project, ["modern"], "results/table5.csv", developer=False)
    assert outcome.returncode == 1 and not outcome.jobs
    assert MISSING in outcome.output and "Traceback" not in outcome.output
