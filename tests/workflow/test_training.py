"""Training through the workflow on a tiny set: the whole way to Table 5, and on after being killed."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from checkout import NOTHING_TO_DO, Checkout, copy_project, offline_environment, save_pictures
from pictures import textured

from licbench.datasets.manifests import ImageFile, manifest_text
from licbench.images import Image
from licbench.networks.store import ModelStore
from licbench.training.loop import SNAPSHOTS

MIRROR = "-my 'mirror' {1}"
MODEL = "results/models/srcnn.safetensors"
CHECKPOINT = "results/checkpoints/srcnn.pt"
STEPS, MIDWAY = 100, 5
PATIENCE_S = 120


def settings(steps: int) -> dict[str, Any]:
    recipe = {"steps": steps, "batch": 2, "patch": 33, "scale": [1.0, 1.0], "schedule": "constant", "log_every": 1}
    return {
        "dataset": "./photos",
        "mirror": MIRROR,
        "weights": "trained",
        "codecs": ["sr"],
        "settings": {"sr": {"qp": [36]}},
        "models": {"srcnn": {"sets": ["tiny"]}},
        "training": {"validation": "tiny_val", "threads": 1, "recipes": {"short": {"srcnn": recipe}}},
    }


def checkout_with_training_set(root: Path) -> Checkout:
    """A project with a training set of two images in a mirror, and one image to validate on."""
    project = copy_project(root)
    add_set(project, "tiny", "training", {"x": textured(80, 72), "y": textured(64, 96, seed=1)})
    add_set(project, "tiny_val", "validation", {"z": textured(66, 70, seed=2)})
    save_pictures(root / "photos", {"one": textured(40, 48)})
    return project


def add_set(project: Checkout, name: str, use: str, pictures: dict[str, Image]) -> None:
    """Images in the project's mirror, with a manifest and a definition."""
    root = project.root
    paths = save_pictures(root / MIRROR / name, pictures)
    manifest = [
        ImageFile(path.name, _sha256(path), path.stat().st_size, image, picture.shape[1], picture.shape[0])
        for path, (image, picture) in zip(paths, pictures.items(), strict=True)
    ]
    (root / "workflow" / "resources" / "manifests" / f"{name}.tsv").write_text(manifest_text(manifest))
    definition = {"title": "Tiny", "kind": "files", "use": use, "mirror_folder": name}
    project.add_dataset(name, definition | {"urls": ["https://example.org/tiny/"]})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checkout_with_training_set(tmp_path_factory.mktemp("training") / "project")


@pytest.fixture(scope="module")
def trained(project: Checkout) -> Checkout:
    done = project.snakemake("results/table5.csv", settings=settings(2))
    assert done.returncode == 0, done.output
    once = ["train_model", "fetch_image", "measure_image", "collect_points", "make_table5"]
    assert done.counts == {**dict.fromkeys(once, 1), "fetch_training_set": 2, "decode_training_set": 2}
    return project


def test_a_trained_model_reaches_table5(trained: Checkout) -> None:
    (line,) = pd.read_csv(trained.root / "results" / "table5.csv").to_dict("records")
    assert line["codec"] == "SR"
    assert line["psnr_db"] > 15


def test_the_streams_name_the_trained_model(trained: Checkout) -> None:
    fingerprint = bytes.fromhex(_sha256(trained.root / MODEL))[:4]
    (stream,) = (trained.root / "results" / "streams").glob("points/*/sr/one/srcnn-*.sr")
    assert fingerprint in stream.read_bytes()
    assert ModelStore((trained.root / MODEL).parent).find(fingerprint, "srcnn").name == "srcnn"


def test_the_card_tells_how_it_was_trained(trained: Checkout) -> None:
    card = json.loads((trained.root / MODEL).with_suffix(".json").read_text())
    assert card["steps"] == card["recipe"]["steps"] == 2
    assert card["sha256"] == _sha256(trained.root / MODEL)
    assert card["training_sets"] == ["tiny"]
    for part, name in (("training", "tiny"), ("validation", "tiny_val")):
        decoded = trained.root / "results" / "training_sets" / f"{name}.safetensors"
        assert card[f"{part}_sha256"] == _sha256(decoded)
    assert len(pd.read_csv((trained.root / MODEL).with_suffix(".csv"))) == 2


def test_nothing_is_trained_twice(trained: Checkout) -> None:
    assert NOTHING_TO_DO in trained.snakemake("-n", "results/table5.csv", settings=settings(2)).output


def test_another_recipe_trains_again_and_measures_again(trained: Checkout) -> None:
    planned = trained.snakemake("-n", "results/table5.csv", settings=settings(3))
    assert planned.counts == dict.fromkeys(["train_model", "measure_image", "collect_points", "make_table5"], 1)


@pytest.mark.parametrize(("module", "trains"), [("gan", False), ("cae", False), ("srcnn", True), ("data", True)])
def test_edited_training_code_trains_what_uses_it(trained: Checkout, module: str, trains: bool) -> None:
    file = trained.root / "scripts" / "licbench" / "training" / f"{module}.py"
    before = file.read_text()
    file.write_text(f"{before}\n# edited\n")
    try:
        planned = trained.snakemake("-n", "results/table5.csv", settings=settings(2))
    finally:
        file.write_text(before)
    assert planned.counts["train_model"] == trains


@pytest.mark.long
def test_killed_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    project = checkout_with_training_set(tmp_path / "project")
    keep_every_step(project)
    reached = start_and_kill(project, settings(STEPS))
    assert MIDWAY <= reached < STEPS
    assert not (project.root / MODEL).exists()
    done = project.snakemake(MODEL, settings=settings(STEPS))
    assert done.returncode == 0, done.output
    first_bar, *_ = (project.root / "results" / "logs" / "train_model" / "srcnn.log").read_text().split("\n")[1:]
    assert f" {reached}/{STEPS} " in first_bar
    assert json.loads((project.root / MODEL).with_suffix(".json").read_text())["steps"] == STEPS
    losses = pd.read_csv((project.root / MODEL).with_suffix(".csv"))
    assert losses["step"].tolist() == list(range(1, STEPS + 1))


@pytest.mark.long
def test_training_killed_five_times_gives_the_same_bytes(tmp_path: Path) -> None:
    """kill -9 at random moments, then on to the end: weights, log and snapshots are those of an unbroken run."""
    whole, broken = (checkout_with_training_set(tmp_path / name) for name in ("whole", "broken"))
    keep_every_step(broken)
    moments, reached = random.Random(2018), 0
    for _ in range(5):
        reached = start_and_kill(broken, settings(STEPS), after=reached + moments.randrange(1, 8))
    assert 5 <= reached < STEPS
    for project in (whole, broken):
        done = project.snakemake(MODEL, settings=settings(STEPS))
        assert done.returncode == 0, done.output
    snapshots = [
        path.relative_to(whole.root) for path in (whole.root / "results/snapshots/srcnn").glob("*.safetensors")
    ]
    assert len(snapshots) == SNAPSHOTS
    for file in (MODEL, MODEL.replace(".safetensors", ".csv"), *snapshots):
        assert (broken.root / file).read_bytes() == (whole.root / file).read_bytes(), file


def keep_every_step(project: Checkout) -> None:
    """The clock that paces the checkpoints is no setting; without it every step leaves one."""
    clock = project.root / "scripts" / "licbench" / "training" / "checkpoints.py"
    assert "CHECKPOINT_SECONDS = 60.0" in clock.read_text()
    clock.write_text(clock.read_text().replace("CHECKPOINT_SECONDS = 60.0", "CHECKPOINT_SECONDS = 0.0"))


def start_and_kill(project: Checkout, chosen: dict[str, Any], after: int = MIDWAY) -> int:
    """Train until the checkpoint is on its way, kill the training job at once, and tell the step that it had saved."""
    with (project.root / "first.log").open("w") as log:
        snakemake = subprocess.Popen(
            project.command(MODEL, settings=chosen),
            cwd=project.root,
            env=offline_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while saved_step(project) < after:
                assert snakemake.poll() is None, (project.root / "first.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            _training_job(snakemake.pid).kill()
            assert snakemake.wait(PATIENCE_S) == 1
        finally:
            snakemake.kill()
            snakemake.wait()
    return saved_step(project)


def saved_step(project: Checkout) -> int:
    """The step of the checkpoint; 0 where there is none yet."""
    import torch

    path = project.root / CHECKPOINT
    return int(torch.load(path, weights_only=True)["step"]) if path.is_file() else 0


def _training_job(parent: int) -> psutil.Process:
    (job,) = (
        child for child in psutil.Process(parent).children(recursive=True) if "scripts/train.py" in child.cmdline()[:2]
    )
    return job


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
