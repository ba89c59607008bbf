"""The workflow from elsewhere: code and resources from its own folder, results in the working directory."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import AS_A_USER, NOTHING_TO_DO, Checkout, Outcome, complaints, copy_project, read_only, save_pictures
from pictures import textured

SETTINGS: dict[str, Any] = {
    "codecs": ["jpeg"],
    "dataset": "./my photos",
    "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [5, 20]}},
}
TABLE = "results/table5.csv"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_project(tmp_path_factory.mktemp("shared") / "a checkout, it's shared")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A working directory with images and settings."""
    there = tmp_path / "another dir"
    save_pictures(there / "my photos", {"one": textured(168, 176, seed=1)})
    (there / "mine.yaml").write_text(yaml.safe_dump(SETTINGS))
    return there


def snakemake(project: Checkout, *arguments: str | Path, at: Path) -> Outcome:
    """Snakemake with the project's Snakefile, started at another folder by someone who may not do everything."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", project.root / "Snakefile"]
    return project.run(*AS_A_USER, *command, *arguments, at=at)


def state(folder: Path) -> dict[str, int]:
    """Every file and folder with the time of its last change."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("configfile", [(), ("--configfile", "mine.yaml")], ids=["as shipped", "with a configfile"])
def test_started_elsewhere_the_workflow_s_own_config_counts(
    project: Checkout, there: Path, configfile: tuple[str, ...]
) -> None:
    planned = snakemake(project, "-n", *configfile, at=there)
    assert planned.returncode == 0, planned.output
    assert planned.values("fetch_image", "image") == ({"one"} if configfile else planned.values("fetch_image", "image"))
    assert planned.counts["make_table5"] == 1
    assert sorted(path.name for path in there.iterdir() if path.name != ".snakemake") == ["mine.yaml", "my photos"]


def test_a_relative_dataset_starts_at_the_working_directory(project: Checkout, there: Path) -> None:
    arguments = ("-n", TABLE, "--directory", there, "--config", "dataset=./my photos")
    planned = snakemake(project, *arguments, at=project.root)
    assert planned.returncode == 0, planned.output
    assert planned.values("fetch_image", "image") == {"one"}


def test_a_relative_mirror_starts_at_the_working_directory(project: Checkout, there: Path) -> None:
    save_pictures(there / "my mirror" / "kodak", {"kodim01": textured(8, 9)})
    settings = ("--config", "dataset=kodak", "mirror=my mirror")
    done = snakemake(project, "results/data/kodak/kodim01.png", "--directory", there, *settings, at=there.parent)
    (complaint,) = complaints(done.output)
    assert complaint.startswith("error: my mirror/kodak/kodim01.png: has ")


@pytest.mark.long
def test_everything_is_made_elsewhere_with_a_checkout_that_nobody_may_write(project: Checkout, there: Path) -> None:
    if AS_A_USER and not shutil.which(AS_A_USER[0]):
        pytest.skip("root may write everywhere, and setpriv is not installed")
    before = state(project.root)
    with read_only(project.root):
        arguments = ("--directory", there, "--configfile", there / "mine.yaml")
        done = snakemake(project, *arguments, at=there.parent)
        assert done.returncode == 0, done.output
        assert (there / "results" / "report" / "index.html").is_file()
        again = snakemake(project, "-n", *arguments, at=there.parent)
        assert NOTHING_TO_DO in again.output
        kept = snakemake(project, "keep_reference", *arguments, at=there.parent)
        assert kept.returncode == 1
        (complaint,) = complaints(kept.output)
        assert "takes no reference results: Permission denied; keep them in a copy" in complaint
    assert state(project.root) == before
    record = json.loads((there / "results" / "provenance" / "versions.json").read_text())
    assert "workflow/resources/weights/gan_128.safetensors" in record["sha256"]
    assert not [file for file in record["sha256"] if str(project.root) in file]


def test_a_checkout_that_moves_with_its_results_reruns_nothing(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "before")
    save_pictures(project.root / "my photos", {"one": textured(168, 176, seed=1)})
    targets = (TABLE, "results/provenance/rulegraph.mmd")
    settings = SETTINGS | {"dataset": "embedded"}
    done = project.snakemake(*targets, settings=settings)
    assert done.returncode == 0, done.output
    project.root.rename(tmp_path / "after")
    assert NOTHING_TO_DO in Checkout(tmp_path / "after").snakemake("-n", *targets, settings=settings).output


def test_another_workflow_takes_it_as_a_module(project: Checkout, there: Path) -> None:
    (there / "Snakefile").write_text(
        f'configfile: "{project.root / "config.yaml"}"\n'
        f'module bench:\n    snakefile: "{project.root / "Snakefile"}"\n    config: config\n'
        "use rule * from bench\n"
        f'rule mine:\n    input: "{TABLE}"\n    output: "mine.csv"\n    shell: "cp {{input}} {{output}}"\n'
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "mine.csv", "--configfile", "mine.yaml"]
    done = project.run(*command, at=there)
    assert done.returncode == 0, done.output
    assert (there / "mine.csv").read_text().startswith("dataset,codec,psnr_db")


def test_a_checkout_whose_path_snakemake_would_read_otherwise_is_refused(tmp_path: Path, there: Path) -> None:
    project = copy_project(tmp_path / "{mine}")
    refused = snakemake(project, "-n", TABLE, at=there)
    assert refused.returncode == 1
    assert "would take '{mine}' for a placeholder; rename the folder" in refused.output
