"""The figures through the workflow: what an edit or a setting draws again, on paper alone."""

from __future__ import annotations

from collections import Counter

import pytest
from checkout import NOTHING_TO_DO, TINY_SETTINGS, Checkout, copy_project, save_pictures
from pictures import textured

DRAWN = [f"results/{name}.png" for name in ("figure1", "figure2", "figure3", "figure4", "figure6", "threshold_scan")]
SETTINGS = {**TINY_SETTINGS, "dataset": "./photos", "codecs": ["jpeg", "sr"], "ablations": {}}
SETTINGS["settings"] = {**TINY_SETTINGS["settings"], "sr": {"qp": [35, 40]}}
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    project = copy_project(tmp_path_factory.mktemp("figures") / "project")
    save_pictures(project.root / "photos", {"a": textured(170, 180, seed=1), "b": textured(190, 162, seed=2)})
    done = project.snakemake(*DRAWN, settings=SETTINGS)
    assert done.returncode == 0, done.output
    assert NOTHING_TO_DO in project.snakemake("-n", *DRAWN, settings=SETTINGS).output
    return project


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("pipelines", {"draw_figures1to4": 1}),
        ("structures", {"draw_figures1to4": 1}),
        ("rate_distortion", {"draw_figure6": 1}),
        ("thresholds", {"scan_thresholds": 1}),
        ("latents", {}),
    ],
)
def test_an_edited_figure_is_drawn_alone(project: Checkout, module: str, again: dict[str, int]) -> None:
    file = project.root / "scripts" / "licbench" / "paper" / "figures" / f"{module}.py"
    before = file.read_text()
    file.write_text(f"{before}\n# edited\n")
    try:
        assert project.snakemake("-n", *DRAWN, settings=SETTINGS).counts == Counter(again)
    finally:
        file.write_text(before)


def test_another_threshold_encodes_nothing(project: Checkout) -> None:
    moved = SETTINGS | {"threshold_scan": {"qp": 40, "threshold_db": 31.5}}
    assert project.snakemake("-n", *DRAWN, settings=moved).counts == {"draw_figure6": 1, "scan_thresholds": 1}
