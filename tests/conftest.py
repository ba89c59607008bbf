"""What many tests share: tiny models, made by the real training code in seconds."""

from __future__ import annotations

import io
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from pictures import textured

from licbench.models import ModelStore

# One thread computes as fast on tiny models, and leaves the other cores to other tests; torch reads this at import.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CAE_RECIPE: dict[str, Any] = {
    "name": "tiny_cae",
    "network": "cae",
    "init": "klt",
    "rate": "laplace",
    "quantiser": "straight_through",
    "lagrangian": 0.1,
    "step": 24.0,
    "scale": [1.0, 1.0],
    "precision": "float32",
    "patch": 32,
    "batch": 2,
    "chroma": 0.0,
    "average": 0.0,
    "steps": 3,
    "learning_rate": 1e-5,
    "schedule": "cosine",
    "warm_up": 0.0,
    "beta1": 0.9,
    "seed": 2018,
    "log_every": 1,
}
GAN_RECIPE: dict[str, Any] = {
    "name": "tiny_gan",
    "network": "gan",
    "init": "random",
    "code_size": 8,
    "input_size": 128,
    "beta": 0.01,
    "pixels_only": 0.9,
    "scale": [1.0, 1.0],
    "precision": "float32",
    "storage": "float16",
    "batch": 2,
    "steps": 3,
    "learning_rate": 1e-3,
    "schedule": "constant",
    "warm_up": 0.0,
    "clip": 1.0,
    "beta1": 0.5,
    "seed": 2018,
    "log_every": 1,
}
SRCNN_RECIPE: dict[str, Any] = {
    "name": "tiny_srcnn",
    "network": "srcnn",
    "init": "identity",
    "scale": [1.0, 1.0],
    "precision": "float32",
    "patch": 33,
    "batch": 4,
    "steps": 3,
    "learning_rate": 1e-4,
    "schedule": "constant",
    "warm_up": 0.0,
    "beta1": 0.9,
    "seed": 2018,
    "log_every": 1,
}
RECIPES = {recipe["network"]: recipe for recipe in (CAE_RECIPE, GAN_RECIPE, SRCNN_RECIPE)}


def train_tiny(
    recipe: dict[str, Any], pictures: Path, folder: Path, max_seconds: float = math.inf, start: Path | None = None
) -> Path:
    """Run a recipe through ``train_model``; the weights' path, with card, log and checkpoint beside."""
    from licbench.training import cae, gan
    from licbench.training.loop import Destination
    from licbench.training.run import TrainingData, train_model

    weights = folder / f"{recipe['name']}.safetensors"
    snapshots = folder / "snapshots"
    destination = Destination(weights, weights.with_suffix(".csv"), weights.with_suffix(".pt"), snapshots)
    with pytest.MonkeyPatch.context() as patch:
        # The tables are learned on fewer tiles: the sample's size is no setting of a recipe.
        patch.setattr(gan, "EXPORT_TILES", 64)
        patch.setattr(gan, "START_TILES", 64)
        patch.setattr(cae, "EXPORT_CROPS", 32)
        patch.setattr(cae, "VALIDATION_SIDE", 64)
        patch.setattr(cae, "VALIDATION_CROPS", 2)
        patch.setattr(gan, "VALIDATION_TILES", 2)
        sets = TrainingData(["synthetic"], pictures, pictures)
        train_model(recipe, sets, destination, 1, start=start, max_seconds=max_seconds)
    return weights


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed training set: two pictures just large enough for every network."""
    path = tmp_path_factory.mktemp("training_sets") / "synthetic.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for seed, size in enumerate([(128, 144), (150, 131)]):
            file = io.BytesIO()
            PIL.Image.fromarray(textured(*size, seed=seed)).save(file, "PNG")
            archive.writestr(f"{seed}.png", file.getvalue())
    return path


@pytest.fixture(scope="session")
def decoded(pack: Path) -> Path:
    """The training set as training reads it."""
    from licbench.training.data import decode_packs

    decode_packs([pack], pack.with_suffix(".safetensors"))
    return pack.with_suffix(".safetensors")


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory, decoded: Path) -> Path:
    """A folder with a model of each network: tiny_cae, tiny_gan and tiny_srcnn."""
    folder = tmp_path_factory.mktemp("weights")
    for recipe in RECIPES.values():
        train_tiny(recipe, decoded, folder)
    return folder


@pytest.fixture(scope="session")
def models(weights: Path) -> ModelStore:
    return ModelStore(weights)
