"""What many tests share: tiny models, made by the real training code in seconds."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import PIL.Image
import pytest
from pictures import textured
from tiny_models import RECIPES, train_tiny

from licbench.networks.store import ModelStore

# One thread computes as fast on tiny models, and leaves the other cores to other tests; torch reads this at import.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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
    """A folder with a model of each network: tiny_cae, tiny_gan, tiny_srcnn and tiny_restorer."""
    folder = tmp_path_factory.mktemp("weights")
    for recipe in RECIPES.values():
        train_tiny(recipe, decoded, folder)
    return folder


@pytest.fixture(scope="session")
def models(weights: Path) -> ModelStore:
    return ModelStore(weights)
