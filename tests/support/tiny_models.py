"""Recipes of three training steps, and a function that trains by them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

CAE_RECIPE: dict[str, Any] = {
    "name": "tiny_cae",
    "network": "cae",
    "init": "klt",
    "rate": "laplace",
    "quantiser": "straight_through",
    "first_map": "plain",
    "lagrangian": 0.1,
    "step": 24.0,
    "scale": [1.0, 1.0],
    "precision": "float32",
    "patch": 32,
    "batch": 2,
    "chroma": 0.0,
    "average": 0.0,
    "optimiser": "adam",
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
RESTORER_RECIPE: dict[str, Any] = {
    "name": "tiny_restorer",
    "network": "restorer",
    "init": "identity",
    "crops": 3,
    "validation_crops": 1,
    "crop": 64,
    "scale": [1.0, 1.0],
    "qp": [30, 44],
    "full_size": 0.5,
    "precision": "float32",
    "patch": 32,
    "batch": 2,
    "average": 0.5,
    "steps": 3,
    "learning_rate": 1e-4,
    "schedule": "constant",
    "warm_up": 0.0,
    "beta1": 0.9,
    "seed": 2018,
    "log_every": 1,
}
RECIPES = {recipe["network"]: recipe for recipe in (CAE_RECIPE, GAN_RECIPE, SRCNN_RECIPE, RESTORER_RECIPE)}


def coded_pairs(recipe: dict[str, Any], images: Path) -> Path:
    """The pairs of the restorer's recipe, made once next to the images."""
    from licbench.planning import CROP_KEYS
    from licbench.training.coded_crops import CropSettings, code_crops

    pairs = images.with_name(f"{images.stem}_coded.safetensors")
    if not pairs.exists():
        code_crops(images, CropSettings(crops=recipe["crops"], **{key: recipe[key] for key in CROP_KEYS}), pairs)
    return pairs


def train_tiny(
    recipe: dict[str, Any], images: Path, folder: Path, max_seconds: float = math.inf, start: Path | None = None
) -> Path:
    """Run a recipe through ``train_model``; the weights' path, with card, log and checkpoint next to them."""
    from licbench.training import cae, gan
    from licbench.training.loop import TrainingData, TrainingOutputs
    from licbench.training.run import train_model

    weights = folder / f"{recipe['name']}.safetensors"
    snapshots = folder / "snapshots"
    outputs = TrainingOutputs(weights, weights.with_suffix(".csv"), weights.with_suffix(".pt"), snapshots)
    with pytest.MonkeyPatch.context() as patch:
        # The tables are learned on fewer tiles: the sample's size is no setting of a recipe.
        patch.setattr(gan, "EXPORT_TILES", 64)
        patch.setattr(gan, "START_TILES", 64)
        patch.setattr(cae, "EXPORT_CROPS", 32)
        patch.setattr(cae, "VALIDATION_SIDE", 64)
        patch.setattr(cae, "VALIDATION_CROPS", 2)
        patch.setattr(gan, "VALIDATION_TILES", 2)
        if "crops" in recipe:
            images = coded_pairs(recipe, images)
        data = TrainingData(["synthetic"], images, images)
        train_model(recipe, data, outputs, 1, start=start, max_seconds=max_seconds)
    return weights
