"""Float32 decides nothing about a GAN stream: within the guard, float64 does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pictures import photo, textured

from licbench.coding import latent_tables, latent_vectors
from licbench.coding.latent_vectors import GUARD, LatentVectors, encoded, generated, principal_axes, weight_norms
from licbench.locations import SHIPPED
from licbench.networks.store import Model, ModelStore

IMAGES = {"photo": photo(300, 280), "texture": textured(260, 260), "noise": np.random.default_rng(1).integers(
    0, 256, (256, 256, 3), dtype=np.uint8)}  # fmt: skip
WIDE = 40 * GUARD
"""So wide that some coefficient of a few tiles is sure to be nearer to a threshold."""
BASES = pytest.mark.parametrize("rotated", [True, False])


@pytest.fixture(scope="module", params=["gan_64", "gan_256", "gan_1024_input_64"])
def model(request: pytest.FixtureRequest) -> Model:
    return ModelStore(SHIPPED).load(request.param, "gan")


def in_float64(image: Any, model: Model) -> LatentVectors:
    """The vectors with nothing left to float32."""
    vectors = LatentVectors(image, 1, model)
    vectors._recompute(np.arange(len(vectors.recomputed)))
    return vectors


@BASES
@pytest.mark.parametrize("image", IMAGES)
def test_float32_errs_by_less_than_half_the_guard(image: str, model: Model, rotated: bool) -> None:
    rough, fine = LatentVectors(IMAGES[image], 1, model), in_float64(IMAGES[image], model)
    errors = np.abs(rough._values - fine._values)
    if rotated:
        errors = np.abs((rough._values - fine._values) @ principal_axes(model)[1])
    unit = rough._features[:, None] * weight_norms(model, rotated)
    assert 0 < (errors / unit).max() < GUARD / 2


@BASES
@pytest.mark.parametrize("bits", [5, 8])
def test_the_indices_are_those_of_float64(bits: int, model: Model, rotated: bool) -> None:
    quantiser = latent_tables.quantiser_of(model, bits, rotated)
    rough, fine = LatentVectors(IMAGES["photo"], 1, model), in_float64(IMAGES["photo"], model)
    assert (rough.indices(quantiser, rotated) == fine.indices(quantiser, rotated)).all()


@BASES
@pytest.mark.parametrize("guard", [WIDE, 0.0])
def test_an_error_within_the_guard_changes_no_index(
    guard: float, model: Model, rotated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst that the guard allows for; without it, indices do change."""
    image, quantiser = IMAGES["photo"], latent_tables.quantiser_of(model, 8, rotated)
    expected = in_float64(image, model).indices(quantiser, rotated)
    random = np.random.default_rng(0)

    def worse(tiles: Any, model: Model, dtype: Any = None) -> Any:
        values, features = encoded(tiles, model, torch.float64)
        if dtype is None:
            error = random.choice([-0.9, 0.9], values.shape) * WIDE * features[:, None] * weight_norms(model, rotated)
            values = values + (error @ principal_axes(model)[1].T if rotated else error)
        return values, features

    monkeypatch.setattr(latent_vectors, "encoded", worse)
    monkeypatch.setattr(latent_vectors, "GUARD", guard)
    assert (LatentVectors(image, 1, model).indices(quantiser, rotated) == expected).all() == (guard > 0)


def test_only_doubtful_tiles_are_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ModelStore(SHIPPED).load("gan_128", "gan")
    vectors, again = LatentVectors(photo(300, 420), 3, model), []
    monkeypatch.setattr(latent_vectors, "encoded", lambda tiles, *_: again.append(len(tiles)) or encoded(tiles, *_))
    for bits in (8, 7, 8):
        vectors.indices(latent_tables.quantiser_of(model, bits, True), True)
    assert sum(again) == vectors.recomputed.sum() < 0.25 * len(vectors.recomputed)


def test_a_caller_that_takes_some_tiles_can_still_train() -> None:
    """A generator that waits inside a mode of torch leaves it on for everything that follows."""
    model = ModelStore(SHIPPED).load("gan_64", "gan")
    tiles = generated(np.zeros((3, 64), np.float32), model, "float32")
    next(tiles)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
